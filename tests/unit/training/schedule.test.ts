/** @file How a run is cut into epochs, what each draws, and at what rate it learns. */
import { describe, expect, test } from 'vitest'
import {
  drawEpoch,
  looksAfter,
  meanDecayAt,
  rateAt,
  repeatFactors,
  scheduleOf,
} from '../../../src/main/training/schedule'

const settings = { lr: 1e-3, lr_schedule: null, lr_schedule_gamma: 0.1 }

describe('a schedule', () => {
  test('has a step for each batch of an epoch, the last one as large as the others', () => {
    expect(scheduleOf({ epochs: 3, train_bs: 4, preserve: 'none' }, 10)).toMatchObject({
      stepsPerEpoch: 3,
      steps: 9,
    })
    expect(scheduleOf({ epochs: 1, train_bs: 4, preserve: 'none' }, 1)).toMatchObject({
      stepsPerEpoch: 1,
      steps: 1,
    })
  })

  test('knows how many looks are still to come', () => {
    const looks = (after: number, epochs: number, lookEvery: number) =>
      looksAfter(after, { epochs, lookEvery })
    expect([looks(0, 5, 1), looks(3, 5, 1), looks(5, 5, 1)]).toEqual([5, 2, 0])
    // After 4, 8 and the last.
    expect([looks(0, 10, 4), looks(4, 10, 4), looks(8, 10, 4), looks(10, 10, 4)]).toEqual([3, 2, 1, 0])
    expect(looks(0, 3, 4)).toBe(1)
  })

  test('leaves room for replays in each batch', () => {
    expect(scheduleOf({ epochs: 1, train_bs: 4, preserve: 'replay' }, 12).stepsPerEpoch).toBe(4)
  })

  test('looks at the validation faces seldom where epochs are short', () => {
    const { stepsPerEpoch, lookEvery } = scheduleOf({ epochs: 9, train_bs: 4, preserve: 'none' }, 20)
    expect(stepsPerEpoch * lookEvery).toBeGreaterThanOrEqual(20)
    expect(scheduleOf({ epochs: 9, train_bs: 4, preserve: 'none' }, 240).lookEvery).toBe(1)
  })
})

describe('the learning rate', () => {
  const schedule = { stepsPerEpoch: 10, steps: 100, lookEvery: 1 }

  test('rises, peaks once, and falls to nearly nothing', () => {
    const rates = Array.from({ length: 100 }, (_, i) => rateAt(i + 1, settings, schedule))
    const peak = rates.indexOf(Math.max(...rates))
    expect(Math.max(...rates)).toBeCloseTo(1e-3, 9)
    for (let i = 1; i < rates.length; i++)
      if (i <= peak) expect(rates[i]).toBeGreaterThanOrEqual(rates[i - 1] as number)
      else expect(rates[i]).toBeLessThanOrEqual(rates[i - 1] as number)
    expect(rates.at(-1)).toBeLessThan(1e-6)
    expect(Math.min(...rates)).toBeGreaterThan(0)
  })

  test('with milestones is that of MultiStepLR', () => {
    const steps = { ...settings, lr_schedule: [2, 5] }
    const at = (epoch: number) => rateAt(epoch * 10 + 1, steps, schedule)
    expect([0, 1, 2, 4, 5, 9].map(at)).toEqual([
      1e-3,
      1e-3,
      1e-4,
      1e-4,
      expect.closeTo(1e-5, 12),
      expect.closeTo(1e-5, 12),
    ])
  })
})

test('the mean of the weights forgets its beginning fast, then follows slowly; with 0 it is the weights', () => {
  expect(meanDecayAt(1, 0.98)).toBeLessThan(0.2)
  expect(meanDecayAt(10_000, 0.98)).toBe(0.98)
  expect(meanDecayAt(10_000, 0)).toBe(0)
})

describe('what an epoch draws', () => {
  test('is every face once where all are alike, in an order of its own that the seed decides', () => {
    const factors = Array.from({ length: 12 }, () => 1)
    const first = drawEpoch(factors, 12, 3, 1)
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i))
    expect(drawEpoch(factors, 12, 3, 1)).toEqual(first)
    expect(drawEpoch(factors, 12, 3, 2)).not.toEqual(first)
    expect(drawEpoch(factors, 30, 3, 1)).toHaveLength(30)
  })

  test('holds faces with rare parts more often', () => {
    const parts = Array.from({ length: 40 }, (_, i) => (i === 0 ? 0b11 : 0b01))
    const factors = repeatFactors(parts)
    expect(factors[0]).toBeGreaterThan(2)
    expect(factors.slice(1).every((factor) => factor === 1)).toBe(true)
    const drawn = drawEpoch(factors, 400, 1, 1)
    expect(drawn.filter((face) => face === 0).length).toBeGreaterThan(15)
  })
})
