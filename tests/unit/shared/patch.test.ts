/** @file Patches: made, trimmed, settled, applied both ways, there and back as bytes, and refused when malformed. */
import { describe, expect, test } from 'vitest'
import { ALL_PARTS } from '../../../src/shared/labels'
import { createPartMap, type PartMap, type Rect } from '../../../src/shared/mask'
import {
  applyPatch, decodePatch, diffPatch, EMPTY_PATCH, encodePatch, invertPatch, isEmptyPatch, patchParts, settlePatch,
  trimPatch, type MaskPatch,
} from '../../../src/shared/patch' // prettier-ignore
import { VarintWriter } from '../../../src/shared/varint'
import { seeded, type Random } from '../../store/strokes'

const SEEDS = Array.from({ length: 80 }, (_, i) => i + 1)
const varints = (...numbers: number[]) => numbers.reduce((w, n) => w.varint(n), new VarintWriter()).finish()
const copy = (map: PartMap): PartMap => ({ ...map, bits: map.bits.slice() })

function randomMap(random: Random): PartMap {
  const map = createPartMap(1 + random(24), 1 + random(24))
  return { ...map, bits: map.bits.map(() => (random(2) ? random(ALL_PARTS + 1) : 0)) }
}

function randomRect(random: Random, { width, height }: PartMap): Rect {
  const x = random(width)
  const y = random(height)
  return { x, y, width: 1 + random(width - x), height: 1 + random(height - y) }
}

/** Speckle with wide empty margins now and then. */
function randomPatch(random: Random, map: PartMap): MaskPatch {
  const rect = randomRect(random, map)
  const rarity = 1 + random(40)
  const set = new Uint32Array(rect.width * rect.height)
  const clear = new Uint32Array(set.length)
  for (let i = 0; i < set.length; i++) {
    if (random(rarity) !== 0) continue
    set[i] = random(ALL_PARTS + 1)
    clear[i] = random(ALL_PARTS + 1) & ~(set[i] ?? 0)
  }
  return { rect, set, clear }
}

/** Pixel by pixel, part by part. */
function slowlyApplied(map: PartMap, { rect, set, clear }: MaskPatch): number[] {
  return Array.from(map.bits, (bits, i) => {
    const x = (i % map.width) - rect.x
    const y = Math.floor(i / map.width) - rect.y
    if (x < 0 || y < 0 || x >= rect.width || y >= rect.height) return bits
    const at = y * rect.width + x
    let result = 0
    for (let part = 0; part < 18; part++) {
      const has = (value: number | undefined) => Math.floor((value ?? 0) / 2 ** part) % 2 === 1
      if (has(set[at]) || (has(bits) && !has(clear[at]))) result += 2 ** part
    }
    return result
  })
}

