/**
 * @file The brush's shape on the pixel grid, in whole pixels: discs and the capsules that join them, as row spans.
 * A pixel is inside where its centre is strictly inside the outline, so what is painted is what the cursor's ring shows.
 */
import type { Size } from './viewport'

/**
 * A disc of `size` pixels across. Its centre is in half pixels: an odd one sits on a pixel's centre, an even one on a
 * corner, so that sizes 1, 2 and 3 are 1 x 1, 2 x 2 and 3 x 3 pixels around the pointer.
 */
export interface Dab {
  readonly x: number
  readonly y: number
  readonly size: number
}

/** Receives the pixels `start..end-1` of a row; `start < end`. */
export type SpanVisitor = (y: number, start: number, end: number) => void

/** The disc nearest to a real mask point. */
export function dabAt(x: number, y: number, size: number): Dab {
  const snap = size % 2 === 1 ? (v: number) => 2 * Math.floor(v) + 1 : (v: number) => 2 * Math.round(v)
  return { x: snap(x), y: snap(y), size }
}

/** First and one-past-last pixel of a row, reused between rows so that a move allocates nothing. */
interface Span {
  start: number
  end: number
}

/** The disc's pixels in row `y`; an empty span where the row misses it. */
function discRow(dab: Dab, y: number, span: Span): void {
  const dy = 2 * y + 1 - dab.y
  const room = dab.size * dab.size - dy * dy
  if (room <= 0) {
    span.start = span.end = 0
    return
  }
  const reach = Math.ceil(Math.sqrt(room)) - 1 // the largest half-pixel distance with reach² < room
  span.start = Math.ceil((dab.x - reach - 1) / 2)
  span.end = Math.floor((dab.x + reach - 1) / 2) + 1
}

/** The pixels of row `y` in the band between two discs of equal size, ends square. */
function bandRow(from: Dab, to: Dab, y: number, span: Span): void {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const py = 2 * y + 1 - from.y
  const length2 = dx * dx + dy * dy
  const reach = from.size * Math.sqrt(length2)
  let low = -Infinity
  let high = Infinity
  const meet = (a: number, b: number): void => {
    low = Math.max(low, Math.min(a, b))
    high = Math.min(high, Math.max(a, b))
  }
  // Across the band |dx·py - dy·px| < size·length, along it 0 <= dx·px + dy·py <= length².
  if (dy !== 0) meet((dx * py - reach) / dy, (dx * py + reach) / dy)
  else if (Math.abs(dx * py) >= reach) high = -Infinity
  if (dx !== 0) meet((-dy * py) / dx, (length2 - dy * py) / dx)
  else if (dy * py < 0 || dy * py > length2) high = -Infinity
  if (low > high) {
    span.start = span.end = 0
    return
  }
  // One pixel too wide on both sides, then cut by the exact test: rounding must not decide about a pixel.
  const inside = (x: number): boolean => {
    const px = 2 * x + 1 - from.x
    const across = dx * py - dy * px
    const along = dx * px + dy * py
    return along >= 0 && along <= length2 && across * across < from.size * from.size * length2
  }
  let start = Math.ceil((low + from.x - 1) / 2) - 1
  let end = Math.floor((high + from.x - 1) / 2) + 2
  while (start < end && !inside(start)) start++
  while (end > start && !inside(end - 1)) end--
  span.start = start
  span.end = end
}

const row: Span = { start: 0, end: 0 }

/**
 * Visits the pixels within `grid` of the capsule between two discs of equal size, without those of `covered`, a disc
 * that was painted before: a move costs what it adds, not the brush's area.
 */
export function visitCapsule(grid: Size, from: Dab, to: Dab, covered: Dab | null, visit: SpanVisitor): void {
  const top = Math.max(0, Math.floor((Math.min(from.y, to.y) - to.size) / 2))
  const bottom = Math.min(grid.height, Math.ceil((Math.max(from.y, to.y) + to.size) / 2))
  const moved = from.x !== to.x || from.y !== to.y
  for (let y = top; y < bottom; y++) {
    let start = Infinity
    let end = -Infinity
    const widen = (): void => {
      if (row.start >= row.end) return
      start = Math.min(start, row.start)
      end = Math.max(end, row.end)
    }
    discRow(to, y, row)
    widen()
    if (moved) {
      discRow(from, y, row)
      widen()
      bandRow(from, to, y, row)
      widen()
    }
    start = Math.max(start, 0)
    end = Math.min(end, grid.width)
    if (start >= end) continue
    if (covered) discRow(covered, y, row)
    if (!covered || row.start >= row.end || row.start >= end || row.end <= start) {
      visit(y, start, end)
      continue
    }
    if (start < row.start) visit(y, start, row.start)
    if (row.end < end) visit(y, row.end, end)
  }
}

/** Joins a pointer's samples: each `extend` visits what the way from the last sample adds. */
export class BrushPath {
  #last: { x: number; y: number; dab: Dab } | null = null
  constructor(readonly grid: Size) {}

  /** `x`, `y`: real mask point; `size`: the brush's diameter there, at least 1. */
  extend(x: number, y: number, size: number, visit: SpanVisitor): void {
    const to = dabAt(x, y, size)
    const last = this.#last
    const from = last ? dabAt(last.x, last.y, size) : to
    visitCapsule(this.grid, from, to, last?.dab ?? null, visit)
    this.#last = { x, y, dab: to }
  }
}
