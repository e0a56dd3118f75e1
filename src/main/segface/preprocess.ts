/**
 * @file A photo and its masks as the network takes them, to the bit what SegFace's loader makes of them (datasets/celebamask_hq.py):
 * the photo by Pillow's BICUBIC, scaled to 0..1, then by ImageNet's mean and standard deviation; the labels by Pillow's NEAREST.
 */
import { invariant } from '../../shared/assert'
import type { LabelMap } from '../../shared/mask'
import { readPicture, resizeCubic } from '../imaging/picture'
import { resizeNearest } from '../imaging/resize'

/** Red, green, blue, of values in 0..1: torchvision's constants, which SegFace normalises with. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const

/** The photo at `path`, squeezed into a square where it is none: normalised planes [3, side, side]. Errors as for `readPicture`. */
export async function readInput(path: string, side: number): Promise<Float32Array> {
  return normalise(resizeCubic(await readPicture(path), side, side).rgb)
}

/**
 * Ground truth at the network's side, [side, side]: each pixel takes the label under its centre, as Pillow does, and as
 * SegFace scores (OpenCV's INTER_NEAREST takes that under its corner, which at half the size is another pixel).
 */
export function labelsAt({ width, height, labels }: LabelMap, side: number): Uint8Array {
  if (width === side && height === side) return labels
  return resizeNearest(labels, new Uint8Array(side * side), width, height, side, side)
}

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
