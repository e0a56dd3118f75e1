/** @file The cache of graphs: the same outputs to the bit, made once, bounded, and no file in it that can do harm. */
import { copyFile, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GraphCache } from '../../../src/main/engine/graph_cache'
import { Networks } from '../../../src/main/engine/networks'
import { decodeModel } from '../../../src/main/onnx/decode'
import { encodeModel } from '../../../src/main/onnx/encode'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { createSession } from '../../../src/main/runtime/session'
import { CLASS_NAMES } from '../../../src/shared/labels'
import { suiteFolder } from '../../helpers/app'
import { f32 } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'
import { namedImage } from '../../helpers/named_tensors'
import { writeMobilenet } from '../../helpers/segface'

const SHIPPED = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const SIDE = 64

let suite: Awaited<ReturnType<typeof suiteFolder>>
/** A checkpoint of the suite's own, which it may replace. */
let weights: string
/** The cache asks nothing of what it keeps. */
const built = smallGraph(64)
let folder: string
let made: number

beforeAll(async () => {
  suite = await suiteFolder()
  weights = join(suite.path, 'weights.safetensors')
  await copyFile(SHIPPED, weights)
})
afterAll(() => suite.remove())
beforeEach(async () => {
  folder = join(await makeFolder(), 'cache', 'graphs')
  made = 0
})

/** `image` plus a sum that is constant, [side, side]. */
function smallGraph(side: number): Uint8Array {
  const g = new GraphBuilder()
  const sum = g.op('Add', [g.initializer('numbers', f32([side, side])), g.scalar(1)])
  g.output('logits', g.op('Add', [g.input('image', 'float32', [side, side]), sum]))
  return encodeModel(g.finish())
}

const make = async (): Promise<Uint8Array> => {
  made++
  return built
}
const get = (cache = new GraphCache(folder, 'build'), resolution = SIDE, form = 'logits') =>
  cache.graphOf({ weights, resolution }, form, make)

async function outputOf(graph: Uint8Array | string): Promise<unknown> {
  const session = await createSession(graph, 'cpu')
  const { logits } = await session.run({ image: { data: new Float32Array(64 * 64), shape: [64, 64] } })
  await session.release()
  return logits
}

async function logitsOf(cache: GraphCache | null): Promise<Buffer> {
  const network = await new Networks(cache).load({ weights, resolution: SIDE }, 'cpu')
  expect(network.channels).toEqual(CLASS_NAMES)
  const { data, shape } = await network.run(namedImage('image', [1, 3, SIDE, SIDE]))
  await network.session.release()
  expect(shape).toEqual([1, 19, SIDE, SIDE])
  return Buffer.from(data.buffer as ArrayBuffer)
}

test('a network from the cache computes what the one built anew does, to the bit', async () => {
  const anew = await logitsOf(null)
  for (let run = 0; run < 2; run++) {
    expect((await logitsOf(new GraphCache(folder, 'build'))).equals(anew)).toBe(true)
    expect(await readdir(folder)).toHaveLength(1)
  }
})

test('weights that were replaced at their path are loaded anew', async () => {
  const networks = new Networks(null)
  const image = namedImage('image', [1, 3, SIDE, SIDE])
  const home = await makeFolder()
  const ref = { weights: join(home, 'made.pt'), resolution: SIDE }
  await copyFile(weights, ref.weights)
  const before = await networks.load(ref, 'cpu')
  expect((await networks.load(ref, 'cpu')).session).toBe(before.session)
  await writeMobilenet(ref.weights)
  const after = await networks.load(ref, 'cpu')
  expect((await after.run(image)).data).not.toEqual((await before.run(image)).data)
  for (const { session } of [before, after]) await session.release()
})

test('a graph is made once, and kept as an ONNX file with its weights beside it', async () => {
  const path = await get()
  expect(await get()).toBe(path)
  expect(made).toBe(1)
  const [name = ''] = await readdir(folder)
  expect(name).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{8}$/)
  expect(path).toBe(join(folder, name, 'graph.onnx'))
  expect((await readdir(join(folder, name))).sort()).toEqual(['graph.onnx', 'weights.bin'])
  expect(await outputOf(path)).toEqual(await outputOf(built))
})

test('what is constant in a graph is folded, and nothing but standard operators is left', async () => {
  const small = smallGraph(4)
  const path = await new GraphCache(folder, 'build').graphOf(
    { weights, resolution: SIDE },
    'logits',
    async () => small,
  )
  const [folded, whole] = [decodeModel(await readFile(String(path))), decodeModel(small)]
  expect([folded.inputs, folded.outputs]).toEqual([whole.inputs, whole.outputs])
  expect(whole.nodes).toHaveLength(3)
  expect(folded.nodes.map(({ opType }) => opType)).toEqual(['Add'])
})

