/** @file The editor's slow models: every pixel, one at a time, from the rule's own words. */
import type { Overlap } from '../../src/renderer/src/editor/ink'
import type { Dab } from '../../src/renderer/src/editor/stamp'
import type { PartMap } from '../../src/shared/mask'

/** Whether a pixel's centre is strictly within half a diameter of the way from one dab to the other. */
export function insideCapsule(from: Dab, to: Dab, x: number, y: number): boolean {
  const px = 2 * x + 1 - from.x
  const py = 2 * y + 1 - from.y
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length2 = dx * dx + dy * dy
  const along = px * dx + py * dy
  const size2 = from.size * from.size
  if (along <= 0) return px * px + py * py < size2
  if (along >= length2) return (px - dx) ** 2 + (py - dy) ** 2 < size2
  return (dx * py - dy * px) ** 2 < size2 * length2
}

/** A grid of 0 and 1, 1 inside the capsule. */
export function slowCapsule(grid: { width: number; height: number }, from: Dab, to: Dab): Uint8Array {
  const pixels = new Uint8Array(grid.width * grid.height)
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      if (insideCapsule(from, to, x, y)) pixels[y * grid.width + x] = 1
    }
  }
  return pixels
}

export interface Settings {
  readonly part: number
  readonly erase: boolean
  readonly overlap: Overlap
  /** Part numbers. */
  readonly locked: ReadonlySet<number>
}

/** The parts of a pixel after painting it, as a set of part numbers. */
export function slowInk(
  parts: ReadonlySet<number>,
  { part, erase, overlap, locked }: Settings,
): ReadonlySet<number> {
  if (locked.has(part)) return parts
  if (erase) return new Set([...parts].filter((other) => other !== part))
  if (overlap === 'empty') return parts.size === 0 ? new Set([part]) : parts
  if (overlap === 'leave') return new Set([...parts, part])
  return [...parts].some((other) => locked.has(other)) ? parts : new Set([part])
}

export function partsOf(bits: number): ReadonlySet<number> {
  return new Set(Array.from({ length: 18 }, (_, part) => part).filter((part) => (bits >>> part) & 1))
}

export function bitsOf(parts: ReadonlySet<number>): number {
  return [...parts].reduce((bits, part) => bits | (1 << part), 0)
}

/** The 4-connected pixels with the bits of the first one, breadth first. */
export function slowRegion(map: PartMap, x: number, y: number): Uint8Array {
  const { width, height, bits } = map
  const region = new Uint8Array(bits.length)
  const seed = bits[y * width + x]
  const open: [number, number][] = [[x, y]]
  for (const [u, v] of open) {
    const i = v * width + u
    if (u < 0 || v < 0 || u >= width || v >= height || region[i] || bits[i] !== seed) continue
    region[i] = 1
    open.push([u + 1, v], [u - 1, v], [u, v + 1], [u, v - 1])
  }
  return region
}

/** Inks the marked pixels of a map. */
export function slowPaint(map: PartMap, marked: Uint8Array, settings: Settings): void {
  const known = new Map<number, number>()
  marked.forEach((mark, i) => {
    if (!mark) return
    const bits = map.bits[i] as number
    const painted = known.get(bits) ?? bitsOf(slowInk(partsOf(bits), settings))
    known.set(bits, painted)
    map.bits[i] = painted
  })
}

/** The first pixel in which two grids differ; -1 where they are the same. Much quicker than a deep comparison. */
export function firstDifference(a: Uint32Array, b: Uint32Array): number {
  return a.length === b.length ? a.findIndex((bits, i) => bits !== b[i]) : a.length
}
