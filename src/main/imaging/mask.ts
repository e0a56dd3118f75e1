/** @file Masks and label maps as PNG files. */
import sharp from 'sharp'
import type { LabelMap } from '../../shared/mask'
import { unreadablePicture, openPicture } from './open'

/** One binary mask, row-major: 1 where it is, 0 elsewhere. */
export interface BinaryMask {
  readonly width: number
  readonly height: number
  readonly mask: Uint8Array
}

/**
 * Reads a mask of any kind (1 or 3 channels, 1 to 16 bits, palette, with or without alpha): every pixel with a colour
 * channel above zero is mask; alpha does not count. Errors as for `readPicture`.
 */
export async function readMaskPng(path: string): Promise<BinaryMask> {
  const { image, width, height, isDeep } = await openPicture(path)
  // 16 bits stay 16, so that the smallest value still counts.
  const pixels = isDeep ? image.toColourspace('rgb16').raw({ depth: 'ushort' }) : image.raw()
  const { data, info } = await pixels
    .removeAlpha()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
  const values = isDeep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data
  return { width, height, mask: anyAboveZero(values, info.channels, width * height) }
}

/** 1 for each pixel of which one of its 1 or 3 colour channels is above zero. */
function anyAboveZero(values: Uint8Array | Uint16Array, channels: number, pixels: number): Uint8Array {
  const mask = new Uint8Array(pixels)
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2]
  for (let i = 0, from = 0; i < pixels; i++, from += channels) {
    const any = (values[from] as number) | (values[from + green] as number) | (values[from + blue] as number)
    mask[i] = any === 0 ? 0 : 1
  }
  return mask
}

/** An 8-bit grey PNG, 255 where `mask` is not zero. */
export function encodeMaskPng({ width, height, mask }: BinaryMask): Promise<Buffer> {
  const grey = new Uint8Array(mask.length)
  for (let i = 0; i < mask.length; i++) grey[i] = mask[i] === 0 ? 0 : 255
  return encodeGreyPng(grey, width, height)
}

/** An 8-bit grey PNG whose pixel values are the class numbers: the same in every reader, as a palette is not. */
export function encodeLabelPng(labels: Uint8Array, width: number, height: number): Promise<Buffer> {
  return encodeGreyPng(labels, width, height)
}

/** The values of a grey PNG, such as `encodeLabelPng` made. Errors as for `readPicture`. */
export async function readLabelPng(path: string): Promise<LabelMap> {
  const { image, width, height } = await openPicture(path)
  const data = await image
    .extractChannel(0)
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
  return { width, height, labels: new Uint8Array(data) }
}

function encodeGreyPng(values: Uint8Array, width: number, height: number): Promise<Buffer> {
  return (
    sharp(values, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      // A quarter of the time of level 6 for a few kB: a face has up to 18 masks.
      .png({ compressionLevel: 2 })
      .toBuffer()
  )
}
