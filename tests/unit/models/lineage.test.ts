/** @file Models made of other models: trained here, storing what changed; mixed of two, storing nothing. */
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../../src/main/base/tensor'
import { tensor, tensorBytes, toFloat32 } from '../../../src/main/base/tensor'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import { withTensors } from '../../../src/main/checkpoint/overlay'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { GraphCache } from '../../../src/main/engine/graph_cache'
import { buildNetwork } from '../../../src/main/engine/networks'
import { exportWeights, findExportable } from '../../../src/main/models/exporter'
import { importModel } from '../../../src/main/models/importer'
import { addMixture } from '../../../src/main/models/mixed'
import { modelInfo, Registry, type Model } from '../../../src/main/models/registry'
import { addTrained, type Trained } from '../../../src/main/models/trained'
import { buildSegFace } from '../../../src/main/segface/network'
import { CLASS_NAMES, type PartName } from '../../../src/shared/labels'
import { suiteFolder, testPaths } from '../../helpers/app'
import { namedImage } from '../../helpers/named_tensors'
import { runOne, type Numbers } from '../../helpers/run_graph'
import { mobilenetStateDict, writeMobilenet } from '../../helpers/segface'
import { DEFAULT_TRAIN_SETTINGS } from '../../helpers/training'

const SIDE = 64
const TOKEN = 'face_decoder.background_token.weight'
const BIAS = 'linear_c.0.proj.bias'

let folder: Awaited<ReturnType<typeof suiteFolder>>
let registry: Registry
let stateDict: Map<string, Tensor>
let base: Model

beforeAll(async () => {
  folder = await suiteFolder()
  registry = new Registry(testPaths(join(folder.path, 'data')))
  stateDict = await writeMobilenet(join(folder.path, 'made_64.pt'))
  base = await importModel(registry, join(folder.path, 'made_64.pt'), { name: 'base' })
})

afterAll(() => folder.remove())

/** The tensor with every number moved by `by`. */
function moved(name: string, by: number): Tensor {
  const { shape, ...rest } = stateDict.get(name) ?? expect.fail(`no ${name}`)
  return tensor(
    'float32',
    shape,
    toFloat32({ shape, ...rest }).map((value) => value + by),
  )
}

function trained(name: string, parent: Model | null, weights: string): Trained {
  const settings = { ...DEFAULT_TRAIN_SETTINGS, input_resolution: SIDE }
  const training = {
    dataset: '/faces',
    settings,
    images: { train: 2, val: 1 },
    epochs: 3,
    bestEpoch: 2,
    seconds: 9,
  }
  const f1 = Object.fromEntries(CLASS_NAMES.map((part, k) => [part, k === 16 ? null : k / 20])) as never
  const curves = [0, 1, 2, 3].map((epoch) => ({
    ...{ epoch, loss: 1, cross_entropy: 1, dice: 1, lr: 1, seconds: 3 },
    val: { mean_f1: 0.5 + epoch / 100, f1 },
  }))
  const images = [{ name: 'a.jpg', sha256: 'ab', use: 'train' as const }]
  return { name, base: parent, weights, training, steps: 12, images, curves, notes: ['Every weight learns.'] }
}

async function train(name: string, parent: Model | null, tensors: Record<string, Tensor>): Promise<Model> {
  const weights = join(folder.path, `${name}.safetensors`)
  await writeSafetensors(weights, new Map(Object.entries(tensors)))
  return addTrained(registry, trained(name, parent, weights))
}

async function readAll(model: Model): Promise<Map<string, Tensor>> {
  const { weights, changes = [] } = model.network
  return withTensors([weights, ...changes], async (source) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of source.tensors) tensors.set(name, await source.read(name))
    return tensors
  })
}

function digests(tensors: ReadonlyMap<string, Tensor>): string[] {
  return Array.from(tensors, ([name, one]) => {
    const digest = createHash('sha256').update(tensorBytes(one)).digest('hex')
    return `${name} ${one.dtype} [${one.shape.join()}] ${digest}`
  })
}

