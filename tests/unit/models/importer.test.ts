/** @file Checkpoints into the registry: recognised, once, at the right resolution, whole or not at all. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { elementCount, toFloat32, type Tensor } from '../../../src/main/base/tensor'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import { addModel } from '../../../src/main/models/add'
import { importModel } from '../../../src/main/models/importer'
import { describeFile } from '../../../src/main/models/named_file'
import { knownFacts } from '../../../src/main/models/facts'
import { sidedName } from '../../../src/main/models/sided_name'
import { modelInfo, networkOf, Registry } from '../../../src/main/models/registry'
import { CLASS_NAMES, CLASS_ORDERS } from '../../../src/shared/labels'
import { maxDifference } from '../../helpers/allclose'
import { suiteFolder, testPaths } from '../../helpers/app'
import { f32, makeCheckpoint, writeTorchCheckpoint } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'
import { writeMobilenet } from '../../helpers/segface'

const SHIPPED = 'segface-mobilenet-by-facet'
const PARAMETERS = 7_035_824

let folder: Awaited<ReturnType<typeof suiteFolder>>
/** A mobilenet of named tensors. */
let checkpoint: string
let stateDict: Awaited<ReturnType<typeof writeMobilenet>>

beforeAll(async () => {
  folder = await suiteFolder()
  checkpoint = join(folder.path, 'made.pt')
  stateDict = await writeMobilenet(checkpoint)
})

afterAll(() => folder.remove())

const makeRegistry = async (): Promise<Registry> => new Registry(testPaths(join(await makeFolder(), 'data')))

