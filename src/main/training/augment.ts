/**
 * @file A face changed as faces differ: mirrored, turned, larger or smaller, in other light. Labels move with the picture; what
 * comes from outside it does not count (255).
 */
import { at } from '../../shared/assert'
import { IGNORED } from '../../shared/mask'
import { CLASS_NAMES, MIRROR_PAIRS } from '../../shared/labels'
import type { TrainSettings } from '../../shared/training'
import { randomOf, type Random } from './random'

/** A square picture, interleaved RGB bytes [side, side, 3], with one class a pixel [side, side]. */
export interface Face {
  readonly side: number
  readonly rgb: Uint8Array
  readonly labels: Uint8Array
  /** Bits of the parts that were checked, which `ELSEWHERE` is about; null: all of it. */
  readonly checked: number | null
}

export type Augmentation = Pick<TrainSettings, 'flip' | 'rotation' | 'scale' | 'colour'>

/** One draw of what may change. */
export interface Change {
  readonly mirrored: boolean
  /** Radians, and a factor of the size. */
  readonly angle: number
  readonly zoom: number
  /** Shift in parts of the side. */
  readonly shift: readonly [number, number]
  /** Per channel: byte → byte; null where light stays. */
  readonly tones: readonly [Uint8Array, Uint8Array, Uint8Array] | null
  /** Grey noise: its standard deviation in bytes, and the seed that it is drawn from. */
  readonly grain: { readonly deviation: number; readonly seed: number } | null
}

export const UNCHANGED: Change = {
  mirrored: false,
  angle: 0,
  zoom: 1,
  shift: [0, 0],
  tones: null,
  grain: null,
}

/** Of full strength, in bytes: the noise of a camera at night. Few faces with noise of their own would be known by it. */
const GRAIN = 24
/** A shift goes with turning and scaling, in parts of the side. */
const SHIFT = 0.02

/** One change of a face, within what `flip`, `rotation`, `scale` and `colour` allow (their units are those of the settings). */
export function drawChange({ flip, rotation, scale, colour }: Augmentation, random: Random): Change {
  const moves = rotation > 0 || scale > 0
  return {
    mirrored: flip && random.uniform() < 0.5,
    angle: (rotation * Math.PI * random.normal()) / 180,
    zoom: Math.exp(scale * random.normal()),
    shift: moves ? [SHIFT * random.normal(), SHIFT * random.normal()] : [0, 0],
    tones: colour > 0 ? drawTones(colour, random) : null,
    grain:
      colour > 0
        ? { deviation: GRAIN * colour * Math.abs(random.normal()), seed: random.below(2 ** 30) }
        : null,
  }
}

/** Brightness, contrast, gamma and a cast of colour, as one table for each channel. */
function drawTones(strength: number, random: Random): NonNullable<Change['tones']> {
  const gain = Math.exp(0.25 * strength * random.normal())
  const offset = 0.1 * strength * random.normal()
  const gamma = Math.exp(0.25 * strength * random.normal())
  const casts = [0, 1, 2].map(() => Math.exp(0.08 * strength * random.normal()))
  const table = (channel: number): Uint8Array =>
    Uint8Array.from({ length: 256 }, (_, byte) => {
      const value = (((byte / 255) ** gamma - 0.5) * gain + 0.5 + offset) * (casts[channel] ?? 1)
      return Math.round(255 * Math.min(1, Math.max(0, value)))
    })
  return [table(0), table(1), table(2)]
}

/** Class numbers of a mirrored face: left and right parts exchanged. */
const MIRRORED = Uint8Array.from({ length: 256 }, (_, number) => number)
for (const [left, right] of MIRROR_PAIRS) {
  MIRRORED[CLASS_NAMES.indexOf(left)] = CLASS_NAMES.indexOf(right)
  MIRRORED[CLASS_NAMES.indexOf(right)] = CLASS_NAMES.indexOf(left)
}

/** Bits of parts (part p is class p + 1) of a mirrored face. */
function mirroredParts(checked: number | null): number | null {
  if (checked === null) return null
  let bits = 0
  for (let part = 0; part < CLASS_NAMES.length - 1; part++)
    if ((checked >>> part) & 1) bits |= 1 << (at(MIRRORED, part + 1) - 1)
  return bits
}

