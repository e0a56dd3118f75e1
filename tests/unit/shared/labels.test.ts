/** @file Class orders of published networks against the arrays of the sources (zllrunning's and MaskGAN's label lists, LaPa's). */
import { expect, test } from 'vitest'
import { CLASS_NAMES, CLASS_ORDERS, PART_INDEX, partsOf } from '../../../src/shared/labels'

/** SegFace's number for each number of the source. */
const NUMBERS = {
  segface: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
  maskgan: [0, 2, 10, 15, 8, 9, 6, 7, 4, 5, 11, 13, 12, 14, 16, 17, 18, 1, 3],
  zllrunning: [0, 2, 6, 7, 8, 9, 15, 4, 5, 17, 10, 11, 13, 12, 1, 18, 3, 14, 16],
  lapa: [0, 2, 6, 7, 8, 9, 10, 13, 11, 12, 14],
}

test.each(Object.entries(NUMBERS))("the classes of %s are SegFace's", (order, numbers) => {
  const names = CLASS_ORDERS[order as keyof typeof NUMBERS]
  expect(names.map((name) => CLASS_NAMES.indexOf(name))).toEqual(numbers)
})

test('the parts that a network can make are those of its channels', () => {
  expect(partsOf(CLASS_ORDERS.zllrunning)).toBe((1 << 18) - 1)
  expect(partsOf(['background', null, 'neck', 'hat'])).toBe((1 << PART_INDEX.neck) | (1 << PART_INDEX.hat))
  expect(partsOf(CLASS_ORDERS.lapa) & (1 << PART_INDEX.l_ear)).toBe(0)
})
