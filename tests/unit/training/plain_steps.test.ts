/** @file Optimisation steps at their edges: nothing to learn from, odd sides, half precision, what a scope leaves alone. */
import { describe, expect, test } from 'vitest'
import { fromFloat32, toFloat32, type Tensor } from '../../../src/main/base/tensor'
import { plainSteps, type PlainSteps } from '../../../src/main/training/plain_steps'
import { isLearned } from '../../../src/main/training/step_graph'
import { expectAllClose, maxDifference } from '../../helpers/allclose'
import { namedImage } from '../../helpers/named_tensors'
import { mobilenetStateDict } from '../../helpers/segface'
import { blockLabels } from '../../helpers/training_reference'

const SIDE = 32
const SETTINGS: PlainSteps = {
  ...{ scope: 'decoder', batchNorm: 'running', lr: 1e-3, weightDecay: 0.1, steps: 1 },
}
const stateDict = mobilenetStateDict()

const batch = (side = SIDE, labels = blockLabels('labels', 8, 1, side)) => ({
  images: { data: namedImage(`image:${side}`, [1, 3, side, side]), count: 1, resolution: side },
  labels,
})
const numbers = (tensors: ReadonlyMap<string, Tensor>, name: string): Float32Array =>
  toFloat32(tensors.get(name) as Tensor)

describe('optimisation steps', () => {
  test('where nobody looked at any pixel, losses and gradients are 0, and weights only decay', async () => {
    const unlabelled = batch(SIDE, new Int32Array(SIDE ** 2).fill(255))
    const { losses, after, gradients, stateDict: moved } = await plainSteps(stateDict, unlabelled, SETTINGS)
    for (const each of [...losses, after]) {
      expectAllClose([each.crossEntropy, each.dice, each.total], [0, 0, 0], { atol: 1e-6 })
    }
    expect(gradients.size).toBeGreaterThan(100)
    for (const [name, { data }] of gradients) {
      expect(maxDifference(data as Float32Array, new Float32Array(data.length)), name).toBe(0)
      const decayed = numbers(stateDict, name).map(
        (value) => value * (1 - SETTINGS.lr * SETTINGS.weightDecay),
      )
      expectAllClose(numbers(moved, name), decayed, { atol: 1e-7 })
    }
  })

  test('scope decoder leaves the backbone alone, its statistics too', async () => {
    const { gradients, stateDict: moved } = await plainSteps(stateDict, batch(), {
      ...SETTINGS,
      batchNorm: 'batch',
    })
    expect([...moved.keys()]).toEqual([...stateDict.keys()])
    for (const [name, before] of stateDict) {
      expect(gradients.has(name), name).toBe(isLearned(name, 'decoder'))
      if (!isLearned(name, 'decoder')) expect(moved.get(name), name).toBe(before)
    }
    expect([...gradients.keys()].some((name) => name.startsWith('backbone.'))).toBe(false)
  })

  test('a side that 4 does not divide', async () => {
    const { losses, after } = await plainSteps(stateDict, batch(70), { ...SETTINGS, steps: 2 })
    expect(after.total).toBeLessThan(losses[0]?.total ?? NaN)
  })

  test('of a half-precision checkpoint: computed in single precision, kept in half', async () => {
    const converted = (from: ReadonlyMap<string, Tensor>, to: 'float16' | 'float32'): Map<string, Tensor> =>
      new Map(
        Array.from(from, ([name, each]) => [
          name,
          each.dtype === 'int64' ? each : fromFloat32(to, each.shape, toFloat32(each)),
        ]),
      )
    const half = converted(stateDict, 'float16')
    const narrow = await plainSteps(half, batch(), SETTINGS)
    const wide = await plainSteps(converted(half, 'float32'), batch(), SETTINGS)
    expect(narrow.losses).toEqual(wide.losses)
    expect(narrow.stateDict).toEqual(converted(wide.stateDict, 'float16'))
  })

  test('refuses a side that no network runs at, and what is no SegFace', async () => {
    const full: PlainSteps = { ...SETTINGS, scope: 'full' }
    for (const settings of [SETTINGS, full]) {
      await expect(plainSteps(stateDict, batch(16), settings)).rejects.toThrow(/32 to 2048 pixels, not 16/)
    }
    await expect(plainSteps(new Map(), batch(), full)).rejects.toThrow(/not a SegFace checkpoint/)
  })
})
