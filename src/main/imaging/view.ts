/** @file Pictures for the eye: small ones for the list, and one that a browser can show for the editor. */
import sharp from 'sharp'
import { openPicture, unreadablePicture, type OpenPicture } from './open'
import { readPicture, resizePicture } from './picture'

/** The picture squeezed into a square as the network sees it, as a JPEG without chroma subsampling. */
export async function squareJpeg(path: string, side: number): Promise<Buffer> {
  const { rgb } = resizePicture(await readPicture(path), side, side, 'bicubic')
  return sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

/** A file that a browser shows as it is, or bytes made for it. */
export type Viewable =
  { readonly file: string; readonly mime: string } | { readonly bytes: Buffer; readonly mime: string }

const BROWSER_MIME: Readonly<Record<OpenPicture['format'], string | null>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  tiff: null,
  bmp: null,
}

/** An upright WebP whose longer side is at most `side` pixels; a smaller picture keeps its size. */
export async function thumbnail(path: string, side: number): Promise<Buffer> {
  const { image } = await openPicture(path, 'colours')
  return image
    .removeAlpha()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
}

/**
 * What a browser is given to show: the file itself where every browser shows it upright and as the network sees it
 * (no alpha, one frame, longer side at most `maxSide`), else a JPEG without chroma subsampling.
 */
export async function viewable(path: string, maxSide: number): Promise<Viewable> {
  const picture = await openPicture(path, 'colours')
  const mime = BROWSER_MIME[picture.format]
  const fits = Math.max(picture.width, picture.height) <= maxSide
  // Browsers agree on the orientation of JPEG only.
  const upright = picture.orientation === 1 || picture.format === 'jpeg'
  if (mime !== null && fits && upright && !picture.hasAlpha && !picture.isAnimated)
    return { file: path, mime }
  const bytes = await picture.image
    .removeAlpha()
    .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadablePicture(path, error)
    })
  return { bytes, mime: 'image/jpeg' }
}