describe('a SegFace checkpoint', () => {
  test('is recognised, copied tensor by tensor, and says what it is', async () => {
    const registry = await makeRegistry()
    const progress: [number, number][] = []
    const model = await importModel(registry, checkpoint, {
      progress: (done, total) => progress.push([done, total]),
    })
    expect(model.manifest).toMatchObject({
      id: 'made',
      name: 'made',
      arch: 'mobilenet',
      classes: 19,
      resolution: 512,
      params: PARAMETERS,
      parent: null,
      scores: {},
      source: {
        file: 'made.pt',
        sha256: createHash('sha256')
          .update(await readFile(checkpoint))
          .digest('hex'),
      },
    })
    expect(progress.at(-1)).toEqual([stateDict.size, stateDict.size])
    await withCheckpoint(networkOf(model).weights, async (written) => {
      expect(written.tensors.map(({ name }) => name)).toEqual([...stateDict.keys()])
      for (const name of ['backbone.0.0.weight', 'backbone.0.1.num_batches_tracked'])
        expect(await written.read(name)).toEqual(stateDict.get(name))
    })
    expect((await readdir(registry.folder)).sort()).toEqual(['made'])
    expect((await registry.list()).map(({ manifest }) => manifest.id)).toEqual([SHIPPED, 'made'])
    expect(await modelInfo(await registry.find('made'))).toMatchObject({
      arch: 'mobilenet',
      isDefault: false,
    })
  })

  test('is imported once, whatever its file is called, and again under another name', async () => {
    const registry = await makeRegistry()
    const first = await importModel(registry, checkpoint)
    const copy = join(await makeFolder(), 'copy.pt')
    await copyFile(checkpoint, copy)
    expect(await importModel(registry, copy)).toEqual(first)
    expect(await importModel(registry, copy, { name: 'made' })).toEqual(first)
    expect((await importModel(registry, copy, { name: 'Made' })).manifest).toMatchObject({
      id: 'made-2',
      name: 'Made',
    })
    expect((await registry.list()).map(({ manifest }) => manifest.id).sort()).toEqual([
      ...['made', 'made-2', SHIPPED],
    ])
  })

  test('is used at the side that its own name or its folder says, else at 512', async () => {
    const side = async (...path: string[]) =>
      (await knownFacts({ path: join('/', ...path), metadata: {} }, 19, undefined)).resolution
    expect(await side('mobilenet_celeba_256', 'model_299.pt')).toBe(256)
    expect(await side('swinb_celeba_224.pt')).toBe(224)
    expect(await side('run', 'mine_256.pt')).toBe(256)
    expect(await side('run', 'mine_2560.pt')).toBe(512)
    expect(await side('studio_160', 'model_3.pt')).toBe(160)
    // SegFace's number there is the epoch.
    expect(await side('run', 'model_256.pt')).toBe(512)
    expect(await side('run_224', 'model_64.pt')).toBe(224)
    expect(await side('mine_224', 'model_64.pt')).toBe(224)
    for (const name of ['swinb_epoch_160.pt', 'swin_iter_640.pt', 'ckpt_320.pt', 'mine_1600.pt'])
      expect(await side(name)).toBe(512)
    expect(await side('run', 'model.pt')).toBe(512)
    // Of several the last, which is what a training at another side appends, and of a file its own.
    expect(await side('night_512_256', 'model_3.pt')).toBe(256)
    expect(await side('night_512_480', 'model_3.pt')).toBe(480)
    expect(await side('night_512', 'mine_256.pt')).toBe(256)
    expect(await side('night_512_of_300', 'model_299.pt')).toBe(512)
    for (const name of ['faces_100', 'swinb_300', 'night_2024'])
      expect(await side(name, 'model_3.pt')).toBe(512)
  })

  test('is used at whatever side a bundle names its folder by', async () => {
    const read = async (side: number) => {
      const path = join('/', sidedName('night_512', side), 'model_3.pt')
      return (await knownFacts({ path, metadata: {} }, 19, undefined)).resolution
    }
    for (const side of [32, 100, 256, 300, 480, 500, 1000, 2024, 2048]) expect(await read(side)).toBe(side)
  })

  test('is used at the side that the caller says', async () => {
    const registry = await makeRegistry()
    const first = await importModel(registry, checkpoint)
    const other = await importModel(registry, checkpoint, { resolution: 320 })
    expect([first.manifest.resolution, other.manifest.resolution]).toEqual([512, 320])
    expect(await importModel(registry, checkpoint, { resolution: 320 })).toEqual(other)
    await expect(importModel(registry, checkpoint, { resolution: 20 })).rejects.toMatchObject({
      code: 'usage',
      message: 'SegFace runs at resolutions from 32 to 2048 pixels, not 20.',
    })
  })

  test('gets an id of its own: not that of a folder that cannot be read, nor of a model that was deleted', async () => {
    const registry = await makeRegistry()
    const newer = await importModel(registry, checkpoint, { name: 'face' })
    const manifest = join(newer.folder, 'model.json')
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"format": 1', '"format": 2'))
    const second = await importModel(registry, checkpoint, { name: 'face' })
    expect(second.manifest.id).toBe('face-2')
    expect((await readdir(newer.folder)).sort()).toEqual(['card.md', 'model.json', 'weights.safetensors'])
    await registry.remove(second)
    expect((await registry.list()).map(({ manifest }) => manifest.id)).toEqual([SHIPPED])
    expect(await readdir(second.folder)).toEqual([])
    const both = await Promise.all(
      [true, false].map((half) => importModel(registry, checkpoint, { name: 'face', half })),
    )
    expect(both.map(({ manifest }) => manifest.id).sort()).toEqual(['face-3', 'face-4'])
    const named = await importModel(registry, checkpoint, { name: `${'long '.repeat(60)}name` })
    expect(named.manifest.id.length).toBeLessThan(70)
    expect((await stat(named.folder)).mode & 0o777).toBe(0o777 & ~process.umask())
  })

  test('takes side and scores from a scores.json beside it', async () => {
    const home = await makeFolder()
    const file = join(home, 'model_5.pt')
    await copyFile(checkpoint, file)
    const scores = { resolution: 256, val: { mean_f1: 0.5, more: 1 }, test: { mean_f1: 0.25 }, note: 'x' }
    await writeFile(join(home, 'scores.json'), JSON.stringify(scores))
    const { manifest } = await importModel(await makeRegistry(), file)
    expect(manifest).toMatchObject({ resolution: 256, scores: { 'val mean_f1': 0.5, 'test mean_f1': 0.25 } })
    expect(manifest.name).toMatch(/ model_5$/)
    await writeFile(join(home, 'scores.json'), '{"resolution": "large"}')
    expect(await describeFile(await makeRegistry(), file)).toMatchObject({ resolution: 512 })
  })

  test('that is used by its path says where nothing told its side, unless who imported it did', async () => {
    const registry = await makeRegistry()
    const warning = expect.stringMatching(/made\.pt is used at 512 pixels a side, .*made_256\.pt/) as string
    expect((await describeFile(registry, checkpoint)).warnings).toEqual([warning])
    const tagged = join(await makeFolder(), 'made_512.pt')
    await copyFile(checkpoint, tagged)
    expect((await describeFile(registry, tagged)).warnings).toEqual([])
    const { manifest } = await importModel(registry, checkpoint)
    expect(manifest.warnings).toEqual([expect.stringMatching(/^made is used at 512 .*made_256\.pt/)])
    expect((await describeFile(registry, checkpoint)).warnings).toEqual([warning])
    const other = await makeRegistry()
    await importModel(other, checkpoint, { resolution: 512 })
    expect((await describeFile(other, checkpoint)).warnings).toEqual([])
  })

  test('takes side, terms and card from the same file in the registry', async () => {
    const home = await makeFolder()
    await copyFile(checkpoint, join(home, 'net_128.pt'))
    const registry = await makeRegistry()
    const twin = await importModel(registry, join(home, 'net_128.pt'))
    expect(twin.manifest.resolution).toBe(128)
    expect(await describeFile(registry, checkpoint)).toMatchObject({ resolution: 128 })
    expect((await importModel(registry, checkpoint, { name: 'again' })).manifest.resolution).toBe(128)
  })

  test('is used at the side that its own name says, also where the registry has the same file at another', async () => {
    const home = await makeFolder()
    const file = join(home, 'mine_256.pt')
    await copyFile(checkpoint, file)
    const registry = await makeRegistry()
    const first = await importModel(registry, checkpoint)
    await writeFile(join(first.folder, 'card.md'), 'at 512')
    const { resolution, licence } = first.manifest
    expect(resolution).toBe(512)
    expect(await describeFile(registry, file)).toMatchObject({ resolution: 256 })
    const other = await importModel(registry, file)
    expect(other.manifest).toMatchObject({ id: 'mine_256', resolution: 256, licence })
    expect((await modelInfo(other)).card).not.toContain('at 512')
    expect(await importModel(registry, file)).toMatchObject({ manifest: { id: 'mine_256' } })
    const second = await importModel(registry, file, { name: 'second' })
    expect(second.manifest).toMatchObject({ id: 'second', resolution: 256 })
    expect([first, other, second].map(({ manifest }) => manifest.warnings.length)).toEqual([1, 0, 0])
  })

  test('halves on disk and keeps what is fragile whole', async () => {
    const registry = await makeRegistry()
    const whole = await importModel(registry, checkpoint)
    const half = await importModel(registry, checkpoint, { name: 'half', half: true })
    const bytes = async (file: string): Promise<number> => (await stat(file)).size
    const [small, large] = [await bytes(networkOf(half).weights), await bytes(networkOf(whole).weights)]
    expect(small / large).toBeGreaterThan(0.5)
    expect(small / large).toBeLessThan(0.51)
    expect(half.manifest.params).toBe(PARAMETERS)
    await withCheckpoint(networkOf(half).weights, async (written) => {
      const kernel = await written.read('backbone.0.0.weight')
      expect(kernel.dtype).toBe('float16')
      const original = toFloat32(stateDict.get('backbone.0.0.weight') ?? expect.fail('no kernel'))
      expect(maxDifference(toFloat32(kernel), original)).toBeLessThan(2 ** -11)
      expect(await written.read('backbone.0.1.running_var')).toEqual(
        stateDict.get('backbone.0.1.running_var'),
      )
    })
  })
})

