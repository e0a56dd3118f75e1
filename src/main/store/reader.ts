/** @file What may be asked of a workspace's database without changing it, also while another process writes it. */
import type { ImageRow, PartMask, RevisionRow } from '../../shared/answers'
import type { PartMap } from '../../shared/mask'
import type { Connection } from './db'
import { facesOf, readFaceRow, type Face } from './faces'
import { listRevisions } from './history'
import * as images from './images'
import type { ImageRecord } from './images'
import { listDecided, readParts, readRuns, type DecidedFace } from './masks'
import { readSetting } from './settings'

/** Made by `openReader`; `Store` adds what writes. Everything is synchronous. */
export class StoreReader {
  protected readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Path of the database file. */
  get file(): string {
    return this.connection.file
  }

  close(): void {
    this.connection.close()
  }

  /** Every image whose file is there, by name. */
  listRows(): ImageRow[] {
    return images.listRows(this.connection)
  }

  /** Every image whose file was there once and is gone, by name; its masks are still here. */
  listGone(): ImageRow[] {
    return images.listGone(this.connection)
  }

  /** How many images `listRows` has, without reading them. */
  countRows(): number {
    return images.countRows(this.connection)
  }

  /** The rows of `ids`, in their order; ids that do not exist are left out. */
  rows(ids: readonly number[]): ImageRow[] {
    return images.readRows(this.connection, ids)
  }

  /** One image; throws `not-found`. */
  image(id: number): ImageRecord {
    return images.readImage(this.connection, id)
  }

  /** The image of that path below the workspace, or null. */
  findImage(name: string): ImageRecord | null {
    return images.findImage(this.connection, name)
  }

  /** The faces of an image in order; empty before the first was made. */
  faces(image: number): Face[] {
    return facesOf(this.connection, image)
  }

  /** Each whole-picture face of which a part was decided, without its masks, by its image's name. */
  decidedFaces(): DecidedFace[] {
    return listDecided(this.connection)
  }

  /** The masks of a face as pixels; the caller must not change them. Throws `not-found`, `store/damaged`. */
  masks(face: number): PartMap {
    return readParts(this.connection, readFaceRow(this.connection, face)).map
  }

  /** The 18 parts of a face as run lengths, in PART_NAMES' order. Throws `store/damaged`. */
  partMasks(face: number): PartMask[] {
    return readRuns(this.connection, readFaceRow(this.connection, face))
  }

  /** The newest `limit` revisions of a face, newest first. */
  history(face: number, limit: number): RevisionRow[] {
    return listRevisions(this.connection, face, limit)
  }

  /** The value under `key`, undefined where none was written; the caller checks its shape. */
  readSetting(key: string): unknown {
    return readSetting(this.connection, key)
  }
}
