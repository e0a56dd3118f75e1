/** @file Opening a picture file: what is read, how large it may be, and one sentence for what cannot be read. */
import { readFile } from 'node:fs/promises'
import sharp, { type Metadata, type Sharp } from 'sharp'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { unreadable } from '../base/fs'
import { bmpSize, decodeBmp, isBmp } from './bmp'

/** 0x3fff x 0x3fff, libvips' own limit: 8-bit RGB of such a picture takes 768 MiB. */
export const MAX_PIXELS = 0x3fff * 0x3fff

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'bmp'

const SHARP_FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'tiff'])

/** A picture whose header was read; its pixels are decoded when `image` is asked for them. */
export interface OpenPicture {
  readonly path: string
  /** Gives upright pixels. */
  readonly image: Sharp
  readonly format: PictureFormat
  /** Upright size in pixels. */
  readonly width: number
  readonly height: number
  /** EXIF orientation 1..8; 1 where there is none. */
  readonly orientation: number
  readonly hasAlpha: boolean
  /** More than 8 bits a channel. */
  readonly isDeep: boolean
  /** More than one frame or page; only the first is read. */
  readonly isAnimated: boolean
  /** The file as it is on disk. */
  readonly bytes: Buffer
}

/** `numbers`: pixels as they are stored, as training reads them. `colours`: converted to sRGB for the eye. */
export type PictureUse = 'numbers' | 'colours'

// libvips remembers decoded files by path; a picture that changed on disk must be seen as it is now.
sharp.cache(false)

/**
 * Reads the file and its header. Format is told by content, not by name.
 * Throws `file/unreadable` where the file cannot be read, `image/unreadable` where it is no picture of ours.
 */
export async function openPicture(path: string, use: PictureUse = 'numbers'): Promise<OpenPicture> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (bytes.length === 0) throw unreadablePicture(path, 'the file is empty')
  if (isBmp(bytes)) {
    const { width, height } = bmpSize(bytes, path)
    if (width * height > MAX_PIXELS) throw unreadablePicture(path, 'pixel limit')
    const { rgb } = decodeBmp(bytes, path)
    const image = sharp(rgb, { raw: { width, height, channels: 3 } })
    return {
      path,
      image,
      format: 'bmp',
      width,
      height,
      orientation: 1,
      hasAlpha: false,
      isDeep: false,
      isAnimated: false,
      bytes,
    }
  }
  const image = sharp(bytes, { failOn: 'error', ignoreIcc: use === 'numbers', limitInputPixels: MAX_PIXELS })
  const metadata = await readMetadata(image, path)
  return {
    path,
    image: image.autoOrient(),
    format: metadata.format as PictureFormat,
    ...metadata.autoOrient,
    orientation: metadata.orientation ?? 1,
    hasAlpha: metadata.hasAlpha,
    isDeep: metadata.depth !== 'uchar',
    isAnimated: (metadata.pages ?? 1) > 1,
    bytes,
  }
}

/** The header of a picture that is not a BMP, checked. */
export async function readMetadata(image: Sharp, path: string): Promise<Metadata> {
  const metadata = await image.metadata().catch((error: unknown) => {
    throw unreadablePicture(path, error)
  })
  if (!SHARP_FORMATS.has(metadata.format)) {
    throw new FacetError(
      'image/unreadable',
      `The picture ${path} is a ${metadata.format} file; convert it to jpg, png, webp, bmp or tiff.`,
      { file: path },
    )
  }
  return metadata
}

/** The error for a picture that the decoder refuses, from what the decoder said. */
export function unreadablePicture(path: string, cause: unknown): FacetError {
  const said = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? ''
  return new FacetError(
    'image/unreadable',
    noteOf('pictureUnreadable', { file: path, reason: explain(said) }),
    { file: path },
    { cause },
  )
}

/** True for what the functions of this room throw where the picture at `path` cannot be read, and nothing else is wrong. */
export function isUnreadablePicture(error: unknown, path: string): error is FacetError {
  return (
    error instanceof FacetError &&
    (error.code === 'image/unreadable' || error.code === 'file/unreadable') &&
    error.details.file === path
  )
}

/** libvips' sentence in words that say what happened, where it is one of the usual ones. */
function explain(said: string): string {
  if (/is empty/i.test(said)) return noteOf('pictureEmpty', {})
  if (/unsupported image format/i.test(said)) return noteOf('noPicture', {})
  if (/pixel limit/i.test(said)) return noteOf('tooManyPixels', { millions: Math.floor(MAX_PIXELS / 1e6) })
  return noteOf('pictureDamaged', { said })
}