describe('what an import that was killed left', () => {
  const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)

  /** The folder that an import writes in, and that of the id which it reserved. */
  async function leave({ folder }: Registry, id: string, lastWritten: Date): Promise<string> {
    const temporary = join(folder, `.import-${id}.aB3dE6`)
    await mkdir(temporary, { recursive: true })
    await mkdir(join(folder, id))
    const half = join(temporary, '.weights.safetensors.0.tmp')
    await writeFile(half, 'half')
    await utimes(half, lastWritten, lastWritten)
    await utimes(temporary, twoHoursAgo, twoHoursAgo)
    return temporary
  }

  test('goes with the next import, which may have its id', async () => {
    const registry = await makeRegistry()
    await leave(registry, 'made', twoHoursAgo)
    expect((await importModel(registry, checkpoint)).manifest.id).toBe('made')
    expect(await readdir(registry.folder)).toEqual(['made'])
  })

  test('stays while it is written to', async () => {
    const registry = await makeRegistry()
    const temporary = await leave(registry, 'made', new Date())
    expect((await importModel(registry, checkpoint)).manifest.id).toBe('made-2')
    expect(await readdir(temporary)).toEqual(['.weights.safetensors.0.tmp'])
  })

  test('never frees the id of a model', async () => {
    const registry = await makeRegistry()
    const model = await importModel(registry, checkpoint)
    await rename(await leave(registry, 'other', twoHoursAgo), join(registry.folder, '.import-made.aB3dE6'))
    await utimes(join(registry.folder, '.import-made.aB3dE6'), twoHoursAgo, twoHoursAgo)
    expect((await importModel(registry, checkpoint, { name: 'again' })).manifest.id).toBe('again')
    expect(await registry.find('made')).toEqual(model)
    expect((await readdir(registry.folder)).sort()).toEqual(['again', 'made', 'other'])
  })
})