describe('a trained model', () => {
  let child: Model
  let grandchild: Model

  beforeAll(async () => {
    // The second tensor is as it was: it is not stored.
    child = await train('Night', base, {
      [TOKEN]: moved(TOKEN, 1),
      'linear_fuse.weight': moved('linear_fuse.weight', 0),
    })
    grandchild = await train('Night two', child, { [TOKEN]: moved(TOKEN, 2), [BIAS]: moved(BIAS, 3) })
  })

  test('stores the tensors that changed and nothing else', async () => {
    const names = await withCheckpoint(
      join(child.folder, 'weights.safetensors'),
      async ({ tensors, metadata }) => {
        expect(metadata).toMatchObject({ epoch: '1', iteration: '12', arch: 'mobilenet' })
        return tensors.map(({ name }) => name)
      },
    )
    expect(names).toEqual([TOKEN])
    const { size } = await stat(join(child.folder, 'weights.safetensors'))
    expect(size).toBeLessThan(4000)
  })

  test('is its ancestors with what it changed', async () => {
    expect(digests(await readAll(child))).toEqual(digests(new Map(stateDict).set(TOKEN, moved(TOKEN, 1))))
    const expected = new Map(stateDict).set(TOKEN, moved(TOKEN, 2)).set(BIAS, moved(BIAS, 3))
    expect(digests(await readAll(grandchild))).toEqual(digests(expected))
    const image = namedImage('a face', [1, 3, SIDE, SIDE])
    const [found, wanted] = [
      await runOne(await buildNetwork(grandchild.network), { image }),
      await runOne(buildSegFace(expected, { resolution: SIDE }), { image }),
    ]
    expect(found).toEqual(wanted)
  })

  test('says where it comes from', async () => {
    expect(await modelInfo(grandchild)).toMatchObject({
      id: 'night-two',
      name: 'Night two',
      parent: 'night',
      arch: 'mobilenet',
      resolution: SIDE,
      training: { dataset: '/faces', images: { train: 2, val: 1 }, bestEpoch: 2 },
      mix: null,
      children: [],
      scores: { 'val mean_f1': 0.52 },
      licence: base.manifest.licence,
    })
    expect((await modelInfo(await registry.find('base'))).children).toEqual(['night'])
    const { card } = await modelInfo(child)
    expect(card).toContain('Fine-tuned from base (base)')
    expect(card).toContain('| mean | 50.0 | 52.0 |')
    expect(card).toContain('| hat | – | – |')
    const record: unknown = JSON.parse(await readFile(join(child.folder, 'training.json'), 'utf8'))
    expect(record).toMatchObject({ images: [{ name: 'a.jpg', sha256: 'ab', use: 'train' }] })
  })

  test('goes out whole and comes in again', async () => {
    const out = join(folder.path, 'whole_64.pt')
    await exportWeights(await findExportable(registry, 'night-two'), 'pt', out)
    const again = await importModel(registry, out, { name: 'again' })
    expect(digests(await readAll(again))).toEqual(digests(await readAll(grandchild)))
    expect(again.network.changes).toBeUndefined()
    await registry.remove(again)
  })

  test('is not taken for its parent by the cache of graphs', async () => {
    const cache = new GraphCache(join(folder.path, 'cache'), 'a build')
    const made: string[] = []
    const graphOf = (model: Model) =>
      cache.graphOf(model.network, 'logits', async () => {
        made.push(model.manifest.id)
        throw new Error('not needed')
      })
    for (const model of [base, child, grandchild]) await expect(graphOf(model)).rejects.toThrow('not needed')
    expect(made).toEqual(['base', 'night', 'night-two'])
  })

  test('keeps its parent from being deleted, naming itself', async () => {
    await expect(registry.remove(await registry.find('base'))).rejects.toMatchObject({
      code: 'conflict',
      message: 'base is what night is made of; delete that first.',
    })
    await expect(registry.remove(await registry.find(null))).rejects.toThrow('ships with Facet and stays')
    const alone = await train('alone', child, { [TOKEN]: moved(TOKEN, 5) })
    await registry.remove(alone)
    await expect(registry.find('alone')).rejects.toMatchObject({ code: 'model/unknown' })
    expect(await readdir(alone.folder)).toEqual([])
  })

  test('of tensors that its parent has no place for is refused', async () => {
    const wrong = { [TOKEN]: tensor('float32', [2, 2], new Float32Array(4)) }
    await expect(train('wrong', base, wrong)).rejects.toMatchObject({
      code: 'checkpoint/missing-tensor',
      message: expect.stringContaining(`'${TOKEN}' [2, 2]`),
    })
    await expect(registry.find('wrong')).rejects.toMatchObject({ code: 'model/unknown' })
  })

  test('from nothing holds everything itself', async () => {
    const fresh = await train('fresh', null, Object.fromEntries(mobilenetStateDict()))
    expect(await modelInfo(fresh)).toMatchObject({
      parent: null,
      params: 7_035_824,
      licence: expect.stringContaining('Trained here'),
    })
    expect(digests(await readAll(fresh))).toEqual(digests(stateDict))
  })

  test('whose ancestor is gone, or who is its own ancestor, is left out and the others stay', async () => {
    const lost = await train('lost parent', base, { [TOKEN]: moved(TOKEN, 7) })
    const orphan = await train('orphan', lost, { [TOKEN]: moved(TOKEN, 8) })
    await rm(lost.folder, { recursive: true })
    const ids = async (): Promise<string[]> => (await registry.list()).map(({ manifest }) => manifest.id)
    expect(await ids()).not.toContain('orphan')
    expect(await ids()).toContain('night-two')
    const file = join(orphan.folder, 'model.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"lost-parent"', '"orphan"'))
    expect(await ids()).not.toContain('orphan')
    await rm(orphan.folder, { recursive: true })
  })
})

