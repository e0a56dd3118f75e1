/** @file Models out of the registry again: the same tensors, in files that others read, or none. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../../src/main/base/tensor'
import { tensorBytes, toFloat16Bits, toFloat32 } from '../../../src/main/base/tensor'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { exportWeights, findExportable, onnxMetadata, refuseFolder } from '../../../src/main/models/exporter'
import { importModel } from '../../../src/main/models/importer'
import { Registry } from '../../../src/main/models/registry'
import { CLASS_NAMES } from '../../../src/shared/labels'
import { suiteFolder, testPaths } from '../../helpers/app'
import { f32, makeCheckpoint, writeTorchCheckpoint } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'
import { mobilenetStateDict, writeMobilenet } from '../../helpers/segface'

const FORMATS = ['pt', 'safetensors'] as const

let folder: Awaited<ReturnType<typeof suiteFolder>>
let registry: Registry
let checkpoint: string
/** A whole network, with one tensor of its own that no forward pass reads. */
let stateDict: Map<string, Tensor>

beforeAll(async () => {
  folder = await suiteFolder()
  registry = new Registry(testPaths(join(folder.path, 'data')))
  checkpoint = join(folder.path, 'made_256.pt')
  stateDict = mobilenetStateDict()
  stateDict.set('unused.weight', { dtype: 'float16', shape: [2, 2], data: Uint16Array.of(1, 2, 3, 0x7c00) })
  const tensors = Array.from(stateDict, ([name, tensor]) => ({ name, tensor }))
  const extra = { epoch: 299, iteration: 281_100 }
  await writeTorchCheckpoint(checkpoint, tensors, { container: 'state_dict_backbone', extra })
  await importModel(registry, checkpoint, { name: 'whole' })
  await importModel(registry, checkpoint, { name: 'half', half: true })
})

afterAll(() => folder.remove())

async function readAll(
  file: string,
): Promise<{ tensors: Map<string, Tensor>; metadata: Record<string, unknown> }> {
  return withCheckpoint(file, async (opened) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of opened.tensors) tensors.set(name, await opened.read(name))
    return { tensors, metadata: opened.metadata }
  })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)

/** Name, type, shape and a digest of the bytes of each tensor, in order. */
function digests(tensors: ReadonlyMap<string, Tensor>): string[] {
  return Array.from(tensors, ([name, tensor]) => {
    const digest = createHash('sha256').update(tensorBytes(tensor)).digest('hex')
    return `${name} ${tensor.dtype} [${tensor.shape.join()}] ${digest}`
  })
}

describe.each(FORMATS)('a model as %s', (format) => {
  test.each([
    ['from the registry', () => 'whole'],
    ['from its checkpoint', () => checkpoint],
  ])('%s has every tensor, type and byte, in order', async (_where, model) => {
    const out = join(await makeFolder(), `out.${format}`)
    await exportWeights(await findExportable(registry, model()), format, out)
    const { tensors, metadata } = await readAll(out)
    expect(digests(tensors)).toEqual(digests(stateDict))
    expect(Number(metadata.epoch)).toBe(299)
    expect(Number(metadata.iteration)).toBe(281_100)
  })

  test('imported with --half comes out as float32 with the rounded values', async () => {
    const out = join(await makeFolder(), `out.${format}`)
    const progress: number[] = []
    await exportWeights(await findExportable(registry, 'half'), format, out, {
      progress: (done) => progress.push(done),
    })
    const { tensors } = await readAll(out)
    expect([...tensors.keys()]).toEqual([...stateDict.keys()])
    expect(progress.at(-1)).toBe(stateDict.size)
    for (const [name, { dtype, shape, data }] of tensors) {
      const original = stateDict.get(name) ?? expect.fail(name)
      expect(dtype).toBe(original.dtype === 'float16' ? 'float32' : original.dtype)
      expect(shape).toEqual(original.shape)
      const isRounded = shape.length >= 2 && data instanceof Float32Array
      const [got, expected] = isRounded
        ? [toFloat16Bits(data), toFloat16Bits(toFloat32(original))]
        : [data, original.data]
      expect(Buffer.compare(bytesOf(got), bytesOf(expected)), name).toBe(0)
    }
  })

  test('gives the same model when it is imported again', async () => {
    const home = await makeFolder()
    // Nothing but the file itself says that it is used at 256.
    const out = join(home, `again.${format}`)
    await exportWeights(await findExportable(registry, 'whole'), format, out)
    const other = new Registry(testPaths(join(home, 'data')))
    const { manifest, folder: again } = await importModel(other, out)
    const { manifest: first, folder: whole } = await registry.find('whole')
    expect(manifest).toMatchObject({ arch: first.arch, params: first.params, resolution: first.resolution })
    const weights = (at: string): Promise<Buffer> => readFile(join(at, 'weights.safetensors'))
    expect((await weights(again)).equals(await weights(whole))).toBe(true)
  })

  test("of a file with a wrapper's prefix has the network's own names", async () => {
    const home = await makeFolder()
    const file = join(home, `wrapped.${format}`)
    const wrapped = new Map(Array.from(stateDict, ([name, tensor]) => [`_orig_mod.module.${name}`, tensor]))
    if (format === 'safetensors') await writeSafetensors(file, wrapped)
    else
      await writeTorchCheckpoint(
        file,
        Array.from(wrapped, ([name, tensor]) => ({ name, tensor })),
      )
    const own = new Registry(testPaths(join(home, 'data')))
    const { manifest } = await importModel(own, file)
    const out = join(home, `out.${format}`)
    await exportWeights(await findExportable(own, manifest.id), format, out)
    expect(digests((await readAll(out)).tensors)).toEqual(digests(stateDict))
  })

  test('replaces a file as a whole, even the checkpoint it comes from', async () => {
    const file = join(await makeFolder(), 'model_256.pt')
    await copyFile(checkpoint, file)
    await exportWeights(await findExportable(registry, file), format, file)
    expect(digests((await readAll(file)).tensors)).toEqual(digests(stateDict))
  })

  test('that was cancelled leaves the old file and nothing else', async () => {
    const home = await makeFolder()
    const out = join(home, 'out.pt')
    await writeFile(out, 'old')
    const controller = new AbortController()
    const progress = (done: number): void => void (done === 9 && controller.abort())
    const cancelled = exportWeights(await findExportable(registry, 'whole'), format, out, {
      signal: controller.signal,
      progress,
    })
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(home)).toEqual(['out.pt'])
    expect(await readFile(out, 'utf8')).toBe('old')
  })
})

