/** @file Pictures as numbers: upright 8-bit RGB as training reads it, their sizes, and SegFace's resizing. */
import { open } from 'node:fs/promises'
import sharp from 'sharp'
import { FacetError } from '../../shared/errors'
import { unreadable } from '../base/fs'
import { BMP_HEAD_BYTES, bmpSize, isBmp } from './bmp'
import { openPicture, readMetadata, unreadablePicture, type OpenPicture } from './open'
import { resizeRgb, type ResizeFilter } from './resize'

/** Row-major pixels, 3 bytes each: red, green, blue, 0..255. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/**
 * Reads a jpg, png, webp, bmp or tiff file upright (EXIF orientation applied), as SegFace's loader (OpenCV's
 * `imread`) gives it: alpha dropped, not blended; colour profiles ignored; 16 bits cut to the upper 8; grey and
 * palettes spread to RGB. CMYK is converted by libvips' own profile.
 * Throws `file/unreadable`, or `image/unreadable` for what is damaged, cut short, too large or no picture.
 */
export async function readPicture(path: string): Promise<Picture> {
  const { image, width, height } = await openPicture(path)
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
  if (info.channels !== 3 || info.width !== width || info.height !== height) {
    throw new FacetError(
      'internal',
      `internal: ${path} decodes to ${info.width} x ${info.height} x ${info.channels}, not ${width} x ${height} x 3`,
    )
  }
  return { width, height, rgb: data }
}

/**
 * Decodes all of the picture, as small as its format lets it (a JPEG at an eighth), only to know that it can be.
 * Errors as for `readPicture`.
 */
export async function checkPicture({ path, image, width, height }: OpenPicture): Promise<void> {
  const side = Math.ceil(Math.max(width, height) / 8)
  await image
    .clone()
    .resize(side, side, { fit: 'inside' })
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
}

/** Upright size in pixels, from the header alone. Errors as for `readPicture`. */
export async function pictureSize(path: string): Promise<{ width: number; height: number }> {
  const head = await readHead(path, BMP_HEAD_BYTES)
  if (isBmp(head)) return bmpSize(head, path)
  if (head.length === 0) throw unreadablePicture(path, 'the file is empty')
  const { width, height } = (await readMetadata(sharp(path), path)).autoOrient
  return { width, height }
}

async function readHead(path: string, length: number): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** SegFace's preprocessing step: bicubic, antialiased, equal to Pillow's to the bit. The same picture for its own size. */
export function resizeCubic(picture: Picture, width: number, height: number): Picture {
  return resizePicture(picture, width, height, 'bicubic')
}

/** Antialiased, equal to Pillow's to the bit. The same picture for its own size. */
export function resizePicture(
  picture: Picture,
  width: number,
  height: number,
  filter: ResizeFilter,
): Picture {
  if (picture.width === width && picture.height === height) return picture
  return { width, height, rgb: resizeRgb(picture.rgb, picture.width, picture.height, width, height, filter) }
}
