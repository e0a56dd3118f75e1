/** @file The store of one workspace: what the app may ask of its database, each question answered by its own room. */
import type { HistoryState, HistoryStep, ImageRow, PartMask, RevisionRow, Split } from '../../shared/api'
import { Changes, type HandChange, type MaskImport, type OpenFace, type Prediction } from './changes'
import type { Connection } from './db'
import { ensureFace, facesOf, readFaceRow, type Face, type Grid } from './faces'
import { listRevisions } from './history'
import * as images from './images'
import type { FoundImage, ImageRecord, Review, SyncResult } from './images'
import type { Lock } from './lock'
import { readRuns } from './masks'
import { readSetting, writeSetting } from './settings'

/** Made by `openStore`. Everything is synchronous: when a method that writes has returned, its change is on disk. */
export class Store {
  readonly #connection: Connection
  readonly #lock: Lock
  readonly #now: () => number
  readonly #changes: Changes
  #closed = false

  constructor(connection: Connection, lock: Lock, now: () => number) {
    this.#connection = connection
    this.#lock = lock
    this.#now = now
    this.#changes = new Changes(connection, now)
  }

  /** Path of the database file. */
  get file(): string {
    return this.#connection.file
  }

  /** Moves the write-ahead log into the file and gives the right to write back. May be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#connection.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      this.#connection.close()
      this.#lock.release()
    }
  }

  /** Several calls as one transaction, on disk together or not at all: for imports. `work` must not wait. */
  batch<T>(work: () => T): T {
    try {
      return this.#connection.transaction(work)
    } catch (error) {
      this.#changes.forget()
      throw error
    }
  }

  /** Every image whose file is there, by name. */
  listRows(): ImageRow[] {
    return images.listRows(this.#connection)
  }

  /** The rows of `ids`, in their order; ids that do not exist are left out. */
  rows(ids: readonly number[]): ImageRow[] {
    return images.readRows(this.#connection, ids)
  }

  /** One image; throws `not-found`. */
  image(id: number): ImageRecord {
    return images.readImage(this.#connection, id)
  }

  /** The image of that path below the workspace, or null. */
  findImage(name: string): ImageRecord | null {
    return images.findImage(this.#connection, name)
  }

  /** A scan in batches: `add` what is found, then `finish` marks as missing what never was. */
  scan(): images.ImageScan {
    return new images.ImageScan(this.#connection, this.#now)
  }

  /** A whole scan at once: `found` is every picture of the workspace. */
  syncImages(found: readonly FoundImage[]): SyncResult {
    const scan = this.scan()
    return this.batch(() => ({ ...scan.add(found), ...scan.finish() }))
  }

  /** Notes the size of the upright picture in pixels. */
  setSize(image: number, width: number, height: number): void {
    images.setSize(this.#connection, image, width, height)
  }

  /** Sorts images into a split, or with null out of any. */
  setSplit(ids: readonly number[], split: Split | null): void {
    images.setSplit(this.#connection, ids, split)
  }

  /** A person's verdict on an image; null takes it back. Throws `not-found`. */
  review(image: number, review: Review | null): ImageRow {
    const { id, name, status, split } = images.setReview(this.#connection, image, review)
    return { id, name, status, split }
  }

  /** The faces of an image in order; empty before the first was made. */
  faces(image: number): Face[] {
    return facesOf(this.#connection, image)
  }

  /** The face that is the whole picture. It takes `grid` only while nothing was ever stored for it. */
  ensureFace(image: number, grid: Grid): Face {
    images.readImage(this.#connection, image)
    const face = ensureFace(this.#connection, image, grid)
    this.#changes.regrid(face)
    return face
  }

  /** A face with its masks as pixels, areas and origins; the caller must not change them. Throws `store/damaged`. */
  readFace(face: number): OpenFace {
    return this.#changes.read(face)
  }

  /** The 18 parts of a face as run lengths, in PART_NAMES' order. Throws `store/damaged`. */
  partMasks(face: number): PartMask[] {
    return readRuns(this.#connection, readFaceRow(this.#connection, face))
  }

  /** Where undo stands and what the image counts as. */
  state(face: number): HistoryState {
    return this.#changes.state(this.#changes.read(face))
  }

  /** Stores a stroke or an operation; one that changes nothing leaves no trace. Throws `file/malformed`. */
  commit(change: HandChange): HistoryState {
    return this.#changes.commit(change)
  }

  /** Stores what a model says; parts decided by a hand or an import stay, unless forced. */
  writePrediction(prediction: Prediction): HistoryState {
    return this.#changes.writePrediction(prediction)
  }

  /** Stores imported masks as all 18 parts. Throws `conflict` where they are of another grid. */
  writeImport(masks: MaskImport): HistoryState {
    return this.#changes.writeImport(masks)
  }

  /** Takes back the newest change that can be; the patch is null where there is none. */
  undo(face: number, author?: string): HistoryStep {
    return this.#changes.undo(face, author)
  }

  /** Brings back what was taken back last; the patch is null where there is nothing. */
  redo(face: number, author?: string): HistoryStep {
    return this.#changes.redo(face, author)
  }

  /** The newest `limit` revisions of a face, newest first. */
  history(face: number, limit: number): RevisionRow[] {
    return listRevisions(this.#connection, face, limit)
  }

  /** The value under `key`, undefined where none was written; the caller checks its shape. */
  readSetting(key: string): unknown {
    return readSetting(this.#connection, key)
  }

  /** Stores `value`, anything that JSON can say; undefined removes the key. */
  writeSetting(key: string, value: unknown): void {
    writeSetting(this.#connection, key, value)
  }
}
