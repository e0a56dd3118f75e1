/** @file `facet step`: PyTorch's numbers through the command line, what it writes, and its complaints. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeNpy } from '../../src/main/base/npy'
import { fromFloat32, isFloating, toFloat32, type Tensor } from '../../src/main/base/tensor'
import { readTensors } from '../../src/main/checkpoint/overlay'
import { writeSafetensors } from '../../src/main/checkpoint/safetensors'
import type { StepReport } from '../../src/shared/training'
import { suiteFolder } from '../helpers/app'
import { f32, makeCheckpoint } from '../helpers/checkpoint'
import { commandLine, interrupted } from '../helpers/cli'
import { namedImage } from '../helpers/named_tensors'
import { writeMobilenet } from '../helpers/segface'
import {
  blockLabels,
  distances,
  expectWithin,
  readTrainingReference,
  TRAINING_FIXTURES,
} from '../helpers/training_reference'

let folder: Awaited<ReturnType<typeof suiteFolder>>
let stateDict: ReadonlyMap<string, Tensor>
const at = (...parts: string[]): string => join(folder.path, ...parts)
const { facet, json, failure } = commandLine(() => at('data'))
const step = async (...args: string[]): Promise<StepReport> =>
  (await json('step', ...args)) as unknown as StepReport

const SIDE = 32
const small = (): string[] => ['--images', at('x.npy'), '--labels', at('y.npy')]

beforeAll(async () => {
  folder = await suiteFolder()
  stateDict = await writeMobilenet(at('made.pt'))
  const shape = [2, 3, SIDE, SIDE]
  await writeNpy(at('x.npy'), { dtype: 'float32', shape, data: namedImage('x', shape) })
  const labels = Uint8Array.from(blockLabels('y', 8, 2, SIDE)).fill(255, 0, 5 * SIDE)
  await writeNpy(at('y.npy'), { dtype: 'uint8', shape: [2, SIDE, SIDE], data: labels })
})
afterAll(() => folder.remove())

describe('facet step', () => {
  test('gives the losses, gradients and parameters that PyTorch recorded', async () => {
    const reference = readTrainingReference(join(TRAINING_FIXTURES, 'mobilenet_128_decoder_running.json'))
    const { batch, resolution: side } = reference
    const shape = [batch, 3, side, side]
    await writeNpy(at('images.npy'), { dtype: 'float32', shape, data: namedImage(reference.image, shape) })
    const data = blockLabels(reference.labels.tag, reference.labels.block, batch, side)
    await writeNpy(at('labels.npy'), { dtype: 'int32', shape: [batch, side, side], data })

    const files = ['--output', at('after.safetensors'), '--gradients', at('gradients.safetensors')]
    const report = await step(
      ...[at('made.pt'), '--images', at('images.npy'), '--labels', at('labels.npy')],
      ...['--scope', 'decoder', '--lr', '1e-3', '--weight-decay', '1e-5', '--steps', '3', ...files],
    )
    expect(Object.keys(report)).toEqual(['steps', 'after', 'gradients'])
    expect(Object.keys(report.gradients).sort()).toEqual(Object.keys(reference.gradients).sort())
    const far = distances(reference, {
      losses: [...report.steps, report.after],
      gradients: await readTensors([at('gradients.safetensors')]),
      stateDict: await readTensors([at('after.safetensors')]),
    })
    expectWithin(far)
    for (const [name, recorded] of Object.entries(reference.gradients)) {
      const printed = report.gradients[name]
      expect(printed?.norm, name).toBeCloseTo(recorded?.norm ?? 0, 6)
      expect(printed?.absmax, name).toBeCloseTo(recorded?.absmax ?? 0, 6)
    }
  })

  test('writes the whole state dict, statistics moved, every tensor of its own type', async () => {
    const before = new Map(
      Array.from(stateDict, ([name, each]) => [
        name,
        isFloating(each.dtype) ? fromFloat32('float16', each.shape, toFloat32(each)) : each,
      ]),
    )
    await writeSafetensors(at('half.safetensors'), before)
    const flags = ['--batch-norm', 'batch', '--steps', '2', '--output', at('moved.safetensors')]
    const { steps, after } = await step(at('half.safetensors'), ...small(), ...flags)
    expect(steps).toHaveLength(2)
    expect(after.total).toBeLessThan(steps[0]?.total ?? NaN)

    const moved = await readTensors([at('moved.safetensors')])
    expect([...moved.keys()]).toEqual([...before.keys()])
    for (const [name, { dtype, shape }] of before)
      expect(moved.get(name), name).toMatchObject({ dtype, shape })
    for (const name of ['backbone.0.0.weight', 'backbone.0.1.running_mean', 'backbone.0.1.running_var']) {
      expect(moved.get(name)?.data, name).not.toEqual(before.get(name)?.data)
    }
    const buffer = 'pe_layer.positional_encoding_gaussian_matrix'
    expect(moved.get(buffer)?.data).toEqual(before.get(buffer)?.data)
    // The batch has passed once more, for the losses after the last step.
    expect(moved.get('backbone.0.1.num_batches_tracked')?.data).toEqual(BigInt64Array.of(3n))
  })

  test('says null for what the network never uses, and prints a table without --json', async () => {
    const brief = [...small(), '--scope', 'decoder', '--steps', '1']
    const unused = f32([2], [1, 2])
    await writeSafetensors(at('more.safetensors'), new Map([...stateDict, ['unused.weight', unused]]))
    const { gradients } = await step(at('more.safetensors'), ...brief, '--output', at('same.safetensors'))
    expect(gradients['unused.weight']).toBeNull()
    expect((await readTensors([at('same.safetensors')])).get('unused.weight')).toEqual(unused)
    expect(gradients['linear_fuse.weight']).toEqual({ norm: expect.any(Number), absmax: expect.any(Number) })
    expect(gradients).not.toHaveProperty(['backbone.0.0.weight'])
    const { stdout } = await facet('step', at('made.pt'), ...brief)
    expect(stdout).toMatch(/^ +cross-entropy +Dice +total\nstep 1 +\d\.\d{6} .*\nafter +\d.*\n$/)
  })

  test('says that a loss is no number, and fails, having printed the rest', async () => {
    const shape = [2, 3, SIDE, SIDE]
    const data = namedImage('x', shape).fill(NaN, 0, 1)
    await writeNpy(at('nan.npy'), { dtype: 'float32', shape, data })
    const args = ['step', at('made.pt'), '--images', at('nan.npy'), '--labels', at('y.npy'), '--steps', '1']
    const sentence = `facet: The loss is no number from the start: ${at('nan.npy')} or the weights of ${at('made.pt')} hold NaN`
    const lines = await facet(...args, '--scope', 'decoder')
    expect(lines).toMatchObject({ code: 1, stderr: expect.stringContaining(sentence) })
    expect(lines.stdout).toMatch(/\nstep 1 +nan +nan +nan\nafter +nan/)
    const document = await facet(...args, '--scope', 'decoder', '--json')
    expect(document).toMatchObject({ code: 1, stderr: expect.stringContaining(sentence) })
    expect(JSON.parse(document.stdout)).toMatchObject({ steps: [{ total: null }], after: { total: null } })
  })

  test('ends at Ctrl+C and leaves nothing', async () => {
    await mkdir(at('stopped'))
    const files = ['--output', at('stopped', 'a.safetensors'), '--gradients', at('stopped', 'g.safetensors')]
    const args = ['step', at('made.pt'), ...small(), '--steps', '10000', ...files]
    const ended = await interrupted(at('stopped'), ['--data-dir', at('data'), ...args])
    expect(ended).toMatchObject({ code: 1, stdout: '', left: [] })
    expect(ended.stderr).toMatch(/Stopping\..*\nfacet: The job was cancelled\.\n$/)
  })

  test('says what it expects of its files', async () => {
    const complaint = async (name: string, array: Tensor): Promise<string> => {
      await writeNpy(at(name), array)
      return failure(1, 'step', at('made.pt'), '--images', at('x.npy'), '--labels', at(name))
    }
    const expected = `expected the class of each pixel of the images, uint8, int32 or int64 [2, ${SIDE}, ${SIDE}].\n`
    const [one, two] = [
      [1, SIDE, SIDE],
      [2, SIDE, SIDE],
    ]
    expect(await complaint('one.npy', { dtype: 'uint8', shape: one, data: new Uint8Array(SIDE ** 2) })).toBe(
      `facet: ${at('one.npy')} holds uint8 [1, ${SIDE}, ${SIDE}]; ${expected}`,
    )
    const real = new Float32Array(2 * SIDE ** 2)
    expect(await complaint('real.npy', { dtype: 'float32', shape: two, data: real })).toBe(
      `facet: ${at('real.npy')} holds float32 [2, ${SIDE}, ${SIDE}]; ${expected}`,
    )
    expect(await failure(1, 'step', at('made.pt'), '--images', at('y.npy'), '--labels', at('y.npy'))).toBe(
      `facet: ${at('y.npy')} holds uint8 [2, ${SIDE}, ${SIDE}]; expected normalised images, float32 [N, 3, R, R].\n`,
    )
    await writeFile(at('other.pt'), makeCheckpoint({ weight: f32([2], [1, 2]) }))
    expect(await failure(1, 'step', at('other.pt'), ...small())).toContain(
      `${at('other.pt')} is not a SegFace checkpoint`,
    )
    expect(await failure(2, 'step', at('made.pt'), ...small(), '--lr', 'fast')).toContain('lr')
    expect(await failure(2, 'step', at('made.pt'), ...small(), '--steps', '0')).toContain('steps')
    expect(await failure(2, 'step', at('made.pt'), ...small(), '--scope', 'all')).toContain('decoder, full')
    const nowhere = at('nowhere', 'after.safetensors')
    const brief = [...small(), '--scope', 'decoder', '--steps', '1']
    expect(await failure(1, 'step', at('made.pt'), ...brief, '--output', nowhere)).toContain(
      `Cannot write ${nowhere}`,
    )
  })

  test('int64 labels are int32 labels', async () => {
    const labels = blockLabels('y', 8, 2, SIDE).fill(-100, 0, 5 * SIDE)
    const shape = [2, SIDE, SIDE]
    await writeNpy(at('long.npy'), { dtype: 'int64', shape, data: BigInt64Array.from(labels, BigInt) })
    const brief = ['--scope', 'decoder', '--steps', '1']
    expect(await step(at('made.pt'), '--images', at('x.npy'), '--labels', at('long.npy'), ...brief)).toEqual(
      await step(at('made.pt'), ...small(), ...brief),
    )
  })
})
