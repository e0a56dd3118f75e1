/** @file Seeded strokes for the store's tests; imports nothing of vitest, because the killed writer uses it too. */
import type { PartMap } from '../../src/shared/mask'
import type { MaskPatch } from '../../src/shared/patch'

/** Whole numbers from 0 to below `limit`. */
export type Random = (limit: number) => number

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

/** A disc of `part` painted, or erased, somewhere on the grid; painting takes another part away now and then. */
export function randomStroke(random: Random, { width, height }: PartMap, part: number): MaskPatch {
  const radius = 1 + random(Math.max(1, Math.min(width, height) >> 2))
  const centreX = random(width)
  const centreY = random(height)
  const x = Math.max(0, centreX - radius)
  const y = Math.max(0, centreY - radius)
  const rect = {
    x,
    y,
    width: Math.min(width, centreX + radius + 1) - x,
    height: Math.min(height, centreY + radius + 1) - y,
  }
  const bit = 1 << part
  const erase = random(3) === 0
  const other = random(3) === 0 ? (1 << random(6)) & ~bit : 0
  const set = new Uint32Array(rect.width * rect.height)
  const clear = new Uint32Array(rect.width * rect.height)
  for (let i = 0; i < set.length; i++) {
    const dx = x + (i % rect.width) - centreX
    const dy = y + Math.floor(i / rect.width) - centreY
    if (dx * dx + dy * dy > radius * radius) continue
    set[i] = erase ? 0 : bit
    clear[i] = erase ? bit : other
  }
  return { rect, set, clear }
}
