/** @file `facet test`: its numbers against a scorer of a few lines and against PyTorch's, its document, and its complaints. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPicture, resizeCubic } from '../../src/main/imaging/picture'
import { buildSegFace } from '../../src/main/segface/network'
import { normalise } from '../../src/main/segface/preprocess'
import { CLASS_NAMES, PAINT_ORDERS, PART_INDEX, type PaintOrder } from '../../src/shared/labels'
import type { PartMap } from '../../src/shared/mask'
import type { TestReport } from '../../src/shared/scoring'
import { suiteFolder } from '../helpers/app'
import { makeCelebAMask } from '../helpers/celebamask'
import { CLI, commandLine, runNode } from '../helpers/cli'
import { noisePicture, writeJpeg } from '../helpers/pictures'
import { runOne } from '../helpers/run_graph'
import { writeMobilenet } from '../helpers/segface'
import { shared } from '../helpers/shared'

const SHIPPED = 'segface-mobilenet-by-facet'
const SIDE = 64

let folder: Awaited<ReturnType<typeof suiteFolder>>
let maps: Map<number, PartMap>
/** Each face's confusion by painting order, from a scorer that shares no code with ours. */
let expected: Map<number, Record<PaintOrder, number[][]>>
const at = (...parts: string[]): string => join(folder.path, ...parts)
const { facet, json, failure } = commandLine(() => at('data'))

const photo = (id: number): string => at('tree', 'CelebA-HQ-img', `${id}.jpg`)
const model = (): string[] => ['--model', at(`made_${SIDE}.pt`), '--provider', 'cpu']
const report = async (...args: string[]): Promise<TestReport> =>
  (await json('test', ...args)) as unknown as TestReport

beforeAll(async () => {
  folder = await suiteFolder()
  const stateDict = await writeMobilenet(at(`made_${SIDE}.pt`))
  maps = await makeCelebAMask(at('tree'), {
    ids: [1, 2, 3, 2004],
    partition: '00001 0\n00002 1\n00003 2\n02004 2\n',
  })
  const graph = buildSegFace(stateDict, { resolution: SIDE })
  expected = new Map()
  for (const [id, map] of maps) {
    // Noise, so that a network of random weights sees different things in different places.
    await writeJpeg(photo(id), noisePicture(`photo ${id}`, 80, 100))
    const { rgb } = resizeCubic(await readPicture(photo(id)), SIDE, SIDE)
    const logits = await runOne(graph, { image: normalise(rgb) })
    const count = (order: PaintOrder): number[][] => slowConfusion(logits as Float32Array, map, order)
    expected.set(id, {
      segface: count('segface'),
      maskgan: count('maskgan'),
      zllrunning: count('zllrunning'),
    })
  }
})

afterAll(() => folder.remove())

/** Pixels by true and predicted class at SIDE x SIDE. */
function slowConfusion(logits: Float32Array, map: PartMap, order: PaintOrder): number[][] {
  const rows = CLASS_NAMES.map(() => CLASS_NAMES.map(() => 0))
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const centre = (position: number, size: number) => Math.floor((position + 0.5) * (size / SIDE))
      const bits = map.bits[centre(y, map.height) * map.width + centre(x, map.width)] ?? 0
      let truth = 0
      for (const part of PAINT_ORDERS[order]) if ((bits >> PART_INDEX[part]) & 1) truth = PART_INDEX[part] + 1
      const values = CLASS_NAMES.map((_, k) => logits[(k * SIDE + y) * SIDE + x] ?? NaN)
      const row = rows[truth] ?? []
      const predicted = values.indexOf(Math.max(...values))
      row[predicted] = (row[predicted] ?? NaN) + 1
    }
  }
  return rows
}

function sumOf(ids: readonly number[], order: PaintOrder = 'segface'): number[][] {
  return CLASS_NAMES.map((_, t) =>
    CLASS_NAMES.map((_, p) => ids.reduce((sum, id) => sum + (expected.get(id)?.[order][t]?.[p] ?? NaN), 0)),
  )
}

