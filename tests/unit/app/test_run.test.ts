/** @file Scoring the open workspace: what counts as ground truth, what of it was checked, and cancelling. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../../../src/main/app/app'
import { encodeMaskPng } from '../../../src/main/imaging/mask'
import { openStore } from '../../../src/main/store/open'
import { flatten } from '../../../src/shared/mask'
import { CLASS_NAMES } from '../../../src/shared/labels'
import type { TestReport } from '../../../src/shared/scoring'
import { eventOf, makeApp, suiteFolder } from '../../helpers/app'
import { chooseForeign, FOREIGN } from '../../helpers/broken_provider'
import { makeCelebAMask, overlappingParts } from '../../helpers/celebamask'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

const SHIPPED = 'segface-mobilenet-by-facet'
const SIDE = 64
const NAMES = ['corrected.jpg', 'predicted.jpg', 'flagged.jpg', 'untouched.jpg', 'unchecked.jpg'] as const
const map = overlappingParts('a face', SIDE, SIDE)

let folder: Awaited<ReturnType<typeof suiteFolder>>
let app: App
let pictures: string
let ids: Record<string, number>

beforeAll(async () => {
  folder = await suiteFolder()
  pictures = join(folder.path, 'pictures')
  await mkdir(pictures)
  const portrait = await drawPortrait(SIDE, SIDE)
  for (const name of NAMES) await writeJpeg(join(pictures, name), portrait)
  const store = openStore(join(pictures, '.facet', 'workspace.db'))
  store.syncImages(NAMES.map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
  ids = Object.fromEntries(NAMES.map((name) => [name, store.findImage(name)?.id ?? 0]))
  const faceOf = (name: (typeof NAMES)[number]) => store.ensureFace(ids[name] ?? 0, map).id
  store.writeImport({ face: faceOf('corrected.jpg'), map, source: 'a hand' })
  store.writeImport({ face: faceOf('flagged.jpg'), map, source: 'a hand' })
  store.review(ids['flagged.jpg'] ?? 0, 'flagged')
  store.writeImport({ face: faceOf('unchecked.jpg'), map, source: 'a hand' })
  store.check(ids['unchecked.jpg'] ?? 0, [])
  store.writePrediction({ face: faceOf('predicted.jpg'), labels: flatten(map), model: 'm' })
  store.close()
  app = makeApp(join(folder.path, 'data'))
  const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
  await app.call('workspace.open', { path: pictures })
  await scanned
})

afterAll(async () => {
  await app.dispose()
  await folder.remove()
})

const score = (job?: string): Promise<TestReport> =>
  app.call('test.run', { dataset: null, model: SHIPPED, resolution: SIDE, provider: 'cpu', job })

test('the open workspace is scored on the masks that a person vouches for, and no others', async () => {
  const progress = eventOf(app, 'job.progress', ({ done, total }) => done === total)
  const { images, support, protocol } = await score('t1')
  const labels = flatten(map)
  expect(images).toBe(1)
  expect(Object.values(support)).toEqual(
    CLASS_NAMES.map((_, k) => labels.filter((label) => label === k).length),
  )
  expect(protocol).toMatchObject({
    dataset: pictures,
    dataset_kind: 'workspace',
    split: 'all',
    left_out: [
      {
        file: pictures,
        message:
          '3 of 4 faces with masks are flagged, checked in no part, or hold only what a model said; no ground truth.',
      },
    ],
    ground_truth: 'masks that a person corrected, imported or accepted',
  })
  expect(await progress).toEqual({ job: 't1', method: 'test.run', done: 1, total: 1 })
})

test('of a face that was checked in part, only these parts count', async () => {
  const whole = await score()
  // The topmost ones: nothing that nobody checked lies over them.
  await app.call('images.check', { image: ids['corrected.jpg'] ?? 0, parts: ['hat', 'ear_r', 'neck_l'] })
  const { support, confusion, protocol } = await score()
  expect(protocol.ground_truth).toMatch(/imported or accepted; 1 of 1 faces are checked in part: /)
  const isChecked = (k: number) => ['hat', 'ear_r', 'neck_l'].includes(CLASS_NAMES[k] ?? '')
  /** Pixels of the whole face in a cell, or in a row but for the checked columns. */
  const cell = (row: number, column: number) => whole.confusion[row]?.[column] ?? NaN
  const unchecked = CLASS_NAMES.map((_, k) => k).filter((k) => !isChecked(k))
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  expect(confusion).toEqual(
    CLASS_NAMES.map((_, row) =>
      CLASS_NAMES.map((_, column) => {
        if (isChecked(row))
          return isChecked(column)
            ? cell(row, column)
            : column === 0
              ? sum(unchecked.map((k) => cell(row, k)))
              : 0
        // What lies elsewhere counts where one of them is predicted.
        return row === 0 && isChecked(column) ? sum(unchecked.map((k) => cell(k, column))) : 0
      }),
    ),
  )
  expect(support.hat).toBe(whole.support.hat)
  expect(support.hat).toBeGreaterThan(0)
  await app.call('images.check', { image: ids['corrected.jpg'] ?? 0, parts: null })
})

