/** @file What a painted pixel becomes: the overlap modes and the locks as three masks, so that the inner loop has no modes. */
import { ALL_PARTS, PART_COUNT } from '../../../shared/labels'

export const OVERLAPS = ['take', 'leave', 'empty'] as const
/**
 * What painting a part does to others under it. `take`: the pixel becomes this part alone, unless a locked part holds
 * it. `leave`: the part is added, overlapping. `empty`: only pixels without any part are painted.
 */
export type Overlap = (typeof OVERLAPS)[number]

/** A pixel with any bit of `guard` stays; any other keeps its bits of `keep` and gains `set`. Applying twice is applying once. */
export interface Ink {
  readonly guard: number
  readonly keep: number
  readonly set: number
}

/** Ink of part `part` (0..17); `locked` holds a bit for each locked part. Null where the part itself is locked. */
export function mixInk(part: number, erase: boolean, overlap: Overlap, locked: number): Ink | null {
  const bit = 1 << part
  if (locked & bit) return null
  if (erase) return { guard: 0, keep: ALL_PARTS & ~bit, set: 0 }
  switch (overlap) {
    case 'take':
      return { guard: locked, keep: 0, set: bit }
    case 'leave':
      return { guard: 0, keep: ALL_PARTS, set: bit }
    case 'empty':
      return { guard: ALL_PARTS, keep: 0, set: bit }
  }
}

/** The bits a pixel has after the ink. */
export function inked(bits: number, ink: Ink): number {
  return bits & ink.guard ? bits : (bits & ink.keep) | ink.set
}

/**
 * The part a pick selects on a pixel with `bits`: the topmost visible one, or, where `previous` is the part picked
 * there last, the one below it, and the topmost again after the lowest. Null where no visible part is.
 */
export function pickPart(bits: number, visible: number, previous: number | null): number | null {
  const stack: number[] = []
  // SegFace paints in bit order, so the highest bit lies on top.
  for (let part = PART_COUNT - 1; part >= 0; part--) if (bits & visible & (1 << part)) stack.push(part)
  const below = previous === null ? 0 : stack.indexOf(previous) + 1
  return stack[below] ?? stack[0] ?? null
}
