/** @file Confusion matrices and what they come to: against recorded numbers, and against a model that counts pixel by pixel. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  classCounts,
  confusionRows,
  countPixels,
  createConfusion,
  sumConfusions,
  type Confusion,
} from '../../../src/main/metrics/confusion'
import { scoresOf } from '../../../src/main/metrics/scores'
import { CLASS_NAMES } from '../../../src/shared/labels'
import { ELSEWHERE, IGNORED } from '../../../src/shared/mask'
import { noise } from '../../helpers/named_tensors'

// Made by ../shared/reference with NumPy: four maps of 96 x 96, one below the other.
const FIXTURES = join('tests', 'fixtures', 'metrics')
const reference = JSON.parse(readFileSync(join(FIXTURES, 'metrics.json'), 'utf8')) as {
  images: number
  size: number
  classes: string[]
  dataset: {
    confusion: number[][]
    pixel_accuracy: number
    mean_accuracy: number
    f1: (number | null)[]
    iou_paper: number[]
    mean_iou_paper: number
    mean_f1_present: number
  }
  per_image_mean_f1_present: number[]
}

async function readMaps(name: string): Promise<Uint8Array[]> {
  const all = await sharp(join(FIXTURES, name)).toColourspace('b-w').raw().toBuffer()
  const pixels = reference.size ** 2
  return Array.from({ length: reference.images }, (_, i) => all.subarray(i * pixels, (i + 1) * pixels))
}

describe('the recorded label maps', async () => {
  const [truths, predictions] = [await readMaps('metrics_gt.png'), await readMaps('metrics_pred.png')]
  const images = truths.map((truth, i) => countPixels(truth, predictions[i] ?? new Uint8Array()))
  const { dataset } = reference

  test('give the recorded counts and scores, to the last digit', () => {
    expect(reference.classes).toEqual(CLASS_NAMES)
    const sum = sumConfusions(images)
    expect(confusionRows(sum)).toEqual(dataset.confusion)
    const scores = scoresOf(sum)
    expect(Object.values(scores.f1)).toEqual(dataset.f1)
    expect(Object.values(scores.iou).map((value) => value ?? 0)).toEqual(dataset.iou_paper)
    expect(scores.iou.neck_l).toBeNull()
    expect(scores.meanF1).toBeCloseTo(dataset.mean_f1_present, 14)
    expect(scores.meanIouPaper).toBeCloseTo(dataset.mean_iou_paper, 14)
    expect(scores.meanAccuracy).toBeCloseTo(dataset.mean_accuracy, 14)
    expect(scores.pixelAccuracy).toBe(dataset.pixel_accuracy)
  })

  test('give the recorded mean of each image', () => {
    const means = images.map((image) => scoresOf(image).meanF1)
    means.forEach((mean, i) => expect(mean).toBeCloseTo(reference.per_image_mean_f1_present[i] ?? -1, 14))
  })
})

/** Random labels of few or many classes, some pixels of the truth ignored. */
function randomPair(seed: number): { truth: Uint8Array; predicted: Uint8Array } {
  const pixels = 1 + ((seed * 37) % 400)
  const classes = 1 + (seed % CLASS_NAMES.length)
  const [a, b] = [noise(`truth ${seed}`, pixels), noise(`predicted ${seed}`, pixels)]
  const label = (u: number): number => Math.floor(((u + 1) / 2) * classes)
  const predicted = Uint8Array.from(b, label)
  const truth = Uint8Array.from(a, (u, i) => {
    if (u > 0.9) return IGNORED
    return u > 0 ? (predicted[i] ?? 0) : label(u)
  })
  return { truth, predicted }
}

/** The scores by their definitions, a pass over the pixels for each number. */
function slowScores(pairs: readonly { truth: Uint8Array; predicted: Uint8Array }[]) {
  const pixels = pairs.flatMap(({ truth, predicted }) =>
    [...truth].flatMap((t, i) => (t === IGNORED ? [] : [[t, predicted[i] ?? 0] as const])),
  )
  const count = (is: (t: number, p: number) => boolean): number => pixels.filter(([t, p]) => is(t, p)).length
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
  const f1 = CLASS_NAMES.map((_, k) => {
    const wrong = count((t, p) => (t === k) !== (p === k))
    const right = count((t, p) => t === k && p === k)
    return share(2 * right, 2 * right + wrong)
  })
  const iou = CLASS_NAMES.map((_, k) =>
    share(
      count((t, p) => t === k && p === k),
      count((t, p) => t === k || p === k),
    ),
  )
  const recall = CLASS_NAMES.map((_, k) =>
    share(
      count((t, p) => t === k && p === k),
      count((t) => t === k),
    ),
  )
  const parts = f1.slice(1).filter((value) => value !== null)
  const total = (values: readonly (number | null)[]): number =>
    values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
  return {
    f1,
    iou,
    support: CLASS_NAMES.map((_, k) => count((t) => t === k)),
    meanF1: share(total(parts), parts.length),
    meanIouPaper: total(iou) / 19,
    meanAccuracy: total(recall) / 19,
    pixelAccuracy: share(
      count((t, p) => t === p),
      pixels.length,
    ),
  }
}

