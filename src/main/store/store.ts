/** @file The store of one workspace: every way its database changes, each answered by its own room. */
import type { HistoryState, HistoryStep, ImageRow } from '../../shared/answers'
import type { Split } from '../../shared/terms'
import { at } from '../../shared/assert'
import { PART_NAMES, type PartName } from '../../shared/labels'
import type { PartMap } from '../../shared/mask'
import { Changes, type HandChange, type MaskImport, type OpenFace, type Prediction } from './changes'
import type { Connection } from './db'
import { ensureFace, type Face, type Grid } from './faces'
import * as images from './images'
import type { FoundImage, Review, SyncResult } from './images'
import type { Lock } from './lock'
import { StoreReader } from './reader'
import { writeSetting } from './settings'

/** Made by `openStore`. Everything is synchronous: when a method that writes has returned, its change is on disk. */
export class Store extends StoreReader {
  readonly #lock: Lock
  readonly #now: () => number
  readonly #changes: Changes
  #closed = false

  constructor(connection: Connection, lock: Lock, now: () => number) {
    super(connection)
    this.#lock = lock
    this.#now = now
    this.#changes = new Changes(connection, now)
  }

  /** Moves the write-ahead log into the file and gives the right to write back. May be called twice. */
  override close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.connection.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      super.close()
      this.#lock.release()
    }
  }

  /** Several calls as one transaction, on disk together or not at all: for imports. `work` must not wait. */
  batch<T>(work: () => T): T {
    try {
      return this.connection.transaction(work)
    } catch (error) {
      this.#changes.forget()
      throw error
    }
  }

  /** A scan in batches: `add` what is found, then `finish` marks as missing what never was. */
  scan(): images.ImageScan {
    return new images.ImageScan(this.connection, this.#now)
  }

  /** A whole scan at once: `found` is every picture of the workspace. */
  syncImages(found: readonly FoundImage[]): SyncResult {
    const scan = this.scan()
    return this.batch(() => ({ ...scan.add(found), ...scan.finish() }))
  }

  /** Notes the size of the upright picture in pixels. */
  setSize(image: number, width: number, height: number): void {
    images.setSize(this.connection, image, width, height)
  }

  /** Sorts images into a split, or with null out of any. */
  setSplit(ids: readonly number[], split: Split | null): void {
    images.setSplit(this.connection, ids, split)
  }

  /** A person's verdict on an image; null takes it back. Throws `not-found`. */
  review(image: number, review: Review | null): ImageRow {
    images.setReview(this.connection, image, review)
    return this.#row(image)
  }

  /** Pins an image as one that models are compared on, or lets it go. Throws `not-found`. */
  pin(image: number, golden: boolean): ImageRow {
    images.setGolden(this.connection, image, golden)
    return this.#row(image)
  }

  /** Notes the parts of an image that a person vouches for; null: all of it. Throws `not-found`. */
  check(image: number, parts: readonly PartName[] | null): ImageRow {
    images.setChecked(this.connection, image, parts)
    return this.#row(image)
  }

  #row(image: number): ImageRow {
    images.readImage(this.connection, image)
    return at(this.rows([image]), 0)
  }

  /** The face that is the whole picture. It takes `grid` only while nothing was ever stored for it. */
  ensureFace(image: number, grid: Grid): Face {
    images.readImage(this.connection, image)
    const face = ensureFace(this.connection, image, grid)
    this.#changes.regrid(face)
    return face
  }

  /** A face with its masks as pixels, areas and origins; the caller must not change them. Throws `store/damaged`. */
  readFace(face: number): OpenFace {
    return this.#changes.read(face)
  }

  override masks(face: number): PartMap {
    return this.#changes.read(face).map
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

  /**
   * Stores imported masks as all 18 parts; those `unread`, which have a mask that could not be taken, count as unchecked, or
   * their absence would be taken for true. Throws `conflict` where the masks are of another grid.
   */
  writeImport({ unread = [], ...masks }: MaskImport & { unread?: readonly PartName[] }): HistoryState {
    return this.batch(() => {
      const state = this.#changes.writeImport(masks)
      if (unread.length === 0) return state
      const { image } = this.readFace(masks.face).face
      const { checked } = this.#row(image)
      this.check(
        image,
        (checked ?? PART_NAMES).filter((part) => !unread.includes(part)),
      )
      return state
    })
  }

  /** Takes back the newest change that can be; the patch is null where there is none. */
  undo(face: number, author?: string): HistoryStep {
    return this.#changes.undo(face, author)
  }

  /** Brings back what was taken back last; the patch is null where there is nothing. */
  redo(face: number, author?: string): HistoryStep {
    return this.#changes.redo(face, author)
  }

  /** Stores `value`, anything that JSON can say; undefined removes the key. */
  writeSetting(key: string, value: unknown): void {
    writeSetting(this.connection, key, value)
  }
}
