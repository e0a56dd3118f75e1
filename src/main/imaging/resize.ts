/**
 * @file Resizing as Pillow does it, to the bit, because networks were trained on its results: BICUBIC (SegFace) or BILINEAR
 * for pictures, NEAREST for masks. Source: Pillow, src/libImaging/Resample.c and Geometry.c.
 */

/** Fraction bits of a weight: 32 less 8 for the pixel and 2 for the overshoot of negative lobes. */
const PRECISION_BITS = 22
/** One half in fixed point: sums start with it, so that dropping the fraction rounds. */
const HALF = 1 << (PRECISION_BITS - 1)
/** Keys' cubic with a = -0.5. */
function cubic(x: number): number {
  const t = Math.abs(x)
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1
  if (t < 2) return -0.5 * (((t - 5) * t + 8) * t - 4)
  return 0
}

/** The triangle of linear interpolation. */
function linear(x: number): number {
  return Math.max(0, 1 - Math.abs(x))
}

/** Kernels by Pillow's names in lower case, with half their width in source pixels at scale 1. */
const FILTERS = {
  bicubic: { kernel: cubic, support: 2 },
  bilinear: { kernel: linear, support: 1 },
} as const
export type ResizeFilter = keyof typeof FILTERS

/** For each target position the first source position, how many follow, and their weights in fixed point. */
interface Taps {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `most` weights a position, those beyond its count unused. */
  readonly weights: Int32Array
  readonly most: number
}

/** The kernel widens with the reduction, so that every source pixel counts (antialiasing). */
function tapsOf(filter: ResizeFilter, from: number, to: number): Taps {
  const { kernel, support: width } = FILTERS[filter]
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const support = width * stretch
  const most = Math.ceil(support) * 2 + 1
  const first = new Int32Array(to)
  const count = new Int32Array(to)
  const weights = new Int32Array(to * most)
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(from, Math.trunc(centre + support + 0.5))
    const exact = Array.from({ length: end - start }, (_, j) => kernel((start + j - centre + 0.5) / stretch))
    const sum = exact.reduce((a, b) => a + b, 0)
    exact.forEach((weight, j) => {
      const scaled = (weight / sum) * 2 ** PRECISION_BITS
      weights[i * most + j] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    })
    first[i] = start
    count[i] = end - start
  }
  return { first, count, weights, most }
}

/** RGB [height, width, 3] to as many columns as there are taps. */
function resampleWidth(
  rgb: Uint8Array,
  { first, count, weights, most }: Taps,
  width: number,
  height: number,
): Uint8Array {
  const to = first.length
  const target = new Uint8ClampedArray(height * to * 3)
  for (let y = 0, position = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      let red = HALF
      let green = HALF
      let blue = HALF
      let source = (y * width + (first[x] as number)) * 3
      const end = x * most + (count[x] as number)
      for (let tap = x * most; tap < end; tap++, source += 3) {
        const weight = weights[tap] as number
        red = (red + Math.imul(rgb[source] as number, weight)) | 0
        green = (green + Math.imul(rgb[source + 1] as number, weight)) | 0
        blue = (blue + Math.imul(rgb[source + 2] as number, weight)) | 0
      }
      target[position++] = red >> PRECISION_BITS
      target[position++] = green >> PRECISION_BITS
      target[position++] = blue >> PRECISION_BITS
    }
  }
  return new Uint8Array(target.buffer)
}

/** Rows of `row` bytes to those that the taps make of them. */
function resampleHeight(rows: Uint8Array, { first, count, weights, most }: Taps, row: number): Uint8Array {
  const to = first.length
  const target = new Uint8ClampedArray(to * row)
  for (let y = 0, position = 0; y < to; y++) {
    const start = (first[y] as number) * row
    const end = y * most + (count[y] as number)
    for (let x = 0; x < row; x++) {
      let sum = HALF
      for (let tap = y * most, source = start + x; tap < end; tap++, source += row) {
        sum = (sum + Math.imul(rows[source] as number, weights[tap] as number)) | 0
      }
      target[position++] = sum >> PRECISION_BITS
    }
  }
  return new Uint8Array(target.buffer)
}

/** RGB [height, width, 3] to [toHeight, toWidth, 3]: Pillow's `resize(size, filter)`, width first. */
export function resizeRgb(
  rgb: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  filter: ResizeFilter,
): Uint8Array {
  const wide = toWidth === width ? rgb : resampleWidth(rgb, tapsOf(filter, width, toWidth), width, height)
  return toHeight === height ? wide : resampleHeight(wide, tapsOf(filter, height, toHeight), toWidth * 3)
}

/** One value a pixel, [height, width] to [toHeight, toWidth]: Pillow's `resize(size, NEAREST)`. */
export function resizeNearest<T extends Uint8Array | Uint32Array>(
  values: T,
  target: T,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): T {
  const columns = Int32Array.from({ length: toWidth }, (_, x) => Math.floor(((x + 0.5) * width) / toWidth))
  for (let y = 0, to = 0; y < toHeight; y++) {
    const row = Math.floor(((y + 0.5) * height) / toHeight) * width
    for (let x = 0; x < toWidth; x++) target[to++] = values[row + (columns[x] as number)] as number
  }
  return target
}
