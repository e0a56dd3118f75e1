/**
 * @file Windows on a map, the geometry of Swin's attention: which pixels each window holds, and which of them see each other.
 * Liu et al., Swin Transformer (https://arxiv.org/abs/2103.14030), sections 3.2 and 3.3, with torchvision's rules where
 * windows do not divide the map.
 *
 * Padding, rolling, cutting in windows and splitting in heads only move numbers, and where to depends on nothing but sizes.
 * So it is worked out here, once for each size, and the network moves numbers by one `Gather` each way, without a chain of
 * slices and transposes. No row is gathered twice: the gradient of such a `Gather` is another one.
 */
import { tensor } from '../../base/tensor'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Concat, Gather, Reshape } from '../../onnx/ops/shape'

/** Height and width of a map in pixels. */
export type MapSize = readonly [height: number, width: number]

/** A map cut in square windows, row by row, as their pixels row by row. */
export interface WindowLayout {
  readonly map: MapSize
  /** Pixels along an edge of a window. */
  readonly side: number
  /** How many windows there are. */
  readonly windows: number
  /** How many pixels of zeros make the map a whole number of windows. */
  readonly padding: number
  /** The map's pixel at [window, place], numbered row by row; numbers from height · width on are padding. */
  readonly pixels: Int32Array
  /** The part of the map that [window, place] belongs to: in a rolled map windows at the end hold pixels of several parts. */
  readonly regions: Uint8Array
}

/** Windows on a map that is padded below and on the right, then rolled up and left by `shift` where one window is not all. */
export function layOutWindows(map: MapSize, side: number, shift: number): WindowLayout {
  const [height, width] = map.map((pixels) => Math.ceil(pixels / side) * side) as [number, number]
  const [down, right] = [height, width].map((pixels) => (pixels > side ? shift : 0)) as [number, number]
  const pixels = new Int32Array(height * width)
  const regions = new Uint8Array(height * width)
  let place = 0
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++) {
          pixels[place] = pixelNumber(map, width, (y + down) % height, (x + right) % width)
          regions[place++] = 3 * region(y, height, side, down) + region(x, width, side, right)
        }
      }
    }
  }
  const padding = pixels.length - map[0] * map[1]
  return { map, side, windows: pixels.length / side ** 2, padding, pixels, regions }
}

/** The number of the pixel at (y, x) of a padded map: the map's own come first, row by row, then the padding, row by row. */
function pixelNumber([height, width]: MapSize, paddedWidth: number, y: number, x: number): number {
  if (y >= height) return y * paddedWidth + x
  return x < width ? y * width + x : height * width + y * (paddedWidth - width) + (x - width)
}

/** Along a rolled axis the last window holds two parts that are not neighbours: its own, and what was rolled in. */
function region(place: number, length: number, side: number, shift: number): 0 | 1 | 2 {
  if (shift === 0 || place < length - side) return 0
  return place < length - shift ? 1 : 2
}

/**
 * Which number of a bias table [(2 side - 1)²] belongs to two places of a window [query, key]: the table holds one for each
 * way in which they can lie to each other. Checkpoints store the same numbers as `relative_position_index`.
 */
export function relativePositionIndex(side: number): Int32Array {
  const size = side ** 2
  return Int32Array.from({ length: size ** 2 }, (_, index) => {
    const [query, key] = [Math.floor(index / size), index % size]
    const dy = Math.floor(query / side) - Math.floor(key / side)
    const dx = (query % side) - (key % side)
    return (dy + side - 1) * (2 * side - 1) + (dx + side - 1)
  })
}

/** The constants by which a network goes from a map to windows and back. */
export interface Windows {
  readonly layout: WindowLayout
  /** Rows of a head's channels at [window, head, place], for queries, for keys and for values. */
  readonly rows: readonly [query: Value, key: Value, value: Value]
  /** The way back: rows of the windows at [pixel, head]. */
  readonly pixels: Value
  /** `relativePositionIndex` of [query, key]. */
  readonly relativePositions: Value
  /** Pixels of zeros that make the map a whole number of windows [N, padding, 3 C]; null where it is one. */
  readonly padding: Value | null
  /** Added to scores, keeps regions apart [window, 1, query, key]; null where no window holds two. */
  readonly mask: Value | null
}

/** Queries, keys and values lie side by side in a pixel, in this order. */
const [QUERY, KEY, VALUE] = [0, 1, 2] as const
const PARTS = 3

/** What torchvision adds to the scores of pixels that are not to see each other. */
const MASKED = -100

/**
 * The zeros that make a map of C channels a whole number of windows, [N, padding, 3 C] for queries, keys and values; null
 * where it is one. Layouts of one map and side have them in common.
 */
export function windowPadding(
  g: GraphBuilder,
  name: string,
  layout: WindowLayout,
  { batch, channels }: { batch: number; channels: number },
): Value | null {
  return zeroPixels(g, `${name}.padding`, [batch, layout.padding, PARTS * channels])
}

