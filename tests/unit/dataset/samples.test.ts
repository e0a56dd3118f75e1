/** @file Masks as one class a pixel, and which pixels nobody vouches for. */
import { expect, test } from 'vitest'
import { groundTruth } from '../../../src/main/dataset/samples'
import { PAINT_ORDER_NAMES, PART_INDEX, PART_NAMES, type PartName } from '../../../src/shared/labels'
import { ELSEWHERE, flatten } from '../../../src/shared/mask'
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

test('of a face that was checked in part, only pixels that show these parts count', () => {
  const map = overlappingParts('in part', 20, 30)
  const labels = flatten(map)
  const checked = ['skin', 'hair'] as const
  const truth = groundTruth(map, { checked: bitsOf(...checked) }, 'segface').labels
  const shown = Array.from(labels, (label) => PART_NAMES[label - 1])
  expect([...truth]).toEqual(
    shown.map((part, i) => (checked.some((name) => name === part) ? labels[i] : ELSEWHERE)),
  )
  expect(new Set(groundTruth(map, { checked: 0 }, 'segface').labels)).toEqual(new Set([ELSEWHERE]))
})
