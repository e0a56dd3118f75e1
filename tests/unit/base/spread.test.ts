/** @file A few of many. */
import { expect, test } from 'vitest'
import { spread } from '../../../src/main/base/spread'

test('a few are taken from all over a list, and all of a short one', () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => i)
  expect(spread([], 8)).toEqual([])
  expect(spread(list(3), 8)).toEqual([0, 1, 2])
  expect(spread(list(8), 8)).toEqual(list(8))
  expect(spread(list(80), 8)).toEqual([0, 10, 20, 30, 40, 50, 60, 70])
  expect(spread(list(30_001), 8)).toEqual([0, 3750, 7500, 11250, 15000, 18750, 22500, 26250])
})
