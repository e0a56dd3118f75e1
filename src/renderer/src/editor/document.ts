/**
 * @file The masks of the face being edited: the pixels as shown, the same pixels before the edit in progress, what of
 * them the screen has not seen yet, and each part's area. Knows neither pointer, nor store, nor screen.
 */
import type { FaceMasks } from '../../../shared/answers'
import { PART_COUNT } from '../../../shared/labels'
import { createPartMap, drawRuns, partAreas, type PartMap, type Rect } from '../../../shared/mask'
import { applyPatch, settlePatch, type MaskPatch } from '../../../shared/patch'
import { diffTiles, type Edit } from './diff'
import { floodFill } from './flood'
import { inked, type Ink } from './ink'
import { TileSet } from './tiles'

/** Draws a face's 18 run-length parts into one map. Throws `file/malformed` where runs leave the grid. */
export function partMapOf(masks: Pick<FaceMasks, 'width' | 'height' | 'parts'>): PartMap {
  const map = createPartMap(masks.width, masks.height)
  masks.parts.forEach((mask, part) => drawRuns(map, part, mask.runs))
  return map
}

export class MaskDocument {
  /** The pixels as they are shown, the edit in progress included. */
  readonly map: PartMap
  /** Pixels that changed and are not on the screen yet; who shows them clears it. */
  readonly unseen: TileSet
  /** Pixels of each part, without the edit in progress. */
  areas: number[]
  /** Pixels visited by edits so far: the cost, for tests to count. */
  visited = 0
  /** The pixels without the edit in progress. A whole second copy: a stroke then pays nothing to remember what it covers. */
  readonly #before: Uint32Array<ArrayBuffer>
  readonly #touched: TileSet
  #editing: PromiseWithResolvers<void> | null = null

  constructor(map: PartMap) {
    this.map = map
    this.#before = map.bits.slice()
    this.#touched = new TileSet(map.width, map.height)
    this.unseen = new TileSet(map.width, map.height)
    this.areas = partAreas(map)
  }

  /** True from `begin` to `finish` or `bail`. */
  get editing(): boolean {
    return this.#editing !== null
  }

  /** Resolves when no edit is in progress. */
  async quiet(): Promise<void> {
    while (this.#editing) await this.#editing.promise
  }

  /** The bits of a pixel; 0 outside the grid. */
  bitsAt(x: number, y: number): number {
    const { width, height, bits } = this.map
    if (x < 0 || y < 0 || x >= width || y >= height) return 0
    return bits[Math.floor(y) * width + Math.floor(x)] as number
  }

  /** Starts an edit: what follows is one stroke, to be finished or bailed out of. */
  begin(): void {
    this.#editing ??= Promise.withResolvers()
  }

  /** Inks the pixels `start..end-1` of row `y`, within the grid. */
  paint(y: number, start: number, end: number, ink: Ink): void {
    const { width, bits } = this.map
    const { guard, keep, set } = ink
    const from = y * width + start
    const to = y * width + end
    // Most strokes take all and mind no lock; a first dab on a large grid is millions of pixels.
    if (guard === 0 && keep === 0) bits.fill(set, from, to)
    else {
      for (let i = from; i < to; i++) {
        const now = bits[i] as number
        if ((now & guard) === 0) bits[i] = (now & keep) | set
      }
    }
    this.#touch(y, start, end)
  }

  /** Inks the 4-connected pixels that have exactly the bits of pixel (`x`, `y`). */
  fill(x: number, y: number, ink: Ink): void {
    const value = inked(this.bitsAt(x, y), ink)
    floodFill(this.map, x, y, value, (row, start, end) => this.#touch(row, start, end))
  }

  /** Ends the edit and gives what it changed; null where it changed nothing. */
  finish(): Edit | null {
    const edit = diffTiles(this.#before, this.map, this.#touched)
    if (edit) {
      this.#copy(this.map.bits, this.#before)
      this.#gain(edit.gained)
    }
    this.#end()
    return edit
  }

  /** Ends the edit as if it had never begun. */
  bail(): void {
    this.#copy(this.#before, this.map.bits)
    this.unseen.add(this.#touched)
    this.#end()
  }

  /** Applies a patch from elsewhere (undo, redo, a roll-back) and gives what it really changed. Not during an edit. */
  apply(patch: MaskPatch): MaskPatch {
    const settled = settlePatch(this.map, patch)
    applyPatch(this.map, settled)
    applyPatch({ ...this.map, bits: this.#before }, settled)
    this.unseen.addRect(settled.rect)
    this.#gain(gains(settled))
    return settled
  }

  /** Replaces all pixels by those of a map of the same size. Not during an edit. */
  replace(map: PartMap): void {
    this.map.bits.set(map.bits)
    this.#before.set(map.bits)
    this.unseen.addRect({ x: 0, y: 0, width: map.width, height: map.height })
    this.areas = partAreas(map)
  }

  #gain(gained: readonly number[]): void {
    this.areas = this.areas.map((area, part) => area + (gained[part] ?? 0))
  }

  #touch(y: number, start: number, end: number): void {
    this.#touched.addSpan(y, start, end)
    this.unseen.addSpan(y, start, end)
    this.visited += end - start
  }

  #end(): void {
    this.#touched.clear()
    this.#editing?.resolve()
    this.#editing = null
  }

  /** Copies the touched tiles. */
  #copy(from: Uint32Array, to: Uint32Array): void {
    for (const rect of this.#touched.rects()) copyRect(from, to, this.map.width, rect)
  }
}

function copyRect(from: Uint32Array, to: Uint32Array, width: number, rect: Rect): void {
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * width + rect.x
    to.set(from.subarray(start, start + rect.width), start)
  }
}

/** Pixels that the patch adds to each part, less those it takes. */
function gains(patch: MaskPatch): number[] {
  const gained = new Array<number>(PART_COUNT).fill(0)
  const { set, clear } = patch
  for (let i = 0; i < set.length;) {
    const from = i
    const s = set[from] as number
    const c = clear[from] as number
    do i++
    while (i < set.length && set[i] === s && clear[i] === c)
    for (let part = 0; (s | c) >>> part !== 0; part++) {
      gained[part] = (gained[part] as number) + (((s >>> part) & 1) - ((c >>> part) & 1)) * (i - from)
    }
  }
  return gained
}
