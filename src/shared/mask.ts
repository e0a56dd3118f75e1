/**
 * @file The masks of one face: 18 binary parts that may overlap, one bit each per pixel; their run-length form, and
 * flattening to one class per pixel by a named painting order.
 */
import { at } from './assert'
import { FacetError } from './errors'
import { ALL_PARTS, CLASS_NAMES, PAINT_ORDERS, PART_COUNT, PART_INDEX, type PaintOrder } from './labels'
import { VarintReader, VarintWriter } from './varint'

/** A rectangle of whole pixels; `x`, `y` is its upper left corner. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Row-major pixels; bit `p` of a pixel is set where part `p` (0..17, see PART_NAMES) is. */
export interface PartMap {
  readonly width: number
  readonly height: number
  readonly bits: Uint32Array<ArrayBuffer>
}

/** One class a pixel, row-major, in SegFace's numbers; `IGNORED` or `ELSEWHERE` where nobody said which. */
export interface LabelMap {
  readonly width: number
  readonly height: number
  readonly labels: Uint8Array<ArrayBuffer>
}

/** What a person vouches for in a face. */
export interface Truth extends LabelMap {
  /** Bits of the parts that were checked; null: all of it, background too. */
  readonly checked: number | null
}

/** The label of a pixel that counts neither in a score nor in a loss. */
export const IGNORED = 255
/** The label of a pixel that shows none of the parts that were checked in its face; which other class it is, nobody said. */
export const ELSEWHERE = 254

/** Largest side of a mask grid; beyond, one face's 4-byte pixels would pass 256 MiB. */
export const MAX_GRID = 8192

/** An empty map, every part absent. */
export function createPartMap(width: number, height: number): PartMap {
  return { width, height, bits: new Uint32Array(width * height) }
}

/** One class per pixel (SegFace's numbers 0..18) as parts that do not overlap; other values mean background. */
export function partMapFromLabels(labels: Uint8Array, width: number, height: number): PartMap {
  const map = createPartMap(width, height)
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    if (label > 0 && label < CLASS_NAMES.length) map.bits[i] = 1 << (label - 1)
  }
  return map
}

/** One class per pixel, row-major, in SegFace's numbers: where parts overlap the later one of `order` shows. */
export function flatten(map: PartMap, order: PaintOrder = 'segface'): Uint8Array<ArrayBuffer> {
  const painted = PAINT_ORDERS[order].map((name) => PART_INDEX[name]).reverse()
  const labels = new Uint8Array(map.bits.length)
  for (let i = 0; i < labels.length; i++) {
    const bits = map.bits[i] as number
    if (bits === 0) continue
    for (const part of painted) {
      if ((bits >>> part) & 1) {
        labels[i] = part + 1
        break
      }
    }
  }
  return labels
}

/** Pixels of each of the 18 parts. */
export function partAreas(map: PartMap): number[] {
  const areas = new Array<number>(PART_COUNT).fill(0)
  for (let i = 0; i < map.bits.length; i++) {
    let bits = map.bits[i] as number
    while (bits !== 0) {
      const part = 31 - Math.clz32(bits & -bits)
      areas[part] = (areas[part] as number) + 1
      bits &= bits - 1
    }
  }
  return areas
}

/**
 * One part as varint run lengths over the row-major grid, absent and present in turn, absent first (its first run may
 * be 0); the last absent run is left out, so an empty part has no bytes.
 */
export function encodeRuns(map: PartMap, part: number): Uint8Array<ArrayBuffer> {
  return at(encodeParts(map, 1 << part), part)
}

/** `encodeRuns` of all the parts in the bits `parts`, in one pass over the grid; the others' places are empty. */
export function encodeParts(map: PartMap, parts = ALL_PARTS): Uint8Array<ArrayBuffer>[] {
  const writers = Array.from({ length: PART_COUNT }, () => new VarintWriter())
  const starts = new Uint32Array(PART_COUNT)
  const { bits } = map
  let present = 0
  for (let i = 0; i < bits.length; i++) {
    let turned = ((bits[i] as number) ^ present) & parts
    if (turned === 0) continue
    present ^= turned
    for (; turned !== 0; turned &= turned - 1) {
      const part = 31 - Math.clz32(turned & -turned)
      at(writers, part).varint(i - (starts[part] as number))
      starts[part] = i
    }
  }
  return writers.map((writer, part) => {
    if ((present >>> part) & 1) writer.varint(bits.length - (starts[part] as number))
    return writer.finish()
  })
}

/** Draws `runs` into `map` as part `part`, whose pixels must be absent before; refuses runs that leave the grid. */
export function drawRuns(map: PartMap, part: number, runs: Uint8Array): void {
  const reader = new VarintReader(runs, `mask of ${CLASS_NAMES[part + 1] ?? part}`)
  const bit = 1 << part
  for (let position = 0, present = false; !reader.done; present = !present) {
    const end = position + reader.varint()
    if (end > map.bits.length) {
      throw new FacetError(
        'file/malformed',
        `The mask of ${CLASS_NAMES[part + 1] ?? part} is damaged: its runs reach pixel ${end}, but its grid of ${map.width} x ${map.height} has ${map.bits.length}.`,
      )
    }
    if (present) for (; position < end; position++) map.bits[position] = (map.bits[position] as number) | bit
    position = end
  }
}