describe('facet test', () => {
  test('counts which class the network takes for which, of the test split where there is one', async () => {
    const found = await report(at('tree'), ...model())
    expect(Object.keys(found)).toEqual([
      ...['images', 'resolution', 'order', 'classes', 'f1', 'iou', 'support', 'mean_f1', 'mean_iou_paper'],
      ...['pixel_accuracy', 'confusion', 'protocol'],
    ])
    const confusion = sumOf([3, 2004])
    expect(found).toMatchObject({
      images: 2,
      resolution: SIDE,
      order: 'segface',
      classes: CLASS_NAMES,
      confusion,
    })
    const rowSum = (k: number) => confusion[k]?.reduce((sum, count) => sum + count, 0) ?? NaN
    const columnSum = (k: number) => confusion.reduce((sum, row) => sum + (row[k] ?? NaN), 0)
    const f1 = CLASS_NAMES.map((_, k) => {
      const both = confusion[k]?.[k] ?? NaN
      return rowSum(k) + columnSum(k) === 0 ? null : (2 * both) / (rowSum(k) + columnSum(k))
    })
    expect(Object.entries(found.f1)).toEqual(CLASS_NAMES.map((name, k) => [name, f1[k]]))
    expect(Object.entries(found.support)).toEqual(CLASS_NAMES.map((name, k) => [name, rowSum(k)]))
    const parts = f1.slice(1).filter((value) => value !== null)
    expect(found.mean_f1).toBeCloseTo(parts.reduce((sum, value) => sum + value, 0) / parts.length, 12)
    expect(found.protocol).toMatchObject({
      dataset: at('tree'),
      dataset_kind: 'celebamask-hq',
      split: 'test',
      split_chosen: 'the default, since the dataset has a split test',
      limit: null,
      provider: 'cpu',
      model: at(`made_${SIDE}.pt`),
      weights_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      ids_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      painting_order: 'segface',
      resolution_scored: SIDE,
      left_out: [],
    })
    const holds = (k: number) =>
      [3, 2004].filter((id) => expected.get(id)?.segface[k]?.some((n) => n > 0)).length
    expect(Object.values(found.protocol.images_per_class)).toEqual(CLASS_NAMES.map((_, k) => holds(k)))
  })

  test.each(['maskgan', 'zllrunning'] as const)(
    'paints masks that overlap in the order %s',
    async (order) => {
      const found = await report(at('tree'), ...model(), '--split', 'all', '--order', order)
      expect(found).toMatchObject({ images: 4, order, confusion: sumOf([1, 2, 3, 2004], order) })
      expect(found.confusion).not.toEqual(sumOf([1, 2, 3, 2004]))
      expect(found.protocol).toMatchObject({ painting_order: order, split: 'all', split_chosen: 'asked for' })
    },
  )

  test('takes the first so many of a split, at another resolution', async () => {
    const first = await report(at('tree'), ...model(), '--split', 'all', '--limit', '2')
    expect(first).toMatchObject({ images: 2, confusion: sumOf([1, 2]), protocol: { limit: 2 } })
    const larger = await report(at('tree'), ...model(), '--split', 'val', '--resolution', '96')
    expect(larger).toMatchObject({ images: 1, resolution: 96, protocol: { resolution_scored: 96 } })
    expect(Object.values(larger.support).reduce((sum, pixels) => sum + pixels, 0)).toBe(96 * 96)
    expect(larger.protocol.ids_sha256).not.toBe(first.protocol.ids_sha256)
  })

  test('scores a workspace as the tree that it was imported from, and nothing that only a model said', async () => {
    await json('dataset', 'import', at('tree'), '--into', at('workspace'))
    await writeJpeg(at('workspace', 'new.jpg'), noisePicture('new', 40, 40))
    const found = await report(at('workspace'), ...model())
    expect(found).toMatchObject({ images: 2, confusion: sumOf([3, 2004]) })
    expect(found.protocol).toMatchObject({ dataset_kind: 'workspace', split: 'test', left_out: [] })
  })

  test('leaves out a photo and masks that cannot be read, and says so', async () => {
    const good = await readFile(photo(2))
    await writeFile(photo(2), good.subarray(0, 300))
    await rm(at('tree', 'CelebAMask-HQ-mask-anno', '1'), { recursive: true })
    const found = await report(at('tree'), ...model(), '--split', 'all')
    expect(found).toMatchObject({ images: 2, confusion: sumOf([1, 3]) })
    expect(found.protocol.left_out).toEqual([
      { file: 'CelebA-HQ-img/2004.jpg', message: 'It has no masks.' },
      { file: 'CelebA-HQ-img/2.jpg', message: expect.stringContaining(photo(2)) },
    ])
    const only = await failure(1, 'test', at('tree'), ...model(), '--split', 'val')
    expect(only).toContain(`None of the 1 faces of ${at('tree')} can be read: CelebA-HQ-img/2.jpg`)
    await writeFile(photo(2), good)
  })

  test('takes all where there is no split test, and says which splits there are', async () => {
    await writeFile(at('tree', 'list_eval_partition.txt'), '00001 0\n00002 1\n00003 1\n')
    const found = await report(at('tree'), ...model())
    expect(found).toMatchObject({
      images: 3,
      confusion: sumOf([1, 2, 3]),
      protocol: { split: 'all', split_chosen: 'all, since the dataset has no split test' },
    })
    expect(await failure(1, 'test', at('tree'), ...model(), '--split', 'test')).toContain(
      `${at('tree')} has no faces in split test, only 1 in train, 2 in val; ask for one of these or for all.`,
    )
    await rm(at('tree', 'list_eval_partition.txt'))
    expect(await failure(1, 'test', at('tree'), ...model(), '--split', 'val')).toContain(
      `${at('tree')} has no splits, only 3 faces without one; ask for all.`,
    )
  })

  test('takes the dataset from .env where none is named', async () => {
    const lab = at('lab')
    await mkdir(lab)
    const run = () =>
      runNode(CLI, ['--data-dir', at('data'), '--json', 'test', ...model(), '--limit', '1'], { cwd: lab })
    expect(await run()).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `facet: Name a dataset, or set DATA_PATH in ${join(lab, '.env')}.\n`,
    })
    await writeFile(join(lab, '.env'), 'DATA_PATH=../tree\n')
    const { code, stdout } = await run()
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { images: 1, protocol: { dataset: at('tree') } }])
  })

  test('prints a table for a person, progress on stderr', async () => {
    const { code, stdout, stderr } = await facet('test', at('tree'), ...model(), '--split', 'all')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^\S+made_64\.pt on 3 faces of /)
    expect(stdout).toContain('\nground truth: mask files; a part without a file is absent\n')
    expect(stdout).toMatch(/\nmean F1 +\d+\.\d\d /)
    for (const name of CLASS_NAMES)
      expect(stdout).toMatch(new RegExp(`\\n${name} +(\\d+\\.\\d\\d|-) +(\\d+\\.\\d\\d|-) +\\d+ +\\d+\\n`))
    expect(stderr).toMatch(/^0\/3\n(.*\n)*3\/3\n$/)
  })

  test('says where nothing tells the side of a checkpoint, and nobody states it', async () => {
    await copyFile(at(`made_${SIDE}.pt`), at('plain.pt'))
    const plain = ['--model', at('plain.pt'), '--provider', 'cpu', '--limit', '1']
    expect((await report(at('tree'), ...plain)).protocol.limits).toEqual([
      expect.stringContaining('plain.pt is used at 512 pixels a side'),
    ])
    const said = await report(at('tree'), ...plain, '--resolution', String(SIDE))
    expect(said.protocol.limits).toEqual([])
  })

  test('says what is wrong with which dataset, model or option', async () => {
    const bare = at('data')
    expect(await failure(1, 'test', bare, ...model())).toContain(`${bare} is neither a CelebAMask-HQ dataset`)
    expect(await failure(1, 'test', at('nowhere'), ...model())).toContain(`${at('nowhere')} does not exist`)
    expect(await failure(1, 'test', at('tree'), '--model', 'nothing')).toContain('no model "nothing"')
    expect(await failure(2, 'test', at('tree'))).toContain('--model')
    expect(await failure(2, 'test', at('tree'), ...model(), '--split', 'exam')).toContain('exam')
    expect(await failure(2, 'test', at('tree'), ...model(), '--limit', '0')).toContain('limit')
    expect(await failure(2, 'test', at('tree'), ...model(), '--resolution', '8')).toContain('resolution')
  })
})