describe('a mixture', () => {
  const PARTS: readonly PartName[] = ['hair', 'skin']
  let other: Model
  let mixture: Model

  beforeAll(async () => {
    const tokens = CLASS_NAMES.map(
      (_, k) => [...stateDict.keys()].filter((name) => name.includes('_token.'))[k] ?? '',
    )
    other = await train(
      'other',
      base,
      Object.fromEntries(tokens.map((name, k) => [name, moved(name, k % 3)])),
    )
    mixture = await addMixture(registry, 'Best of both', base, other, PARTS)
  })

  test('says one of the chosen parts where either says so by the other, else what the base says', async () => {
    const image = namedImage('a face', [1, 3, SIDE, SIDE])
    const [a, b, mixed] = await Promise.all(
      [base, other, mixture].map(async ({ network }) =>
        classes(await runOne(await buildNetwork(network), { image })),
      ),
    )
    if (!a || !b || !mixed) return expect.fail('nothing ran')
    const isChosen = (label: number): boolean => PARTS.some((part) => CLASS_NAMES[label] === part)
    const expected = a.map((label, i) => (isChosen(label) || isChosen(b[i] ?? 0) ? (b[i] ?? 0) : label))
    expect(mixed).toEqual(expected)
    // The case is a real one: all four kinds of pixels occur.
    const kinds = new Set(a.map((label, i) => `${isChosen(label)} ${isChosen(b[i] ?? 0)}`))
    expect(kinds.size).toBe(4)
    expect(mixed).not.toEqual(a)
    expect(mixed).not.toEqual(b)
  })

  test('stores two references, and keeps both models', async () => {
    expect(await modelInfo(mixture)).toMatchObject({
      id: 'best-of-both',
      mix: { base: 'base', other: 'other', parts: ['skin', 'hair'] },
      bytes: 0,
      parent: null,
      params: 2 * base.manifest.params,
    })
    await expect(registry.remove(await registry.find('other'))).rejects.toThrow('best-of-both')
    const again = await addMixture(registry, 'Once more', mixture, other, ['hat'])
    expect(again.network.taken?.map(({ parts }) => parts)).toEqual([['skin', 'hair'], ['hat']])
    const image = namedImage('a face', [1, 3, SIDE, SIDE])
    expect(await runOne(await buildNetwork(again.network), { image })).toHaveLength(19 * SIDE * SIDE)
  })

  test('has no weights to export, but a graph', async () => {
    const exportable = await findExportable(registry, 'best-of-both')
    const out = join(folder.path, 'mixture.pt')
    await expect(exportWeights(exportable, 'pt', out)).rejects.toThrow('export it as onnx')
    expect((await buildNetwork(exportable.network)).outputs.map(({ name }) => name)).toEqual(['logits'])
  })

  test('of networks that do not fit is refused', async () => {
    const shipped = await registry.find(null)
    await expect(addMixture(registry, 'no', base, shipped, PARTS)).rejects.toThrow('the same resolution')
  })
})

/** The class of the greatest logit of each pixel. */
function classes(logits: Numbers): number[] {
  const pixels = SIDE * SIDE
  return Array.from({ length: pixels }, (_, pixel) => {
    let best = 0
    for (let k = 1; k < CLASS_NAMES.length; k++)
      if (Number(logits[k * pixels + pixel]) > Number(logits[best * pixels + pixel])) best = k
    return best
  })
}
