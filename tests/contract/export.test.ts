/** @file Exported models as the command line and the API make them: read again, run by onnxruntime, equal to our own logits. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../../src/main/app/app'
import { readNpy, writeNpy } from '../../src/main/base/npy'
import { withCheckpoint } from '../../src/main/checkpoint/open'
import { runProgram } from '../../src/main/cli/program'
import { describeModel } from '../../src/main/onnx/decode'
import { createSession } from '../../src/main/runtime/session'
import { CLASS_NAMES } from '../../src/shared/labels'
import { BUILT, makeApp, suiteFolder, testPaths } from '../helpers/app'
import { namedImage } from '../helpers/named_tensors'

const MODEL = 'segface-mobilenet-by-facet'
const SIDE = 256

let folder: Awaited<ReturnType<typeof suiteFolder>>
let dataDir: string
let app: App
beforeAll(async () => {
  folder = await suiteFolder()
  dataDir = join(folder.path, 'data')
  app = makeApp(dataDir)
})
afterAll(async () => {
  await app.dispose()
  await folder.remove()
})

test('an ONNX file runs in a bare onnxruntime and gives exactly our logits', async () => {
  const out = join(folder.path, 'model.onnx')
  const answer = await app.call('models.export', { model: MODEL, format: 'onnx', out })
  const bytes = await readFile(out)
  expect(answer).toEqual({ model: MODEL, format: 'onnx', out, bytes: bytes.length })

  const { inputs, outputs, metadata } = describeModel(bytes)
  expect(inputs).toEqual([{ name: 'image', dtype: 'float32', shape: [1, 3, SIDE, SIDE] }])
  expect(outputs).toEqual([{ name: 'logits', dtype: 'float32', shape: [1, 19, SIDE, SIDE] }])
  expect(metadata.get('arch')).toBe('mobilenet')
  expect(JSON.parse(metadata.get('classes') ?? '')).toEqual([...CLASS_NAMES])

  const shape = [1, 3, SIDE, SIDE]
  const data = namedImage('image', shape)
  const session = await createSession(bytes, 'cpu')
  const { logits } = await session.run({ image: { data, shape } })
  await session.release()

  const [input, output] = [join(folder.path, 'image.npy'), join(folder.path, 'logits.npy')]
  await writeNpy(input, { dtype: 'float32', shape, data })
  const checkpoint = join(testPaths(dataDir).resources, 'models', MODEL, 'weights.safetensors')
  // Twice, so that the second comes from the cache of a new engine.
  for (const run of ['built', 'cached']) {
    const other = makeApp(dataDir)
    await other.call('logits.run', { checkpoint, input, output, provider: 'cpu' })
    await other.dispose()
    const ours = await readNpy(output)
    expect(Buffer.compare(bytesOf(ours.data), bytesOf(logits?.data)), run).toBe(0)
  }
  expect(await readdir(join(dataDir, 'cache', 'graphs'))).toHaveLength(1)
})

const bytesOf = (view: ArrayBufferView | undefined): Buffer =>
  Buffer.from((view?.buffer ?? new ArrayBuffer()) as ArrayBuffer, view?.byteOffset, view?.byteLength)

test('the command line writes what SegFace and safetensors read, and says how large it is', async () => {
  for (const format of ['pt', 'safetensors']) {
    const out = join(folder.path, `model.${format}`)
    const argv = ['--data-dir', dataDir, 'model', 'export', MODEL, '--format', format, '--out', out]
    expect(await runProgram(argv, BUILT)).toBe(0)
    const types = await withCheckpoint(out, async ({ tensors }) => new Set(tensors.map(({ dtype }) => dtype)))
    expect([...types].sort()).toEqual(['float32', 'int64'])
    // What was exported is itself a MODEL.
    const again = join(folder.path, `again-${format}.pt`)
    expect(await app.call('models.export', { model: out, format: 'pt', out: again })).toMatchObject({
      model: out,
    })
  }
  const [pt, fromPt, fromSafetensors] = await Promise.all(
    ['model.pt', 'again-pt.pt', 'again-safetensors.pt'].map((name) => readFile(join(folder.path, name))),
  )
  expect(pt?.equals(fromPt ?? Buffer.alloc(0))).toBe(true)
  expect(pt?.equals(fromSafetensors ?? Buffer.alloc(0))).toBe(true)
})

test('what cannot be exported is refused in a sentence, and nothing is written', async () => {
  const home = join(folder.path, 'refused')
  await mkdir(join(home, 'taken'), { recursive: true })
  await writeFile(join(home, 'notes.txt'), 'no checkpoint')
  for (const format of ['pt', 'safetensors', 'onnx'] as const) {
    const call = (model: string, name: string): Promise<unknown> =>
      app.call('models.export', { model, format, out: join(home, name) })
    await expect(call(MODEL, 'taken')).rejects.toMatchObject({
      code: 'file/unwritable',
      message: expect.stringContaining('taken is a folder'),
    })
    await expect(call('nothing', 'out')).rejects.toMatchObject({ code: 'model/unknown' })
    await expect(call(join(home, 'notes.txt'), 'out')).rejects.toMatchObject({ code: 'checkpoint/malformed' })
    await expect(call(MODEL, join('none', 'out'))).rejects.toMatchObject({
      code: 'file/unwritable',
      message: expect.stringContaining(join('none', 'out')),
    })
  }
  expect((await readdir(home)).sort()).toEqual(['notes.txt', 'taken'])
  expect(await runProgram(['model', 'export', MODEL, '--format', 'tflite', '--out', 'x'], BUILT)).toBe(2)
})