describe('an import that cannot be', () => {
  test('halved, because 16 bits cannot hold a number, leaves nothing behind', async () => {
    const tensors = new Map(stateDict)
    tensors.set('linear_c.0.proj.bias', f32([256], Array(256).fill(70_000)))
    const [name, { shape }] = ['linear_fuse.weight', tensors.get('linear_fuse.weight') ?? expect.fail()]
    const file = join(await makeFolder(), 'big.pt')
    const write = (value: number): Promise<void> => {
      tensors.set(name, f32(shape, Array<number>(elementCount(shape)).fill(value)))
      return writeTorchCheckpoint(
        file,
        Array.from(tensors, ([name, tensor]) => ({ name, tensor })),
      )
    }
    const registry = await makeRegistry()
    await write(-65_520)
    await expect(importModel(registry, file, { half: true })).rejects.toMatchObject({
      code: 'usage',
      message: `${file} cannot be halved: its tensor '${name}' holds -65520, and 16 bits hold at most 65504; leave --half out.`,
    })
    expect(await readdir(registry.folder)).toEqual([])
    expect((await importModel(registry, file)).manifest.half).toBe(false)
    // A vector keeps its range, and this is rounded to 65504.
    await write(-65_519)
    expect((await importModel(registry, file, { half: true })).manifest.half).toBe(true)
  })

  test('described in a way that could not be read again leaves nothing behind', async () => {
    const registry = await makeRegistry()
    const { id: _, ...manifest } = (await importModel(registry, checkpoint)).manifest
    const write = () => Promise.reject(new Error('nothing is written'))
    await expect(addModel(registry, { ...manifest, resolution: 20 }, '', write)).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringMatching(/^made\.pt cannot be kept as the model made-2, .*: resolution: /),
    })
    expect(await readdir(registry.folder)).toEqual(['made'])
  })

  test('of another architecture than the one named is refused', async () => {
    const registry = await makeRegistry()
    await expect(importModel(registry, checkpoint, { arch: 'swin_base' })).rejects.toMatchObject({
      code: 'usage',
      message: `${checkpoint} is a mobilenet by its tensors, not a swin_base; leave --arch out.`,
    })
    expect((await importModel(registry, checkpoint, { arch: 'mobilenet' })).manifest.arch).toBe('mobilenet')
  })

  test('of something else than SegFace is refused in a sentence that names the file', async () => {
    const file = join(await makeFolder(), 'other.pt')
    await writeFile(file, makeCheckpoint({ 'fc.weight': f32([2, 2]) }))
    const registry = await makeRegistry()
    await expect(importModel(registry, file)).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringMatching(/other\.pt is not a SegFace checkpoint: its 1 tensors .*'fc\.weight'/),
    })
    await expect(importModel(registry, join(file, '..', 'none.pt'))).rejects.toMatchObject({
      code: 'file/unreadable',
      message: expect.stringContaining('none.pt'),
    })
    expect((await registry.list()).map(({ manifest }) => manifest.id)).toEqual([SHIPPED])
  })

  test('with a tensor cut short leaves nothing behind', async () => {
    const file = join(await makeFolder(), 'cut.pt')
    // The first tensor says more than its storage holds; the rest is as it should be.
    const tensors = Object.fromEntries(stateDict)
    await writeFile(
      file,
      makeCheckpoint(tensors, { views: { 'backbone.0.0.weight': { count: 1, shape: [16, 3, 3, 3] } } }),
    )
    const registry = await makeRegistry()
    await expect(importModel(registry, file)).rejects.toMatchObject({
      code: expect.stringMatching(/^checkpoint\//),
      message: expect.stringContaining('cut.pt'),
    })
    expect(await readdir(registry.folder).catch(() => [])).toEqual([])
  })

  test.each<[string, (tensors: Map<string, Tensor>) => void, string]>([
    ['lacks a tensor', (made) => made.delete('linear_fuse.weight'), "has no tensor 'linear_fuse.weight', which its network needs with the shape [256, 1024, 1, 1]"],
    ['has one of another shape', (made) => made.set('linear_fuse.weight', f32([256, 1023, 1, 1])), "'linear_fuse.weight' has the shape [256, 1023, 1, 1]; its network needs [256, 1024, 1, 1]"],
    ['has a class more', (made) => made.set('face_decoder.beard_token.weight', f32([1, 256])), 'a SegFace network of 20 classes'],
    ['is no numbers', (made) => made.set('linear_c.0.proj.bias', f32([256], Array.from({ length: 256 }, () => NaN))), "its tensor 'linear_c.0.proj.bias' holds infinities or what is no number"],
  ])('because the network %s leaves nothing behind', async (_, change, why) => {
    const tensors = new Map(stateDict)
    change(tensors)
    const file = join(await makeFolder(), 'odd.pt')
    await writeTorchCheckpoint(file, Array.from(tensors, ([name, tensor]) => ({ name, tensor })))
    const registry = await makeRegistry()
    const error: unknown = await importModel(registry, file).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: expect.stringMatching(/^(checkpoint|model)\//) })
    expect((error as Error).message).toContain('odd.pt')
    expect((error as Error).message).toContain(why)
    expect(await readdir(registry.folder).catch(() => [])).toEqual([])
    // Nor is it used from its path, the second time as little as the first.
    for (let n = 0; n < 2; n++)
      await expect(describeFile(registry, file)).rejects.toMatchObject({ message: (error as Error).message })
  }) // prettier-ignore

  test('because it was cancelled leaves nothing behind', async () => {
    const registry = await makeRegistry()
    const controller = new AbortController()
    const progress = (done: number): void => {
      if (done === 20) controller.abort()
    }
    await expect(
      importModel(registry, checkpoint, { signal: controller.signal, progress }),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(registry.folder)).toEqual([])
  })
})