/** The face after `change`; bilinear for the picture, whose edge is repeated, nearest for the labels. */
export function applyChange(face: Face, change: Change): Face {
  const { mirrored, angle, zoom, shift, tones, grain } = change
  const isMoved = angle !== 0 || zoom !== 1 || shift[0] !== 0 || shift[1] !== 0
  const placed = isMoved ? moved(face, change) : mirrored ? mirror(face) : face
  const lit = tones === null ? placed.rgb : toned(placed.rgb, tones)
  return { ...placed, rgb: grain === null ? lit : grained(lit, grain) }
}

function toned(rgb: Uint8Array, [red, green, blue]: NonNullable<Change['tones']>): Uint8Array {
  const out = new Uint8Array(rgb.length)
  for (let i = 0; i < rgb.length; i += 3) {
    out[i] = red[rgb[i] as number] as number
    out[i + 1] = green[rgb[i + 1] as number] as number
    out[i + 2] = blue[rgb[i + 2] as number] as number
  }
  return out
}

/** Standard normal numbers to pick from, which is faster than to draw them. */
const NORMALS = (() => {
  const random = randomOf(0)
  return Float32Array.from({ length: 2 ** 14 }, () => random.normal())
})()

/** With the same noise in all three channels of a pixel. */
function grained(rgb: Uint8Array, { deviation, seed }: NonNullable<Change['grain']>): Uint8Array {
  const out = new Uint8ClampedArray(rgb.length)
  let state = seed | 1
  for (let i = 0; i < rgb.length; i += 3) {
    // Marsaglia's xorshift (https://doi.org/10.18637/jss.v008.i14).
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const noise = deviation * (NORMALS[state & (NORMALS.length - 1)] as number)
    out[i] = (rgb[i] as number) + noise
    out[i + 1] = (rgb[i + 1] as number) + noise
    out[i + 2] = (rgb[i + 2] as number) + noise
  }
  return new Uint8Array(out.buffer)
}

function mirror({ side, rgb, labels, checked }: Face): Face {
  const flipped = {
    ...{ side, rgb: new Uint8Array(rgb.length), labels: new Uint8Array(labels.length) },
    checked: mirroredParts(checked),
  }
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [to, from] = [y * side + x, y * side + side - 1 - x]
      flipped.labels[to] = MIRRORED[labels[from] as number] as number
      for (let c = 0; c < 3; c++) flipped.rgb[3 * to + c] = rgb[3 * from + c] as number
    }
  }
  return flipped
}

function moved({ side, rgb, labels, checked }: Face, { mirrored, angle, zoom, shift }: Change): Face {
  const [pixels, classes] = [new Uint8Array(rgb.length), new Uint8Array(labels.length).fill(IGNORED)]
  const [cosine, sine] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom]
  const centre = (side - 1) / 2
  const last = side - 1
  const [across, down] = [shift[0] * side, shift[1] * side]
  for (let y = 0, to = 0; y < side; y++) {
    const dy = y - centre - down
    for (let x = 0; x < side; x++, to++) {
      const dx = (mirrored ? last - x : x) - centre - across
      // Where this pixel of the result lies in the face.
      const u = cosine * dx + sine * dy + centre
      const v = cosine * dy - sine * dx + centre
      if (u >= -0.5 && u < last + 0.5 && v >= -0.5 && v < last + 0.5) {
        const label = labels[((v + 0.5) | 0) * side + ((u + 0.5) | 0)] as number
        classes[to] = mirrored ? (MIRRORED[label] as number) : label
      }
      const cu = u < 0 ? 0 : u > last ? last : u
      const cv = v < 0 ? 0 : v > last ? last : v
      const left = cu < last ? cu | 0 : last - 1
      const top = cv < last ? cv | 0 : last - 1
      const fx = cu - left
      const fy = cv - top
      const above = 3 * (top * side + left)
      const below = above + 3 * side
      for (let c = 0; c < 3; c++) {
        const upperLeft = rgb[above + c] as number
        const lowerLeft = rgb[below + c] as number
        const upper = upperLeft + fx * ((rgb[above + c + 3] as number) - upperLeft)
        const lower = lowerLeft + fx * ((rgb[below + c + 3] as number) - lowerLeft)
        pixels[3 * to + c] = upper + fy * (lower - upper) + 0.5
      }
    }
  }
  return { side, rgb: pixels, labels: classes, checked: mirrored ? mirroredParts(checked) : checked }
}
