/** @file A map of classes as pixels to lay over a photo: each part in its colour, background clear, hatched what nobody vouches for. */
import { CLASS_NAMES, COLOURS } from '../../../shared/labels'
import { ELSEWHERE, IGNORED } from '../../../shared/mask'

const HATCH_RGBA = 0xb0_80_80_80
const PALETTE = Uint32Array.from(CLASS_NAMES, (name, index) => {
  const [red, green, blue] = COLOURS[name]
  return index === 0 ? 0 : ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
})

/** RGBA pixels of a class map [size, size] of SegFace's numbers; a number that is no class stays clear. */
export function labelPixels(labels: Uint8Array, size: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(size * size)
  for (let i = 0; i < pixels.length; i++) {
    const label = labels[i] as number
    if (label !== IGNORED && label !== ELSEWHERE) pixels[i] = PALETTE[label] ?? 0
    else if ((Math.floor(i / size) + (i % size)) % 6 < 2) pixels[i] = HATCH_RGBA
  }
  return new Uint8ClampedArray(pixels.buffer)
}