describe('a checkpoint of 11 classes', () => {
  let lapa: string
  beforeAll(async () => {
    lapa = join(folder.path, 'eleven.pt')
    await writeMobilenet(lapa, 11)
  })

  test('is imported as what the caller says it was trained on, and says what that means', async () => {
    const registry = await makeRegistry()
    await expect(importModel(registry, lapa)).rejects.toMatchObject({
      code: 'usage',
      message: `${lapa} has 11 classes, those of LaPa and of Helen, and nothing in it tells which; say it with --dataset lapa or --dataset helen.`,
    })
    const model = await importModel(registry, lapa, { dataset: 'lapa' })
    expect(model.manifest).toMatchObject({ arch: 'mobilenet', class_set: 'lapa', classes: 11 })
    const info = await modelInfo(model)
    expect(info.parts).toEqual(['skin', 'l_brow', 'r_brow', 'l_eye', 'r_eye', 'nose', 'mouth', 'l_lip', 'u_lip', 'hair']) // prettier-ignore
    expect(info.limits).toEqual([
      expect.stringMatching(/trained on LaPa, .*warped.*worse than its scores/),
      'It does not know neck, cloth, l_ear, r_ear, eye_g, hat, ear_r, neck_l: predictions leave these parts as they are.',
    ])
    expect(info.card).toContain(info.limits[0])
    expect(await importModel(registry, lapa, { dataset: 'lapa' })).toEqual(model)
    const helen = await importModel(registry, lapa, { dataset: 'helen' })
    const other = await modelInfo(helen)
    expect(other.limits[0]).toMatch(/trained on Helen, .*cropped/)
    expect([other.id, other.card]).toEqual(['eleven-2', expect.not.stringContaining('LaPa')])
  })

  test('is known by its name where that says it, and stays it under another', async () => {
    const home = join(await makeFolder(), 'swinb_helen_512')
    await mkdir(home)
    const file = join(home, 'model_299.pt')
    await copyFile(lapa, file)
    const registry = await makeRegistry()
    expect((await importModel(registry, file)).manifest).toMatchObject({
      class_set: 'helen',
      resolution: 512,
    })
    expect((await importModel(registry, lapa, { name: 'again' })).manifest.class_set).toBe('helen')
    expect(
      (await knownFacts({ path: '/lapa_vs_helen/model.pt', metadata: {} }, 11, undefined)).classSet,
    ).toBeNull()
  })

  test('runs from its file without being asked about', async () => {
    expect(await describeFile(await makeRegistry(), lapa)).toEqual({
      resolution: 512,
      classSet: null,
      channels: CLASS_ORDERS.lapa,
      warnings: [expect.stringContaining('is used at 512 pixels a side')],
    })
  })

  test('and --dataset for one of 19 is refused', async () => {
    await expect(importModel(await makeRegistry(), checkpoint, { dataset: 'lapa' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/19 classes.*not on lapa; leave --dataset out/),
    })
  })
})

