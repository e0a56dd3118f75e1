/** @file The brush slider's scale: it reaches both ends, only grows, and leads back to where it was. */
import { expect, test } from 'vitest'
import { positionOf, sizeAt } from '../../../src/renderer/src/state/brush-scale'

test.each([1, 64, 512, 4096])('a grid of %i pixels', (max) => {
  expect(sizeAt(0, max)).toBe(1)
  expect(sizeAt(1, max)).toBe(max)
  for (let size = 1; size <= max; size++) expect(sizeAt(positionOf(size, max), max)).toBe(size)
  for (let step = 1; step <= 100; step++)
    expect(sizeAt(step / 100, max)).toBeGreaterThanOrEqual(sizeAt((step - 1) / 100, max))
})

test('no image yet', () => {
  expect(positionOf(16, 0)).toBe(0)
  expect(sizeAt(0.5, 0)).toBe(1)
})
