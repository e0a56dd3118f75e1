/**
 * @file A change of masks inside a rectangle that can be applied both ways: which part bits a pixel gains and which it
 * loses. One currency for the brush, undo, the store's revisions and the wire.
 */
import { FacetError } from './errors'
import { ALL_PARTS } from './labels'
import { MAX_GRID, type PartMap, type Rect } from './mask'
import { VarintReader, VarintWriter } from './varint'

/** `set` and `clear` hold a pixel's part bits, row-major inside `rect`; no bit is in both. */
export interface MaskPatch {
  readonly rect: Rect
  readonly set: Uint32Array<ArrayBuffer>
  readonly clear: Uint32Array<ArrayBuffer>
}

/** A patch that changes nothing. */
export const EMPTY_PATCH: MaskPatch = {
  rect: { x: 0, y: 0, width: 0, height: 0 },
  set: new Uint32Array(0),
  clear: new Uint32Array(0),
}

export function isEmptyPatch(patch: MaskPatch): boolean {
  return patch.rect.width === 0 || patch.rect.height === 0
}

/** Makes a patch from two states of the pixels of `rect`, cut down to what really differs. */
export function diffPatch(before: PartMap, after: PartMap, rect: Rect): MaskPatch {
  const set = new Uint32Array(rect.width * rect.height)
  const clear = new Uint32Array(rect.width * rect.height)
  for (let y = 0, to = 0; y < rect.height; y++) {
    let from = (rect.y + y) * before.width + rect.x
    for (let x = 0; x < rect.width; x++, from++, to++) {
      const was = before.bits[from] as number
      const is = after.bits[from] as number
      set[to] = is & ~was
      clear[to] = was & ~is
    }
  }
  return trimPatch({ rect, set, clear })
}

/** The same patch in the smallest rectangle that holds its changes. */
export function trimPatch(patch: MaskPatch): MaskPatch {
  const { rect, set, clear } = patch
  let left = rect.width
  let right = -1
  let top = rect.height
  let bottom = -1
  for (let y = 0, i = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, i++) {
      if (((set[i] as number) | (clear[i] as number)) === 0) continue
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      bottom = y
    }
  }
  if (right < 0) return EMPTY_PATCH
  const width = right - left + 1
  const height = bottom - top + 1
  if (width === rect.width && height === rect.height) return patch
  const cut = (source: Uint32Array): Uint32Array<ArrayBuffer> => {
    const target = new Uint32Array(width * height)
    for (let y = 0; y < height; y++) {
      const from = (top + y) * rect.width + left
      target.set(source.subarray(from, from + width), y * width)
    }
    return target
  }
  return { rect: { x: rect.x + left, y: rect.y + top, width, height }, set: cut(set), clear: cut(clear) }
}

/** Applies the patch in place: a pixel loses `clear`, then gains `set`. */
export function applyPatch(map: PartMap, patch: MaskPatch): void {
  const { rect, set, clear } = patch
  for (let y = 0, i = 0; y < rect.height; y++) {
    let at = (rect.y + y) * map.width + rect.x
    for (let x = 0; x < rect.width; x++, i++, at++) {
      map.bits[at] = ((map.bits[at] as number) & ~(clear[i] as number)) | (set[i] as number)
    }
  }
}

/** The patch that takes this one back. Exact for a patch that was `settlePatch`ed against the state it was applied to. */
export function invertPatch(patch: MaskPatch): MaskPatch {
  return { rect: patch.rect, set: patch.clear, clear: patch.set }
}

/** What the patch really changes on `map`: bits already there are not set again, bits not there are not cleared. */
export function settlePatch(map: PartMap, patch: MaskPatch): MaskPatch {
  const { rect } = patch
  const set = new Uint32Array(patch.set.length)
  const clear = new Uint32Array(patch.clear.length)
  for (let y = 0, i = 0; y < rect.height; y++) {
    let at = (rect.y + y) * map.width + rect.x
    for (let x = 0; x < rect.width; x++, i++, at++) {
      const now = map.bits[at] as number
      set[i] = (patch.set[i] as number) & ~now
      clear[i] = (patch.clear[i] as number) & now
    }
  }
  return trimPatch({ rect, set, clear })
}

/** The parts (as bits) that the patch touches anywhere. */
export function patchParts(patch: MaskPatch): number {
  let parts = 0
  for (let i = 0; i < patch.set.length; i++) parts |= (patch.set[i] as number) | (patch.clear[i] as number)
  return parts
}

/** Varints: x, y, width, height, then runs of (length, set, clear) over the rectangle until it is full. */
export function encodePatch(patch: MaskPatch): Uint8Array<ArrayBuffer> {
  const { rect, set, clear } = patch
  const writer = new VarintWriter().varint(rect.x).varint(rect.y).varint(rect.width).varint(rect.height)
  for (let i = 0; i < set.length;) {
    const start = i
    const s = set[start] as number
    const c = clear[start] as number
    while (i < set.length && set[i] === s && clear[i] === c) i++
    writer
      .varint(i - start)
      .varint(s)
      .varint(c)
  }
  return writer.finish()
}

/**
 * Reads what `encodePatch` wrote, for a grid of `width` x `height` pixels.
 * Throws `file/malformed` where a number, the rectangle or a run does not fit.
 */
export function decodePatch(bytes: Uint8Array, width: number, height: number): MaskPatch {
  const reader = new VarintReader(bytes, 'mask patch')
  const rect = { x: reader.varint(), y: reader.varint(), width: reader.varint(), height: reader.varint() }
  if (width > MAX_GRID || height > MAX_GRID || rect.x + rect.width > width || rect.y + rect.height > height) {
    throw new FacetError(
      'file/malformed',
      `The mask patch is damaged: its rectangle ${rect.width} x ${rect.height} at ${rect.x},${rect.y} leaves the grid of ${width} x ${height}.`,
    )
  }
  const size = rect.width * rect.height
  const set = new Uint32Array(size)
  const clear = new Uint32Array(size)
  let position = 0
  while (position < size) {
    const length = reader.varint()
    const s = reader.varint()
    const c = reader.varint()
    if (length === 0 || position + length > size || s > ALL_PARTS || c > ALL_PARTS || (s & c) !== 0) {
      throw new FacetError(
        'file/malformed',
        `The mask patch is damaged: its run at pixel ${position} of ${size} does not fit.`,
      )
    }
    set.fill(s, position, position + length)
    clear.fill(c, position, position + length)
    position += length
  }
  if (!reader.done)
    throw new FacetError('file/malformed', 'The mask patch is damaged: bytes follow its last run.')
  return { rect, set, clear }
}