test.each(Array.from({ length: 40 }, (_, i) => i))('scores are what their definitions say (%i)', (seed) => {
  const pairs = [randomPair(seed), randomPair(seed + 1000), randomPair(seed + 2000)]
  const { f1, iou, support, ...means } = scoresOf(
    sumConfusions(pairs.map(({ truth, predicted }) => countPixels(truth, predicted))),
  )
  const slow = slowScores(pairs)
  expect([f1, iou, support].map((values) => Object.keys(values))).toEqual([
    CLASS_NAMES,
    CLASS_NAMES,
    CLASS_NAMES,
  ])
  const close = (value: number | null) => (value === null ? null : (expect.closeTo(value, 12) as number))
  expect(Object.values(f1)).toEqual(slow.f1.map(close))
  expect(Object.values(iou)).toEqual(slow.iou.map(close))
  expect(Object.values(support)).toEqual(slow.support)
  for (const key of ['meanF1', 'meanIouPaper', 'meanAccuracy', 'pixelAccuracy'] as const)
    expect(means[key], key).toEqual(close(slow[key]))
})

describe('a confusion matrix', () => {
  test('sums in any order and grouping, and what is ignored is in no cell', () => {
    const pairs = [3, 11, 18].map(randomPair)
    const images = pairs.map(({ truth, predicted }) => countPixels(truth, predicted))
    const [a, b, c] = images as [Confusion, Confusion, Confusion]
    expect(sumConfusions([c, sumConfusions([b, a])])).toEqual(sumConfusions(images))
    expect(sumConfusions([])).toEqual(createConfusion())
    const counted = pairs.reduce((sum, { truth }) => sum + truth.filter((t) => t !== IGNORED).length, 0)
    expect(sumConfusions(images).reduce((sum, count) => sum + count, 0)).toBe(counted)
  })

  test('is exact beyond 2^32 pixels', () => {
    const image = createConfusion()
    image[0] = 2 ** 26
    image[20] = 2 ** 26 + 1
    const sum = sumConfusions(Array.from({ length: 4096 }, () => image))
    expect(classCounts(sum).slice(0, 2)).toEqual([
      { both: 2 ** 38, truth: 2 ** 38, predicted: 2 ** 38 },
      { both: 2 ** 38 + 4096, truth: 2 ** 38 + 4096, predicted: 2 ** 38 + 4096 },
    ])
  })

  test('of nothing has no scores, and none is NaN', () => {
    const scores = scoresOf(createConfusion())
    expect(scores).toMatchObject({ meanF1: null, meanIouPaper: 0, meanAccuracy: 0, pixelAccuracy: null })
    expect(new Set(Object.values(scores.f1))).toEqual(new Set([null]))
    const background = scoresOf(countPixels(new Uint8Array(4), new Uint8Array(4)))
    expect(background).toMatchObject({ meanF1: null, pixelAccuracy: 1, f1: { background: 1, hair: null } })
  })

  test('of a face checked in part say of these parts alone, what is wrongly taken for them too', () => {
    const [hair, hat, skin] = (['hair', 'hat', 'skin'] as const).map((name) => CLASS_NAMES.indexOf(name)) as [number, number, number] // prettier-ignore
    const checked = (1 << (hair - 1)) | (1 << (hat - 1))
    const truth = Uint8Array.of(hair, hair, hair, ELSEWHERE, ELSEWHERE, ELSEWHERE, IGNORED)
    const predicted = Uint8Array.of(hair, skin, hat, hair, skin, 0, hair)
    const scores = scoresOf(countPixels(truth, predicted, checked))
    expect(scores.f1).toMatchObject({ hair: 2 / 5, hat: 0, skin: null, cloth: null })
    expect(scores.meanF1).toBeCloseTo(0.2, 12)
    // All hair is worse than what it was, not better.
    const flood = scoresOf(countPixels(truth, new Uint8Array(7).fill(hair), checked))
    expect(flood.f1.hair).toBeCloseTo(6 / 9, 12)
    expect(flood.f1.hat).toBeNull()
  }) // prettier-ignore

  test('refuses maps of two sizes and labels that are no class', () => {
    expect(() => countPixels(new Uint8Array(4), new Uint8Array(3))).toThrow(/4 true and 3 predicted/)
    expect(() => countPixels(Uint8Array.of(19), Uint8Array.of(0))).toThrow(/labels 19 and 0/)
    expect(() => countPixels(Uint8Array.of(0), Uint8Array.of(IGNORED))).toThrow(/labels 0 and 255/)
  })
})