describe('on real faces, what PyTorch scores', () => {
  const faces = shared('faces', 'CelebAMask-HQ')
  const recorded = shared('models', 'scores.json')
  const adapted = shared('reference', 'adaptation.json')
  const present = faces.present && recorded.present && adapted.present

  async function expectScores(found: TestReport, file: string, key: string): Promise<void> {
    const all = JSON.parse(await readFile(file, 'utf8')) as Record<string, Pick<TestReport, 'f1' | 'mean_f1'>>
    const wanted = all[key] ?? expect.fail(`${file} has no ${key}`)
    expect(Math.abs((found.mean_f1 ?? NaN) - (wanted.mean_f1 ?? NaN))).toBeLessThan(1e-3)
    for (const name of CLASS_NAMES)
      expect(Math.abs((found.f1[name] ?? NaN) - (wanted.f1[name] ?? NaN)), name).toBeLessThan(1e-3)
  }

  test.runIf(present)('the published checkpoint on val', async () => {
    const checkpoint = shared('models', 'segface_mobilenet.pt').path
    const args = ['--model', checkpoint, '--split', 'val', '--resolution', '256', '--provider', 'cpu']
    const found = await report(faces.path, ...args)
    expect(found.images).toBe(60)
    await expectScores(found, recorded.path, 'val')
  })

  test.runIf(present)('the shipped model, its weights halved, on test', async () => {
    const found = await report(faces.path, '--model', SHIPPED, '--provider', 'cpu')
    expect(found).toMatchObject({ images: 60, protocol: { split: 'test' } })
    await expectScores(found, recorded.path, 'test')
  })

  test.runIf(present)('the shipped model at night', async () => {
    const night = shared('faces', 'night', 'CelebAMask-HQ').path
    const found = await report(night, '--model', SHIPPED, '--split', 'test', '--provider', 'cpu')
    await expectScores(found, adapted.path, 'before')
  })
})
