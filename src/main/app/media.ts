/** @file Pictures for the window: the photo as a browser can show it, and thumbnails, which are kept. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FacetError } from '../../shared/errors'
import { writeFileAtomic } from '../base/fs'
import { thumbnail, viewable, type Viewable } from '../imaging/view'
import type { ImageRecord } from '../store/images'
import type { Context } from './app'

export type Media = Viewable

/** Larger photos are shown at this side: textures of every GPU reach it. */
const VIEW_SIDE = 4096
const THUMB_SIDE = 160

/** The picture of `kind` (`view` or `thumb`). Throws `not-found`, or `image/unreadable` naming the file. */
export async function mediaFor({ workspace }: Context, kind: string, image: number): Promise<Media> {
  const open = workspace.require()
  if (!Number.isInteger(image)) throw new FacetError('not-found', 'A picture is asked for by its number.')
  const record = open.store.image(image)
  const file = open.fileOf(record.name)
  switch (kind) {
    case 'view':
      return viewable(file, VIEW_SIDE)
    case 'thumb':
      return keptThumbnail(join(open.facetDir, 'cache', 'thumbs'), record, file)
    default:
      throw new FacetError('not-found', `There is no picture of kind ${JSON.stringify(kind)}.`)
  }
}

async function keptThumbnail(folder: string, record: ImageRecord, file: string): Promise<Media> {
  const key = createHash('sha256').update(`${record.name} ${record.version}`).digest('hex').slice(0, 32)
  const kept = join(folder, key.slice(0, 2), `${key}.webp`)
  if (existsSync(kept)) return { file: kept, mime: 'image/webp' }
  const bytes = await thumbnail(file, THUMB_SIDE)
  await mkdir(join(folder, key.slice(0, 2)), { recursive: true })
  await writeFileAtomic(kept, bytes)
  return { bytes, mime: 'image/webp' }
}