describe('a graph is made again', () => {
  test.each([
    ['for another side', () => get(undefined, 96)],
    ['in another form', () => get(undefined, SIDE, 'labels')],
    ['by another build', () => get(new GraphCache(folder, 'other'))],
  ])('%s', async (_why, again) => {
    await get()
    await again()
    expect(made).toBe(2)
    await get()
    expect(made).toBe(2)
    expect(await readdir(folder)).toHaveLength(2)
  })

  test('for weights that were replaced, even by a file of the same size and date', async () => {
    await get()
    const { atime, mtime } = await stat(weights)
    await rm(weights)
    await copyFile(SHIPPED, weights)
    await utimes(weights, atime, mtime)
    await get()
    expect(made).toBe(2)
  })

  describe.each(['graph.onnx', 'weights.bin'])('where %s is', (file) => {
    test.each([
      ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
      ['empty', () => Buffer.alloc(0)],
      ['wrong in one bit', flipBit],
      ['something else', () => Buffer.from('not a graph')],
      ['gone', () => null],
    ])('%s', async (_how, damage) => {
      const path = String(await get())
      const damaged = join(path, '..', file)
      const bytes = damage(await readFile(damaged))
      if (bytes) await writeFile(damaged, bytes)
      else await rm(damaged)
      expect(await get()).toBe(path)
      expect(made).toBe(2)
      expect(await outputOf(path)).toEqual(await outputOf(built))
    })
  })
})

function flipBit(bytes: Buffer): Buffer {
  const middle = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  return bytes
}

test('weights replaced while they were read are not kept', async () => {
  const replaced = new GraphCache(folder, 'build').graphOf(
    { weights, resolution: SIDE },
    'logits',
    async () => {
      const now = new Date()
      await utimes(weights, now, now)
      return make()
    },
  )
  expect(await replaced).toBe(built)
  expect(await readdir(folder).catch(() => [])).toEqual([])
})

test('what was not used for longest goes first', async () => {
  await get()
  // What the weights take, and the graph beside them.
  const cache = new GraphCache(folder, 'build', 2.5 * 4 * 64 ** 2)
  await get(cache, 96)
  const names = await readdir(folder)
  // Long ago, and in the order of making.
  await Promise.all(
    names.map(async (name) =>
      utimes(join(folder, name), 1000, (await stat(join(folder, name))).mtimeMs / 1e6),
    ),
  )
  await get(cache)
  await get(cache, 128)
  expect(made).toBe(3)
  await get(cache)
  await get(cache, 128)
  expect(made).toBe(3)
  await get(cache, 96)
  expect(made).toBe(4)
  expect(await readdir(folder)).toHaveLength(2)
})

test('one graph larger than the bound is kept all the same', async () => {
  const cache = new GraphCache(folder, 'build', 1)
  await get(cache)
  await get(cache)
  expect(made).toBe(1)
})

test('what a killed engine left is removed, what another is writing is not', async () => {
  for (const name of ['.making-old', '.making-new']) await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, '.making-old', 'graph.onnx'), '')
  await utimes(join(folder, '.making-old'), 1000, 1000)
  await writeFile(join(folder, '.making-new', 'graph.onnx'), '')
  await get()
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual(['.making-new'])
})

test('a folder that cannot be used costs the cache and nothing else', async () => {
  await mkdir(join(folder, '..'), { recursive: true })
  await writeFile(folder, 'a file where the folder should be')
  const { error } = console
  const said: string[] = []
  console.error = (line: string) => said.push(line)
  const graph = await get().finally(() => (console.error = error))
  expect(graph).toBe(built)
  expect(said).toEqual([expect.stringContaining(`is not kept in ${folder}`)])
})

test('what is wrong with the weights is told as without a cache', async () => {
  const cache = new GraphCache(folder, 'build')
  const none = { weights: join(suite.path, 'none.pt'), resolution: SIDE }
  await expect(new Networks(cache).load(none, 'cpu')).rejects.toMatchObject({ code: 'file/unreadable' })
  await expect(new Networks(cache).load({ weights, resolution: 8 }, 'cpu')).rejects.toMatchObject({
    code: 'usage',
  })
  expect(await readdir(folder).catch(() => [])).toEqual([])
})
