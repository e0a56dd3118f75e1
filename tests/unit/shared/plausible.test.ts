/** @file What speaks against a label map being a face: wrong orders, mirrored or turned pictures, nothing at all. */
import { expect, test } from 'vitest'
import { CLASS_NAMES, type ClassName } from '../../../src/shared/labels'
import { hintsOf } from '../../../src/shared/plausible'
import { paintedLabels } from '../../helpers/colour_parser'

const SIDE = 64
const face = paintedLabels(SIDE)
const number = (name: ClassName) => CLASS_NAMES.indexOf(name)
const hints = (labels: Uint8Array) => hintsOf(labels, SIDE, SIDE)
const moved = (from: (x: number, y: number) => number) =>
  Uint8Array.from(face, (_, i) => face[from(i % SIDE, Math.floor(i / SIDE))] ?? 0)
const swapped = (a: ClassName, b: ClassName) =>
  face.map((label) => (label === number(a) ? number(b) : label === number(b) ? number(a) : label))

test('an upright face is fine, and so is one of few parts', () => {
  expect(hints(face)).toEqual([])
  expect(hints(face.map((label) => (label === number('skin') ? label : 0)))).toEqual([])
})

test.each([
  ['a mirrored one', moved((x, y) => y * SIDE + SIDE - 1 - x), ['eyes-swapped']],
  ["eyes by the picture's sides", swapped('l_eye', 'r_eye'), ['eyes-swapped']],
  ['lips in the other order', swapped('u_lip', 'l_lip'), ['lips-swapped']],
  ['one upside down', moved((x, y) => (SIDE - 1 - y) * SIDE + x), ['lips-swapped', 'upside-down']],
  ['one at the edge', moved((x, y) => (x + 24 < SIDE ? y * SIDE + x + 24 : 0)), ['skin-off-centre']],
  ['none', new Uint8Array(SIDE * SIDE), ['empty']],
  ['hair everywhere', new Uint8Array(SIDE * SIDE).fill(number('hair')), ['no-skin']],
] as const)('%s is told', (_what, labels, expected) => {
  expect(hints(labels)).toEqual(expect.arrayContaining([...expected]))
})
