/** @file Faces changed by chance: labels move with their pixels, left and right parts change places, nothing else is invented. */
import { describe, expect, test } from 'vitest'
import { CLASS_NAMES, MIRROR_PAIRS, type ClassName } from '../../../src/shared/labels'
import { IGNORED } from '../../../src/shared/mask'
import { applyChange, drawChange, UNCHANGED, type Face } from '../../../src/main/training/augment'
import { randomOf } from '../../../src/main/training/random'

const numberOf = (name: ClassName) => CLASS_NAMES.indexOf(name)

/** Each class paints its number into the picture, so that a pixel says what its label should be. */
function paintedFace(side: number): Face {
  const random = randomOf(side)
  const labels = Uint8Array.from({ length: side ** 2 }, () => random.below(CLASS_NAMES.length))
  return {
    side,
    labels,
    checked: null,
    rgb: Uint8Array.from({ length: 3 * side ** 2 }, (_, i) => 10 * (labels[Math.floor(i / 3)] as number)),
  }
}

describe('a mirrored face', () => {
  const face = paintedFace(9)
  const mirrored = applyChange(face, { ...UNCHANGED, mirrored: true })

  test('has each pixel on the other side', () => {
    for (let y = 0; y < 9; y++)
      for (let x = 0; x < 9; x++) expect(mirrored.rgb[3 * (9 * y + x)]).toBe(face.rgb[3 * (9 * y + 8 - x)])
  })

  test('was checked in the parts of the other side', () => {
    const bit = (name: ClassName) => 1 << (numberOf(name) - 1)
    const checked = bit('l_eye') | bit('r_ear') | bit('hair')
    const expected = bit('r_eye') | bit('l_ear') | bit('hair')
    const partly = { ...face, checked }
    for (const angle of [0, 0.1]) {
      expect(applyChange(partly, { ...UNCHANGED, mirrored: true, angle }).checked).toBe(expected)
      expect(applyChange(partly, { ...UNCHANGED, angle }).checked).toBe(checked)
    }
    expect(mirrored.checked).toBeNull()
  })

  test('has left and right ears, brows and eyes exchanged, lips as they were', () => {
    const swapped = new Map<number, number>()
    for (const [left, right] of MIRROR_PAIRS) {
      swapped.set(numberOf(left), numberOf(right))
      swapped.set(numberOf(right), numberOf(left))
    }
    expect(swapped.size).toBe(6)
    expect(swapped.has(numberOf('l_lip')) || swapped.has(numberOf('u_lip'))).toBe(false)
    mirrored.labels.forEach((label, i) => {
      const original = face.labels[9 * Math.floor(i / 9) + 8 - (i % 9)] as number
      expect(label).toBe(swapped.get(original) ?? original)
    })
  })

  test('mirrored again is the face', () => {
    const again = applyChange(mirrored, { ...UNCHANGED, mirrored: true })
    expect(again.labels).toEqual(face.labels)
    expect(again.rgb).toEqual(face.rgb)
  })

  test('comes out the same where it is moved by nothing as well', () => {
    const moved = applyChange(face, { ...UNCHANGED, mirrored: true, zoom: 1 + 1e-9 })
    expect(moved.labels).toEqual(mirrored.labels)
    expect(moved.rgb).toEqual(mirrored.rgb)
  })
})

describe('a moved face', () => {
  test('shows what lies outside it as not counted', () => {
    const { labels } = applyChange(paintedFace(16), { ...UNCHANGED, shift: [0.5, 0] })
    for (let i = 0; i < labels.length; i++) expect(labels[i] === IGNORED).toBe(i % 16 < 8)
  })

  test('turned by a right angle has its pixels and labels there', () => {
    const side = 8
    const face = paintedFace(side)
    const turned = applyChange(face, { ...UNCHANGED, angle: Math.PI / 2 })
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const from = (side - 1 - x) * side + y
        expect(turned.labels[y * side + x]).toBe(face.labels[from])
        expect(turned.rgb[3 * (y * side + x)]).toBe(face.rgb[3 * from])
      }
  })

  test('labels follow the picture for any draw', () => {
    // Large patches, so that neighbours agree but for their edges.
    const side = 48
    const labels = Uint8Array.from(
      { length: side ** 2 },
      (_, i) => 10 + (Math.floor(i / side / 12) % 2) + 2 * (Math.floor((i % side) / 12) % 2),
    )
    const face: Face = {
      side,
      labels,
      checked: null,
      rgb: Uint8Array.from({ length: 3 * side ** 2 }, (_, i) => 10 * (labels[Math.floor(i / 3)] as number)),
    }
    for (let draw = 0; draw < 20; draw++) {
      const change = drawChange({ flip: true, rotation: 20, scale: 0.2, colour: 0 }, randomOf(7, draw))
      const { labels: after, rgb } = applyChange(face, change)
      const wrong = after.filter(
        (label, i) => label !== IGNORED && Math.abs((rgb[3 * i] as number) - 10 * label) > 5,
      )
      expect(wrong.length / after.length).toBeLessThan(0.06)
    }
  })
})

describe('a face with grain', () => {
  const side = 64
  const labels = new Uint8Array(side ** 2)
  const grey: Face = { side, rgb: new Uint8Array(3 * side ** 2).fill(128), labels, checked: null }
  const grained = (seed: number) => applyChange(grey, { ...UNCHANGED, grain: { deviation: 9, seed } })

  test('has noise of that deviation around what it was, the same in each channel', () => {
    const { rgb, labels } = grained(1)
    const noise = Array.from({ length: side ** 2 }, (_, i) => (rgb[3 * i] as number) - 128)
    expect(Math.abs(noise.reduce((sum, x) => sum + x, 0) / noise.length)).toBeLessThan(0.5)
    expect(Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / noise.length)).toBeCloseTo(9, 0)
    rgb.forEach((byte, i) => expect(byte).toBe(rgb[3 * Math.floor(i / 3)]))
    expect(labels).toEqual(grey.labels)
  })

  test('has other noise by another seed, and stays within bytes', () => {
    expect(grained(1)).toEqual(grained(1))
    expect(grained(2)).not.toEqual(grained(1))
    const light = { ...grey, rgb: new Uint8Array(3 * side ** 2).fill(250) }
    const { rgb } = applyChange(light, { ...UNCHANGED, grain: { deviation: 40, seed: 3 } })
    // Nothing wraps around to black.
    expect(Math.min(...rgb)).toBeGreaterThan(60)
    expect(Math.max(...rgb)).toBe(255)
  })
})

test('equal seeds draw equal changes, and settings of zero draw none', () => {
  const settings = { flip: true, rotation: 10, scale: 0.1, colour: 0.5 }
  expect(drawChange(settings, randomOf(1, 2))).toEqual(drawChange(settings, randomOf(1, 2)))
  expect(drawChange(settings, randomOf(1, 2))).not.toEqual(drawChange(settings, randomOf(1, 3)))
  expect(drawChange({ flip: false, rotation: 0, scale: 0, colour: 0 }, randomOf(1))).toEqual(UNCHANGED)
})
