/**
 * @file A finished edit as a patch, straight from the two states of the pixels: the bytes that
 * `encodePatch(diffPatch(before, after, …))` would make, at a cost of the touched tiles instead of their whole rectangle.
 */
import { PART_COUNT } from '../../../shared/labels'
import type { PartMap, Rect } from '../../../shared/mask'
import { VarintWriter } from '../../../shared/varint'
import type { TileSet } from './tiles'

export interface Edit {
  /** encodePatch's bytes; the rectangle is as small as it can be. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Pixels that each of the 18 parts gained, negative where it lost more. */
  readonly gained: readonly number[]
  /** The parts (as bits) that changed anywhere. */
  readonly parts: number
}

/** The smallest rectangle of differing pixels within `rects`; null where the states are equal there. */
function differingRect(before: Uint32Array, after: PartMap, rects: readonly Rect[]): Rect | null {
  const { width, bits } = after
  let left = Infinity
  let right = -1
  let top = Infinity
  let bottom = -1
  for (const rect of rects) {
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      let start = y * width + rect.x
      let end = start + rect.width
      while (start < end && before[start] === bits[start]) start++
      if (start === end) continue
      while (before[end - 1] === bits[end - 1]) end--
      left = Math.min(left, start - y * width)
      right = Math.max(right, end - y * width)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y + 1)
    }
  }
  return bottom < 0 ? null : { x: left, y: top, width: right - left, height: bottom - top }
}

/** Collects equal neighbours into patch.ts's runs of (length, set, clear) and counts each part's pixels on the way. */
class RunWriter {
  readonly writer = new VarintWriter()
  readonly gained = new Array<number>(PART_COUNT).fill(0)
  parts = 0
  #length = 0
  #set = 0
  #clear = 0

  extend(length: number, set: number, clear: number): void {
    if (set === this.#set && clear === this.#clear) {
      this.#length += length
      return
    }
    this.flush()
    this.#length = length
    this.#set = set
    this.#clear = clear
  }

  flush(): void {
    if (this.#length === 0) return
    this.writer.varint(this.#length).varint(this.#set).varint(this.#clear)
    this.parts |= this.#set | this.#clear
    for (let part = 0; part < PART_COUNT; part++) {
      const sign = ((this.#set >>> part) & 1) - ((this.#clear >>> part) & 1)
      if (sign !== 0) this.gained[part] = (this.gained[part] as number) + sign * this.#length
    }
    this.#length = 0
  }
}

/** What `touched` really changed from `before` to `after`; null where nothing did. Both are whole grids. */
export function diffTiles(before: Uint32Array, after: PartMap, touched: TileSet): Edit | null {
  const tiles = touched.rects()
  const rect = differingRect(before, after, tiles)
  if (!rect) return null
  const { width, bits } = after
  const right = rect.x + rect.width
  const runs = new RunWriter()
  runs.writer.varint(rect.x).varint(rect.y).varint(rect.width).varint(rect.height)
  for (let y = rect.y, first = 0; y < rect.y + rect.height; y++) {
    // `first`: the first tile run that does not end above this row.
    while (first < tiles.length && bottomOf(tiles[first]) <= y) first++
    let x = rect.x
    for (let t = first; t < tiles.length; t++) {
      const tile = tiles[t]
      if (!tile || tile.y > y) break
      const start = Math.max(tile.x, rect.x)
      const end = Math.min(tile.x + tile.width, right)
      if (start >= end) continue
      if (start > x) runs.extend(start - x, 0, 0)
      for (x = start; x < end;) {
        const set = changeAt(bits, before, y * width + x)
        const clear = changeAt(before, bits, y * width + x)
        const from = x
        do x++
        while (
          x < end &&
          changeAt(bits, before, y * width + x) === set &&
          changeAt(before, bits, y * width + x) === clear
        )
        runs.extend(x - from, set, clear)
      }
    }
    if (x < right) runs.extend(right - x, 0, 0)
  }
  runs.flush()
  return { bytes: runs.writer.finish(), gained: runs.gained, parts: runs.parts }
}

/** Bits of pixel `i` that `here` has and `there` has not. */
function changeAt(here: Uint32Array, there: Uint32Array, i: number): number {
  return (here[i] as number) & ~(there[i] as number)
}

function bottomOf(rect: Rect | undefined): number {
  return rect ? rect.y + rect.height : Infinity
}
