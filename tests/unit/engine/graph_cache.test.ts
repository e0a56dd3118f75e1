/** @file The cache of graphs: the same outputs to the bit, made once, bounded, and no file in it that can do harm. */
import { copyFile, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GraphCache } from '../../../src/main/engine/graph_cache'
import { Networks } from '../../../src/main/engine/networks'
import { decodeModel } from '../../../src/main/onnx/decode'
import { encodeModel } from '../../../src/main/onnx/encode'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { suiteFolder } from '../../helpers/app'
import { f32 } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'
import { namedImage } from '../../helpers/named_tensors'

const SHIPPED = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const SIDE = 64

let suite: Awaited<ReturnType<typeof suiteFolder>>
/** A checkpoint of the suite's own, which it may replace. */
let weights: string
/** A graph of a sum that is constant, one that is not, and the naming of the output; the cache asks nothing of what it keeps. */
const built = smallGraph()
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

function smallGraph(): Uint8Array {
  const g = new GraphBuilder()
  const ones = g.initializer('ones', f32([256, 256]))
  const sum = g.op('Add', [ones, g.scalar(1)])
  g.output('logits', g.op('Add', [g.input('image', 'float32', [256, 256]), sum]))
  return encodeModel(g.finish())
}

const make = async (): Promise<Uint8Array> => {
  made++
  return built
}
const get = (cache = new GraphCache(folder, 'build'), resolution = SIDE, batch = 1): Promise<Uint8Array> =>
  cache.graphOf({ weights, resolution }, batch, make)

async function logitsOf(cache: GraphCache | null): Promise<Float32Array> {
  const { session, arch, classes } = await new Networks(cache).load({ weights, resolution: SIDE }, 'cpu')
  expect([arch, classes]).toEqual(['mobilenet', 19])
  const shape = [1, 3, SIDE, SIDE]
  const { logits } = await session.run({ image: { data: namedImage('image', shape), shape } })
  await session.release()
  expect(logits?.shape).toEqual([1, 19, SIDE, SIDE])
  return logits?.data as Float32Array
}

test('a network from the cache computes what the one built anew does, to the bit', async () => {
  const anew = await logitsOf(null)
  expect(await logitsOf(new GraphCache(folder, 'build'))).toEqual(anew)
  expect(await readdir(folder)).toHaveLength(1)
  expect(await logitsOf(new GraphCache(folder, 'build'))).toEqual(anew)
  expect(await readdir(folder)).toHaveLength(1)
})

test('a graph is made once, and kept as an ONNX file of standard operators with nothing left to fold', async () => {
  const first = await get()
  expect(await get()).toEqual(first)
  expect(made).toBe(1)
  const [name = ''] = await readdir(folder)
  expect(name).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{8}\.onnx$/)
  const [folded, whole] = [decodeModel(await readFile(join(folder, name))), decodeModel(built)]
  expect(folded.inputs).toEqual(whole.inputs)
  expect(folded.outputs).toEqual(whole.outputs)
  expect([whole.nodes.length, folded.nodes.length]).toEqual([3, 1])
})

describe('a graph is made again', () => {
  test.each([
    ['for another side', () => get(undefined, 96)],
    ['for another batch', () => get(undefined, SIDE, 2)],
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

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
    [
      'of another bit',
      (bytes: Buffer) =>
        bytes.fill(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1, (bytes.length >> 1) + 1),
    ],
    ['of something else', () => Buffer.from('not a graph')],
  ])('where its file is %s', async (_how, damage) => {
    const first = await get()
    const [name = ''] = await readdir(folder)
    await writeFile(join(folder, name), damage(await readFile(join(folder, name))))
    expect(await get()).toEqual(first)
    expect(made).toBe(2)
    expect(await readdir(folder)).toEqual([name])
  })
})

test('weights replaced while they were read are not kept', async () => {
  const replaced = new GraphCache(folder, 'build').graphOf({ weights, resolution: SIDE }, 1, async () => {
    const now = new Date()
    await utimes(weights, now, now)
    return make()
  })
  expect(await replaced).toBe(built)
  expect(await readdir(folder).catch(() => [])).toEqual([])
})

test('what was not used for longest goes first', async () => {
  const one = (await get()).length
  const cache = new GraphCache(folder, 'build', 2.5 * one)
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
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '.old.tmp'), '')
  await utimes(join(folder, '.old.tmp'), 1000, 1000)
  await writeFile(join(folder, '.new.tmp'), '')
  await get()
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual(['.new.tmp'])
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