describe('a patch', () => {
  test.each(SEEDS)('applies, settles, trims, inverts and travels like the slow model, seed %i', (seed) => {
    const random = seeded(seed)
    const before = randomMap(random)
    const patch = randomPatch(random, before)
    const expected = slowlyApplied(before, patch)

    const after = copy(before)
    applyPatch(after, patch)
    expect(Array.from(after.bits)).toEqual(expected)

    const settled = settlePatch(before, patch)
    const again = copy(before)
    applyPatch(again, settled)
    expect(again).toEqual(after)
    expect(settlePatch(after, settled)).toEqual(EMPTY_PATCH)
    applyPatch(again, invertPatch(settled))
    expect(again).toEqual(before)
    expect(invertPatch(invertPatch(settled))).toEqual(settled)

    // A difference over any rectangle that holds the change is the settled patch.
    expect(diffPatch(before, after, patch.rect)).toEqual(settled)
    expect(diffPatch(before, after, { x: 0, y: 0, width: before.width, height: before.height })).toEqual(
      settled,
    )
    expect(diffPatch(after, before, patch.rect)).toEqual(invertPatch(settled))
    expect(diffPatch(before, before, patch.rect)).toEqual(EMPTY_PATCH)

    const trimmed = trimPatch(patch)
    expect(slowlyApplied(before, trimmed)).toEqual(expected)
    expect(trimPatch(trimmed)).toBe(trimmed)
    expect(patchParts(trimmed)).toBe(patchParts(patch))

    for (const one of [patch, trimmed, settled, EMPTY_PATCH])
      expect(decodePatch(encodePatch(one), before.width, before.height)).toEqual(one)
  })

  test.each(SEEDS)('trims to the first and last changed row and column, seed %i', (seed) => {
    const random = seeded(seed)
    const patch = randomPatch(random, randomMap(random))
    const places = Array.from(patch.set, (bits, i) => ({ i, bits: bits | (patch.clear[i] ?? 0) }))
      .filter(({ bits }) => bits !== 0)
      .map(({ i }) => ({
        x: patch.rect.x + (i % patch.rect.width),
        y: patch.rect.y + Math.floor(i / patch.rect.width),
      }))
    const trimmed = trimPatch(patch)
    expect(isEmptyPatch(trimmed)).toBe(places.length === 0)
    if (places.length === 0) return
    const x = Math.min(...places.map((place) => place.x))
    const y = Math.min(...places.map((place) => place.y))
    expect(trimmed.rect).toEqual({
      x,
      y,
      width: Math.max(...places.map((place) => place.x)) - x + 1,
      height: Math.max(...places.map((place) => place.y)) - y + 1,
    })
  })

  test('names the parts it touches', () => {
    const one = {
      rect: { x: 0, y: 0, width: 2, height: 1 },
      set: Uint32Array.of(4, 0),
      clear: Uint32Array.of(0, 1 << 17),
    }
    expect(patchParts(one)).toBe(4 | (1 << 17))
    expect(patchParts(EMPTY_PATCH)).toBe(0)
  })
})

describe('bytes that are no patch are refused', () => {
  test.each([
    ['nothing', []],
    ['an end inside a run', [0, 0, 2, 2, 4, 1]],
    ['a rectangle past the right edge', [7, 0, 2, 1, 2, 1, 0]],
    ['a rectangle past the lower edge', [0, 6, 1, 1, 1, 1, 0]],
    ['a huge rectangle', [0, 0, 4294967295, 4294967295]],
    ['a huge corner', [4294967295, 0, 1, 1, 1, 1, 0]],
    ['a run of no length', [0, 0, 2, 1, 0, 1, 0]],
    ['a run past the rectangle', [0, 0, 2, 1, 3, 1, 0]],
    ['a part that does not exist, set', [0, 0, 1, 1, 1, 1 << 18, 0]],
    ['a part that does not exist, cleared', [0, 0, 1, 1, 1, 0, 1 << 18]],
    ['a part with all 32 bits', [0, 0, 1, 1, 1, 4294967295, 0]],
    ['a part both set and cleared', [0, 0, 1, 1, 1, 3, 2]],
    ['bytes after the end', [0, 0, 1, 1, 1, 1, 0, 0]],
    ['an empty rectangle with a run', [0, 0, 0, 0, 1, 1, 0]],
  ])('%s', (_, numbers) => {
    expect(() => decodePatch(varints(...numbers), 8, 6)).toThrow(
      expect.objectContaining({ code: 'file/malformed' }),
    )
  })

  test('for a grid no mask can have', () => {
    expect(() => decodePatch(varints(0, 0, 1, 1, 1, 1, 0), 8193, 4)).toThrow('leaves the grid')
  })

  test.each(SEEDS)('or are a sound patch, when bytes of one are changed, seed %i', (seed) => {
    const random = seeded(seed)
    const map = randomMap(random)
    const bytes = encodePatch(randomPatch(random, map))
    for (let change = 0; change < 40; change++) {
      const broken = bytes.slice(0, random(4) === 0 ? random(bytes.length + 1) : bytes.length)
      if (broken.length > 0) broken[random(broken.length)] = random(256)
      try {
        const patch = decodePatch(broken, map.width, map.height)
        const after = copy(map)
        applyPatch(after, patch)
        expect(Array.from(after.bits)).toEqual(slowlyApplied(map, patch))
        expect(after.bits.length).toBe(map.bits.length)
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error
        expect(error.code).toBe('file/malformed')
      }
    }
  })
})
