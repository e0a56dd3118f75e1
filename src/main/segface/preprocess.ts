/**
 * @file A photo and its masks as the network takes them, for SegFace to the bit what its loader makes of them
 * (datasets/celebamask_hq.py): the photo by Pillow's BICUBIC, scaled to 0..1, then by ImageNet's mean and standard deviation; the
 * labels by Pillow's NEAREST.
 */
import { invariant } from '../../shared/assert'
import type { LabelMap } from '../../shared/mask'
import { SEGFACE_PREPROCESSING, type Preprocessing } from '../../shared/network'
import { readPicture, resizePicture, type Picture } from '../imaging/picture'
import { resizeNearest } from '../imaging/resize'

/** The photo at `path`, squeezed into a square where it is none: normalised planes [3, side, side]. Errors as for `readPicture`. */
export async function readInput(
  path: string,
  side: number,
  how: Preprocessing = SEGFACE_PREPROCESSING,
): Promise<Float32Array> {
  return inputOf(await readPicture(path), side, how)
}

/** `readInput` of a photo that is read already. */
export function inputOf(photo: Picture, side: number, how: Preprocessing): Float32Array {
  return normalise(resizePicture(photo, side, side, how.resize).rgb, how)
}

/**
 * Ground truth at the network's side, [side, side]: each pixel takes the label under its centre, as Pillow does, and as
 * SegFace scores (OpenCV's INTER_NEAREST takes that under its corner, which at half the size is another pixel).
 */
export function labelsAt({ width, height, labels }: LabelMap, side: number): Uint8Array {
  if (width === side && height === side) return labels
  return resizeNearest(labels, new Uint8Array(side * side), width, height, side, side)
}

/** Interleaved RGB bytes [pixels, 3] as normalised planes [3, pixels], in the order of `colours`. */
export function normalise(
  rgb: Uint8Array,
  how: Pick<Preprocessing, 'mean' | 'std' | 'colours'> = SEGFACE_PREPROCESSING,
): Float32Array {
  invariant(rgb.length % 3 === 0, `${rgb.length} bytes are not whole RGB pixels`)
  const pixels = rgb.length / 3
  const planes = new Float32Array(rgb.length)
  for (const plane of [0, 1, 2] as const) {
    const mean = how.mean[plane]
    const deviation = how.std[plane]
    // A byte has 256 values, so the arithmetic is done 256 times.
    const table = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / deviation)
    const channel = how.colours === 'RGB' ? plane : 2 - plane
    for (let pixel = 0; pixel < pixels; pixel++) {
      planes[plane * pixels + pixel] = table[rgb[3 * pixel + channel] as number] as number
    }
  }
  return planes
}