/** The constants of `layout` for attention with `heads` heads, named `{name}.…`; `padding` as `windowPadding` makes it. */
export function windowConstants(
  g: GraphBuilder,
  name: string,
  layout: WindowLayout,
  { heads, padding }: { heads: number; padding: Value | null },
): Windows {
  const { map, side, windows, pixels } = layout
  const size = side ** 2
  const constant = (part: string, shape: readonly number[], data: Int32Array | Float32Array) =>
    g.initializer(`${name}.${part}`, tensor(data instanceof Int32Array ? 'int32' : 'float32', shape, data))

  const back = new Int32Array(map[0] * map[1] * heads)
  const query = new Int32Array(pixels.length * heads)
  pixels.forEach((pixel, index) => {
    for (let head = 0; head < heads; head++) {
      const row = (Math.floor(index / size) * heads + head) * size + (index % size)
      query[row] = (pixel * PARTS + QUERY) * heads + head
      // Padding has no way back: its place is beyond the end of the array, which ignores it.
      back[pixel * heads + head] = row
    }
  })
  const rows = (part: string, offset: number) =>
    constant(part, [windows, heads, size], query.map((row) => row + offset * heads)) // prettier-ignore
  const mask = maskOf(layout)
  return {
    layout,
    rows: [rows('query', QUERY), rows('key', KEY), rows('value', VALUE)],
    pixels: constant('pixels', [map[0] * map[1], heads], back),
    relativePositions: constant('relative_positions', [size, size], relativePositionIndex(side)),
    padding,
    mask: mask === null ? null : constant('mask', [windows, 1, size, size], mask),
  }
}

function maskOf({ side, regions }: WindowLayout): Float32Array | null {
  if (regions.every((each) => each === 0)) return null
  const size = side ** 2
  return Float32Array.from({ length: regions.length * size }, (_, index) => {
    const query = Math.floor(index / size)
    const key = query - (query % size) + (index % size)
    return regions[query] === regions[key] ? 0 : MASKED
  })
}

/** Queries, keys and values of a map [N, H, W, 3 C], each [N, windows, heads, places, C / heads]; those of padding are zeros. */
export function splitWindows(
  g: GraphBuilder,
  qkv: Value,
  { rows, padding }: Windows,
): readonly [query: Value, key: Value, value: Value] {
  const [batch = 0, height = 0, width = 0, channels = 0] = qkv.shape
  const [, heads = 0] = rows[QUERY].shape
  const pixels = withPadding(g, Reshape(g, qkv, [batch, height * width, channels]), padding)
  const perHead = Reshape(g, pixels, [batch, -1, channels / (PARTS * heads)])
  const [query, key, value] = rows
  return [Gather(g, perHead, query, 1), Gather(g, perHead, key, 1), Gather(g, perHead, value, 1)]
}

/** The reverse of `splitWindows` for one part: [N, windows, heads, places, C / heads] to [N, H, W, C], without padding. */
export function joinWindows(g: GraphBuilder, x: Value, { layout, pixels }: Windows): Value {
  const [batch = 0, windows = 0, heads = 0, places = 0, channels = 0] = x.shape
  const rows = Reshape(g, x, [batch, windows * heads * places, channels])
  return Reshape(g, Gather(g, rows, pixels, 1), [batch, ...layout.map, heads * channels])
}

/** Patch merging puts 2 x 2 pixels side by side column by column; a window holds them row by row. */
const COLUMN_BY_COLUMN = [0, 2, 1, 3]

/** Each 2 x 2 pixels of a map [N, H, W, C] as one [N, ⌈H/2⌉, ⌈W/2⌉, 4 C]; an odd edge meets zeros. */
export function mergePixels(g: GraphBuilder, name: string, x: Value): Value {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const { windows, padding, pixels } = layOutWindows([height, width], 2, 0)
  const fours = pixels.map((_, index) => {
    const place = COLUMN_BY_COLUMN[index % 4] as number
    return pixels[index - (index % 4) + place] as number
  })
  const index = g.initializer(`${name}.pixels`, tensor('int32', [windows, 4], fours))
  const zeros = zeroPixels(g, `${name}.padding`, [batch, padding, channels])
  const padded = withPadding(g, Reshape(g, x, [batch, height * width, channels]), zeros)
  const merged: MapSize = [Math.ceil(height / 2), Math.ceil(width / 2)]
  return Reshape(g, Gather(g, padded, index, 1), [batch, ...merged, 4 * channels])
}

/** Zeros [N, P, C] called `name`; null where P is 0. */
function zeroPixels(g: GraphBuilder, name: string, shape: readonly [number, number, number]): Value | null {
  const [batch, pixels, channels] = shape
  if (pixels === 0) return null
  return g.initializer(name, tensor('float32', shape, new Float32Array(batch * pixels * channels)))
}

/** Pixels [N, P, C] with those of `padding` after them: onnxruntime's `Concat` takes two thirds of the time of its `Pad`. */
function withPadding(g: GraphBuilder, pixels: Value, padding: Value | null): Value {
  return padding === null ? pixels : Concat(g, [pixels, padding], 1)
}
