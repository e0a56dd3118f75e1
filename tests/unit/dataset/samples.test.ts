/** @file Masks as one class a pixel, and which pixels nobody vouches for. */
import { expect, test } from 'vitest'
import { groundTruth } from '../../../src/main/dataset/samples'
import { PAINT_ORDER_NAMES, PART_INDEX, PART_NAMES, type PartName } from '../../../src/shared/labels'
import { ELSEWHERE, flatten, IGNORED } from '../../../src/shared/mask'
import { overlappingParts } from '../../helpers/celebamask'

const bitsOf = (...parts: PartName[]): number =>
  parts.reduce((bits, part) => bits | (1 << PART_INDEX[part]), 0)

test.each(PAINT_ORDER_NAMES)('a face that was checked whole is flattened: %s', (order) => {
  const map = overlappingParts('whole', 20, 30)
  const before = map.bits.slice()
  expect(groundTruth(map, { checked: null }, order)).toEqual({
    width: 20,
    height: 30,
    labels: flatten(map, order),
    checked: null,
  })
  expect(map.bits).toEqual(before)
})

test('of a face that was checked in part, pixels show these parts, or none, or are left open', () => {
  const map = overlappingParts('in part', 20, 30)
  const checked = ['skin', 'nose', 'hair'] as const
  const truth = groundTruth(map, { checked: bitsOf(...checked) }, 'segface').labels
  const top = (bits: number) => PART_NAMES.findLast((name) => bits & bitsOf(name))
  const expected = Array.from(map.bits, (bits) => {
    const shown = checked.find((name) => name === top(bits))
    if (shown) return PART_INDEX[shown] + 1
    return bits & bitsOf(...checked) ? IGNORED : ELSEWHERE
  })
  expect([...truth]).toEqual(expected)
  expect(expected).toEqual(expect.arrayContaining([ELSEWHERE, IGNORED]))
})

test('of a face of which nothing was checked, no pixel counts as a part', () => {
  const map = overlappingParts('in part', 20, 30)
  expect(new Set(groundTruth(map, { checked: 0 }, 'segface').labels)).toEqual(new Set([ELSEWHERE]))
})
