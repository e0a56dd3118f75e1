/** @file Charts: round ticks, lines that keep their peaks however many dots they have, shares of a confusion, pixels of labels. */
import { describe, expect, test } from 'vitest'
import { rowShares, worstMistakes } from '../../../src/renderer/src/charts/confusion'
import {
  pathOf,
  rangeOf,
  readAt,
  scaleOf,
  thin,
  ticksOf,
  type Dot,
} from '../../../src/renderer/src/charts/geometry'
import { labelPixels } from '../../../src/renderer/src/charts/label-pixels'
import { CLASS_NAMES, COLOURS } from '../../../src/shared/labels'

const dots = (...values: (number | null)[]): Dot[] => values.map((y, x) => ({ x, y }))
const same = (value: number): number => value

describe('scales', () => {
  test('ticks are round, within the range, and about as many as asked for', () => {
    expect(ticksOf([0, 1], 4)).toEqual([0, 0.5, 1])
    expect(ticksOf([0.13, 0.41], 4)).toEqual([0.2, 0.3, 0.4])
    expect(ticksOf([0, 300], 6)).toEqual([0, 50, 100, 150, 200, 250, 300])
    expect(ticksOf([2, 2], 4)).toEqual([2])
  })

  test('a range has round ends around all values, and is there without any', () => {
    expect(rangeOf([dots(0.13, null, 0.41)])).toEqual([0.1, 0.5])
    expect(rangeOf([dots(0.2)], [0, 1])).toEqual([0, 1])
    expect(rangeOf([dots(0.7, 0.7)])).toEqual([0.2, 1.2])
    expect(rangeOf([[], dots(null)])).toEqual([0, 1])
  })

  test('a range does not go past what values can be', () => {
    expect(rangeOf([dots(0.7)], [], [0, 1])).toEqual([0.2, 1])
    expect(rangeOf([dots(0.1)], [], [0, 1])).toEqual([0, 0.6])
    expect(rangeOf([dots(0.97, 1)], [], [0, 1])).toEqual([0.97, 1])
    expect(rangeOf([dots(0.2)], [], [0, Infinity])).toEqual([0, 0.7])
  })

  test('an empty range maps to the middle', () => {
    expect(scaleOf([3, 3], [0, 10])(3)).toBe(5)
    expect(scaleOf([0, 4], [100, 0])(1)).toBe(75)
  })
})

describe('lines', () => {
  test('a gap breaks the path, and a value between gaps is a point', () => {
    expect(pathOf(dots(1, 2, null, 3, null), same, same)).toBe('M0.0 1.0L1.0 2.0M3.0 3.0h0')
    expect(pathOf([], same, same)).toBe('')
  })

  test('what is read off is the nearest value, or the last one', () => {
    const line = dots(0.1, 0.2, null, 0.4)
    expect(readAt(line, 0.6)).toEqual({ x: 1, y: 0.2 })
    expect(readAt(line, 9)).toEqual({ x: 3, y: 0.4 })
    expect(readAt(line, 2)).toBeNull()
    expect(readAt(line, null)).toEqual({ x: 3, y: 0.4 })
    expect(readAt(dots(0.1, null), null)).toEqual({ x: 0, y: 0.1 })
    expect(readAt([], 1)).toBeNull()
  })

  test('ten thousand epochs become at most two dots a column, with every peak and gap', () => {
    const line = Array.from({ length: 10_000 }, (_, x): Dot => ({
      x,
      y: x >= 4000 && x < 4200 ? null : x % 7,
    }))
    line[1234] = { x: 1234, y: 99 }
    line[7777] = { x: 7777, y: -99 }
    const kept = thin(line, 100)
    expect(kept.length).toBeLessThanOrEqual(200)
    expect(kept).toContainEqual({ x: 1234, y: 99 })
    expect(kept).toContainEqual({ x: 7777, y: -99 })
    expect(kept.some(({ y }) => y === null)).toBe(true)
    expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).sort((a, b) => a - b))
    expect(thin(line, 5000)).toBe(line)
  })
})

describe('confusion', () => {
  const confusion = [
    [90, 10, 0],
    [25, 50, 25],
    [0, 0, 0],
  ]

  test('rows are shares of what is there', () => {
    expect(rowShares(confusion)).toEqual([[0.9, 0.1, 0], [0.25, 0.5, 0.25], null])
  })

  test('the worst mistakes come first, small ones not at all', () => {
    expect(worstMistakes(confusion, 2)).toEqual([
      { truth: 1, taken: 0, share: 0.25 },
      { truth: 1, taken: 2, share: 0.25 },
    ])
    expect(worstMistakes(confusion, 9, 0.2)).toHaveLength(2)
  })
})

test('labels become the colours of their parts; background is clear and what does not count is hatched', () => {
  const labels = Uint8Array.from({ length: 64 }, (_, i) => (i < 19 ? i : 255))
  const pixels = labelPixels(labels, 8)
  expect([...pixels.subarray(0, 4)]).toEqual([0, 0, 0, 0])
  for (const [index, name] of CLASS_NAMES.entries())
    if (index > 0) expect([...pixels.subarray(index * 4, index * 4 + 4)]).toEqual([...COLOURS[name], 255])
  const alphas = Array.from({ length: 45 }, (_, i) => pixels[(i + 19) * 4 + 3])
  expect(new Set(alphas)).toEqual(new Set([0, 176]))
})
