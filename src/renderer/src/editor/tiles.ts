/** @file A set of pixels kept roughly: the 64 x 64 tiles that hold them. Tells uploads and diffs where to look. */
import type { Rect } from '../../../shared/mask'

const SHIFT = 6
/** Side of a tile in pixels. */
export const TILE = 1 << SHIFT

export class TileSet {
  readonly #columns: number
  readonly #rows: number
  readonly #marks: Uint8Array
  /** First and one-past-last tile row in use, so that a small set is cheap to read on a large grid. */
  #top = 0
  #bottom = 0

  /** `width`, `height`: the grid in pixels. */
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.#columns = Math.ceil(width / TILE)
    this.#rows = Math.ceil(height / TILE)
    this.#marks = new Uint8Array(this.#columns * this.#rows)
  }

  get isEmpty(): boolean {
    return this.#top >= this.#bottom
  }

  /** Adds the pixels `start..end-1` of row `y`, which lie in the grid. */
  addSpan(y: number, start: number, end: number): void {
    const tileRow = y >> SHIFT
    const first = tileRow * this.#columns
    this.#marks.fill(1, first + (start >> SHIFT), first + ((end - 1) >> SHIFT) + 1)
    this.#reach(tileRow, tileRow + 1)
  }

  addRect(rect: Rect): void {
    const bottom = rect.y + rect.height
    for (let y = rect.y; y < bottom; y = (y | (TILE - 1)) + 1) this.addSpan(y, rect.x, rect.x + rect.width)
  }

  add(other: TileSet): void {
    for (const rect of other.rects()) this.addRect(rect)
  }

  clear(): void {
    this.#marks.fill(0, this.#top * this.#columns, this.#bottom * this.#columns)
    this.#top = this.#bottom = 0
  }

  /** The tiles as rectangles cut to the grid, one for each run of neighbours in a tile row; top to bottom, left to right. */
  rects(): Rect[] {
    const rects: Rect[] = []
    for (let tileRow = this.#top; tileRow < this.#bottom; tileRow++) {
      const y = tileRow * TILE
      const height = Math.min(TILE, this.height - y)
      const marks = this.#marks.subarray(tileRow * this.#columns, (tileRow + 1) * this.#columns)
      for (let start = marks.indexOf(1); start >= 0;) {
        const stop = marks.indexOf(0, start)
        const end = stop < 0 ? this.#columns : stop
        rects.push({ x: start * TILE, y, width: Math.min(end * TILE, this.width) - start * TILE, height })
        start = stop < 0 ? -1 : marks.indexOf(1, stop)
      }
    }
    return rects
  }

  #reach(top: number, bottom: number): void {
    const empty = this.isEmpty
    this.#top = empty ? top : Math.min(this.#top, top)
    this.#bottom = empty ? bottom : Math.max(this.#bottom, bottom)
  }
}
