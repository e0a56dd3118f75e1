/** @file Fetches a photo and decodes it off the main thread, upright, no larger than a GPU takes. */
import { FacetError } from '../../../shared/errors'

/** Sides beyond are scaled down to it for the screen: the least that graphics of the last ten years take. */
const MAX_SIDE = 8192

/** Throws `image/unreadable` where the backend does not give it or it cannot be decoded. */
export async function loadPhoto(url: string): Promise<ImageBitmap> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new FacetError(
      'image/unreadable',
      'The picture cannot be shown: the backend does not answer.',
      {},
      { cause },
    )
  })
  if (!response.ok) {
    throw new FacetError(
      'image/unreadable',
      `The picture cannot be shown: the backend answers ${response.status}. The file may have been moved or be damaged.`,
      { status: response.status },
    )
  }
  try {
    const bitmap = await createImageBitmap(await response.blob(), { imageOrientation: 'from-image' })
    const shrink = MAX_SIDE / Math.max(bitmap.width, bitmap.height)
    if (shrink >= 1) return bitmap
    const resizeWidth = Math.round(bitmap.width * shrink)
    const resizeHeight = Math.round(bitmap.height * shrink)
    const small = await createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: 'high' })
    bitmap.close()
    return small
  } catch (cause) {
    throw new FacetError(
      'image/unreadable',
      'The picture cannot be shown: its file cannot be decoded.',
      {},
      { cause },
    )
  }
}