describe('the registry', () => {
  test('leaves out folders that are broken, unfinished or of something else, and says which', async () => {
    const registry = await makeRegistry()
    const { folder: good, manifest } = await importModel(registry, checkpoint)
    const make = async (name: string, text: string, weights = true): Promise<void> => {
      await mkdir(join(registry.folder, name))
      await writeFile(join(registry.folder, name, 'model.json'), text)
      if (weights) await writeFile(join(registry.folder, name, 'weights.safetensors'), '')
    }
    await make('a-not-json', '{')
    await make('b-wrong', JSON.stringify({ ...manifest, resolution: 'large' }))
    await make('c-no-weights', JSON.stringify({ ...manifest, id: 'c-no-weights' }), false)
    await make('.import-x', JSON.stringify({ ...manifest, id: 'unfinished' }))
    await mkdir(join(registry.folder, 'z-empty'))
    await writeFile(join(registry.folder, 'notes.txt'), 'mine')
    const said: string[] = []
    const { error } = console
    console.error = (line: string) => said.push(line)
    const models = await registry.list().finally(() => (console.error = error))
    expect(models.map(({ folder: path }) => path)).toEqual([resolve('resources', 'models', SHIPPED), good])
    expect(said).toEqual([
      expect.stringMatching(/a-not-json.model\.json is not JSON; import the model again/),
      expect.stringMatching(/b-wrong.model\.json: resolution: .*import the model again/),
      expect.stringMatching(/c-no-weights.weights\.safetensors/),
    ])
    expect(await Promise.all(models.map(modelInfo))).toHaveLength(2)
  })

  test('finds by id and by name, the default for none, and names what there is', async () => {
    const registry = await makeRegistry()
    await importModel(registry, checkpoint, { name: 'My Net' })
    expect((await registry.find('my-net')).manifest.name).toBe('My Net')
    expect((await registry.find('My Net')).manifest.id).toBe('my-net')
    expect((await registry.find(null)).manifest.id).toBe(SHIPPED)
    const shipped = (await registry.find(null)).manifest.name
    await expect(registry.find('nothing')).rejects.toMatchObject({
      code: 'model/unknown',
      message: `There is no model "nothing"; known: ${shipped} (${SHIPPED}), My Net (my-net).`,
    })
  })

  test('keeps a name in one form and finds it by any, also one of before that was kept in another', async () => {
    const registry = await makeRegistry()
    const name = '한글 이름'
    const model = await importModel(registry, checkpoint, { name: ` ${name.normalize('NFD')} ` })
    expect(model.manifest.name).toBe(name)
    expect(await importModel(registry, checkpoint, { name })).toEqual(model)
    const manifest = join(model.folder, 'model.json')
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(name, name.normalize('NFD')))
    for (const form of ['NFC', 'NFD'])
      expect((await registry.find(`${name.normalize(form)} `)).manifest.id).toBe(model.manifest.id)
    expect((await importModel(registry, checkpoint, { name })).manifest.id).toBe(model.manifest.id)
  })

  test('asks which of several models of one name is meant; an id goes before names', async () => {
    const registry = await makeRegistry()
    const [one, two] = [
      await importModel(registry, checkpoint, { name: '얼굴' }),
      await importModel(registry, checkpoint, { name: '얼굴', half: true }),
    ]
    const ids = [one.manifest.id, two.manifest.id]
    expect(ids).toEqual(['model', 'model-2'])
    const twice = {
      code: 'usage',
      message: `2 models are called "얼굴"; say which by its id: model, model-2.`,
    }
    await expect(registry.find('얼굴')).rejects.toMatchObject(twice)
    await expect(registry.resolve('얼굴', () => expect.fail('no file'))).rejects.toMatchObject(twice)
    const other = await importModel(registry, checkpoint, { name: 'model-2', resolution: 96 })
    expect((await registry.find('model-2')).manifest.id).toBe('model-2')
    expect(other.manifest.id).toBe('model-2-2')
  })

  test('resolves a checkpoint file that is not in it, with the side of the caller', async () => {
    const registry = await makeRegistry()
    const abilities = { classSet: 'celebamask-hq', channels: CLASS_NAMES } as const
    const warnings = ['beware']
    const at96 = async () => ({ resolution: 96, ...abilities, warnings })
    expect(await registry.resolve(checkpoint, at96)).toEqual({
      network: { id: checkpoint, weights: checkpoint, resolution: 96 },
      abilities,
      warnings,
    })
    expect((await registry.resolve(SHIPPED, at96)).network.resolution).toBe(256)
    await expect(registry.resolve(join(checkpoint, 'no'), at96)).rejects.toMatchObject({
      code: 'model/unknown',
    })
  })
})