test('the shipped model is exported in single precision', async () => {
  const out = join(await makeFolder(), 'shipped.pt')
  await exportWeights(await findExportable(registry, 'segface-mobilenet-by-facet'), 'pt', out)
  const types = await withCheckpoint(out, async ({ tensors }) => new Set(tensors.map(({ dtype }) => dtype)))
  expect([...types].sort()).toEqual(['float32', 'int64'])
})

test('an ONNX file says what it is and how to feed it', async () => {
  const notes = onnxMetadata(await findExportable(registry, 'whole'))
  expect(notes).toMatchObject({ model: 'whole', name: 'whole', arch: 'mobilenet', resolution: '256' })
  expect(JSON.parse(notes.classes ?? '')).toEqual([...CLASS_NAMES])
  expect(JSON.parse(notes.preprocessing ?? '')).toMatchObject({
    colours: 'RGB',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  })
  const bare = onnxMetadata(await findExportable(registry, checkpoint))
  expect(bare).toMatchObject({ model: checkpoint, resolution: '256' })
  expect(bare).not.toHaveProperty('licence')
})

test.each([...FORMATS, 'onnx'] as const)(
  'what a network was trained on goes with it as %s',
  async (format) => {
    const home = join(await makeFolder(), 'mobilenet_lapa_96')
    await mkdir(home)
    const file = join(home, 'model_4.pt')
    await writeMobilenet(file, 11)
    const lapa = await findExportable(registry, file)
    if (format === 'onnx') {
      expect(onnxMetadata(lapa)).toMatchObject({ dataset: 'lapa', resolution: '96' })
      return
    }
    const out = join(home, '..', `plain.${format}`)
    await exportWeights(lapa, format, out)
    const { manifest } = await importModel(new Registry(testPaths(join(home, 'data'))), out)
    expect(manifest).toMatchObject({ class_set: 'lapa', resolution: 96 })
  },
)

test('the same file imported whole and with --half makes two models', async () => {
  const own = new Registry(testPaths(join(await makeFolder(), 'data')))
  const half = await importModel(own, checkpoint, { half: true })
  const whole = await importModel(own, checkpoint)
  expect([half.manifest.half, whole.manifest.half]).toEqual([true, false])
  expect((await importModel(own, checkpoint)).manifest.id).toBe(whole.manifest.id)
  expect((await importModel(own, checkpoint, { half: true })).manifest.id).toBe(half.manifest.id)
})

describe('an export that cannot be', () => {
  test('of no model, or of a file that is no SegFace, says so', async () => {
    await expect(findExportable(registry, 'nothing')).rejects.toMatchObject({ code: 'model/unknown' })
    const file = join(await makeFolder(), 'other.pt')
    await writeFile(file, makeCheckpoint({ 'fc.weight': f32([2, 2]) }))
    await expect(findExportable(registry, file)).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringContaining('other.pt is not a SegFace checkpoint'),
    })
  })

  test('into the place of a folder is refused', async () => {
    const out = join(await makeFolder(), 'taken')
    await mkdir(out)
    await expect(refuseFolder(out)).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `${out} is a folder; name the file to write in it.`,
    })
    await refuseFolder(join(out, 'free.pt'))
  })

  test('into a folder that does not exist names the file', async () => {
    const out = join(await makeFolder(), 'none', 'out.pt')
    for (const format of FORMATS) {
      await expect(exportWeights(await findExportable(registry, 'whole'), format, out)).rejects.toMatchObject(
        { code: 'file/unwritable', message: expect.stringContaining(out) },
      )
    }
  })
})
