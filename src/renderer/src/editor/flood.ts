/** @file Flood fill by spans, in place: finds the 4-connected pixels equal to the seed's and gives them one new value. */
import type { PartMap } from '../../../shared/mask'
import type { SpanVisitor } from './stamp'

/**
 * Replaces the seed's region by `value`, which must differ from the seed's bits (that is what marks a pixel as done),
 * and reports each span written. `x`, `y` lie in the grid.
 */
export function floodFill(map: PartMap, x: number, y: number, value: number, visit: SpanVisitor): void {
  const { width, height, bits } = map
  const seed = bits[y * width + x] as number
  if (seed === value) return
  // Pairs (x, y) still to be looked at; each found span adds at most one per run above and below it.
  const open = [x, y]
  while (open.length > 0) {
    const row = open.pop() as number
    const column = open.pop() as number
    const base = row * width
    if (bits[base + column] !== seed) continue
    let start = column
    let end = column + 1
    while (start > 0 && bits[base + start - 1] === seed) start--
    while (end < width && bits[base + end] === seed) end++
    bits.fill(value, base + start, base + end)
    visit(row, start, end)
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue
      let inRun = false
      for (let i = next * width + start, stop = next * width + end; i < stop; i++) {
        const equal = bits[i] === seed
        if (equal && !inRun) open.push(i - next * width, next)
        inRun = equal
      }
    }
  }
}
