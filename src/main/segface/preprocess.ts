/** @file A picture's bytes to the network's input: scaled to 0..1, then by ImageNet's mean and standard deviation. */
import { invariant } from '../../shared/assert'

/** Red, green, blue, of values in 0..1: torchvision's constants, which SegFace normalises with. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const

/** Interleaved RGB bytes [pixels, 3] as normalised planes [3, pixels]. */
export function normalise(rgb: Uint8Array): Float32Array {
  invariant(rgb.length % 3 === 0, `${rgb.length} bytes are not whole RGB pixels`)
  const pixels = rgb.length / 3
  const planes = new Float32Array(rgb.length)
  for (const channel of [0, 1, 2] as const) {
    const mean = IMAGENET_MEAN[channel]
    const deviation = IMAGENET_STD[channel]
    // A byte has 256 values, so the arithmetic is done 256 times.
    const table = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / deviation)
    for (let pixel = 0; pixel < pixels; pixel++) {
      planes[channel * pixels + pixel] = table[rgb[3 * pixel + channel] as number] as number
    }
  }
  return planes
}