test('a face with a damaged mask is left out and told, instead of scored as if that part were absent', async () => {
  const tree = join(folder.path, 'tree')
  await makeCelebAMask(tree, { ids: [1, 2], side: SIDE })
  const run = { model: SHIPPED, resolution: SIDE, provider: 'cpu' } as const
  const before = await app.call('test.run', { dataset: tree, ...run })
  const masks = join(tree, 'CelebAMask-HQ-mask-anno', '0')
  const [damaged = '', empty = ''] = (await readdir(masks)).filter((name) => name.startsWith('00002_'))
  const bytes = await readFile(join(masks, damaged))
  await writeFile(join(masks, damaged), bytes.subarray(0, bytes.length / 2))
  const { images, support, protocol } = await app.call('test.run', { dataset: tree, ...run })
  expect(images).toBe(1)
  const pixels = (counts: typeof support) => Object.values(counts).reduce((sum, count) => sum + count, 0)
  expect(pixels(support)).toBe(pixels(before.support) / 2)
  expect(protocol.left_out).toEqual([
    { file: 'CelebA-HQ-img/2.jpg', message: expect.stringContaining(damaged) },
  ])
  // An empty mask is as good as none.
  await writeFile(join(masks, damaged), bytes)
  await writeFile(
    join(masks, empty),
    await encodeMaskPng({ width: SIDE, height: SIDE, mask: new Uint8Array(SIDE ** 2) }),
  )
  const again = await app.call('test.run', { dataset: tree, ...run })
  expect([again.images, again.protocol.left_out]).toEqual([2, []])
})

test('stops when it is cancelled, and can be asked again', async () => {
  const begun = eventOf(app, 'job.progress', ({ job }) => job === 't2')
  const pending = score('t2')
  await begun
  expect(await app.call('jobs.cancel', { job: 't2' })).toEqual({ cancelled: true })
  await expect(pending).rejects.toMatchObject({ code: 'cancelled' })
  expect((await score('t2')).images).toBe(1)
})

test('a provider that Facet chose and that stopped working leaves the faces to the next best', async () => {
  await chooseForeign(join(folder.path, 'data'), SHIPPED, SIDE)
  const notice = eventOf(app, 'notice', ({ message }) => message.endsWith('It is not used any more.'))
  const request = { dataset: null, model: SHIPPED, resolution: SIDE } as const
  const { images, protocol } = await app.call('test.run', { ...request, provider: 'auto' })
  expect([images, protocol.provider]).toEqual([1, 'cpu'])
  expect((await notice).message).toContain(FOREIGN)
  await expect(app.call('test.run', { ...request, provider: FOREIGN })).rejects.toMatchObject({
    code: 'provider/unusable',
  })
})

test('so it does in a comparison of two models', async () => {
  await chooseForeign(join(folder.path, 'data'), SHIPPED)
  await app.call('images.pin', { image: ids['corrected.jpg'] ?? 0, golden: true })
  const notice = eventOf(app, 'notice', ({ message }) => message.endsWith('It is not used any more.'))
  const { images } = await app.call('models.compare', { baseline: SHIPPED, candidate: SHIPPED })
  expect(images.golden).toBe(1)
  expect((await notice).message).toContain(FOREIGN)
})

test('without an open folder it says so', async () => {
  await app.call('workspace.close', {})
  await expect(score()).rejects.toMatchObject({ code: 'not-found' })
})
