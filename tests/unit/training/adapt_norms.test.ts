/** @file Batch norms move towards the statistics that a training step measures of the same faces, and no other network moves. */
import { beforeAll, expect, test } from 'vitest'
import { toFloat32, type Tensor } from '../../../src/main/base/tensor'
import { adaptedNorms } from '../../../src/main/training/adapt_norms'
import type { Face } from '../../../src/main/training/augment'
import { pictureFeeds } from '../../../src/main/training/feeds'
import { buildStep } from '../../../src/main/training/step_graph'
import { ArrayStepper, type NormStatistics } from '../../../src/main/training/stepper'
import { expectAllClose } from '../../helpers/allclose'
import { namedSegFace } from '../../helpers/backbone'
import { noise } from '../../helpers/named_tensors'
import { mobilenetStateDict } from '../../helpers/segface'

const SIDE = 64
const BATCH = 2
const OPTIONS = { arch: 'mobilenet', resolution: SIDE, batch: BATCH } as const
/** The deepest norms see eight pixels, whose rounding they enlarge. */
const CLOSE = { atol: 1e-3, rtol: 2e-3 }
const stateDict = mobilenetStateDict()

const faces: Face[] = ['a', 'b', 'c', 'd'].map((name) => ({
  side: SIDE,
  rgb: Uint8Array.from(noise(name, 3 * SIDE ** 2), (u) => Math.round(127.5 * (1 + u))),
  labels: new Uint8Array(SIDE ** 2),
  checked: null,
}))

async function* each(list: readonly Face[]): AsyncIterable<Face> {
  for (const face of list) yield await Promise.resolve(face)
}

const adapted = (list: readonly Face[], share: number): Promise<Map<string, Tensor>> =>
  adaptedNorms(stateDict, each(list), { ...OPTIONS, share }, 'cpu')

/** What a step measures of each pair of faces. */
const measured: ReadonlyMap<string, NormStatistics>[] = []
beforeAll(async () => {
  const graph = buildStep(stateDict, { ...OPTIONS, scope: 'full', batchNorm: 'batch', dicePresent: true })
  const stepper = await ArrayStepper.create(graph, stateDict, 'cpu')
  for (const pair of [faces.slice(0, BATCH), faces.slice(BATCH)])
    measured.push((await stepper.gradients(pictureFeeds(pair))).statistics)
  await stepper.release()
})

test('all the way, they are the mean and variance of all batches together', async () => {
  const moved = await adapted(faces, 1)
  const [first, second] = measured
  expect(moved.size).toBe(2 * (first?.size ?? 0))
  for (const [norm, { mean, variance }] of first ?? []) {
    const other = second?.get(norm) as NormStatistics
    const together = mean.map((m, c) => (m + (other.mean[c] as number)) / 2)
    const spread = variance.map((v, c) => {
      const apart = ((mean[c] as number) - (other.mean[c] as number)) / 2
      return (v + (other.variance[c] as number)) / 2 + apart * apart
    })
    expectAllClose(toFloat32(moved.get(`${norm}.running_mean`) as Tensor), together, CLOSE)
    expectAllClose(toFloat32(moved.get(`${norm}.running_var`) as Tensor), spread, CLOSE)
  }
})

test('half way, they are half way', async () => {
  const [whole, half] = [await adapted(faces, 1), await adapted(faces, 0.5)]
  for (const [name, tensor] of half) {
    const old = toFloat32(stateDict.get(name) as Tensor)
    const end = toFloat32(whole.get(name) as Tensor)
    expectAllClose(
      toFloat32(tensor),
      old.map((value, c) => (value + (end[c] as number)) / 2),
      { atol: 1e-5 },
    )
  }
})

test('a last batch that is not full begins again with the first faces', async () => {
  const [three, filled] = [
    await adapted(faces.slice(0, 3), 1),
    await adapted([...faces.slice(0, 3), faces[0] as Face], 1),
  ]
  expect(three).toEqual(filled)
  const [one, twice] = [
    await adapted(faces.slice(0, 1), 1),
    await adapted([faces[0] as Face, faces[0] as Face], 1),
  ]
  expect(one).toEqual(twice)
})

test('nothing moves by a share of 0, without faces, or without batch norms', async () => {
  expect((await adapted(faces, 0)).size).toBe(0)
  expect((await adapted([], 1)).size).toBe(0)
  const swin = namedSegFace('swinv2_tiny')
  const options = { arch: 'swinv2_tiny', resolution: SIDE, batch: BATCH, share: 1 } as const
  expect((await adaptedNorms(swin, each(faces), options, 'cpu')).size).toBe(0)
})
