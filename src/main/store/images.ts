/** @file The images of a workspace: found by a scan, kept when their file vanishes, sorted into splits, reviewed. */
import type { ImageRow } from '../../shared/answers'
import type { Split, Status } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { namesOf, PART_INDEX, type PartName } from '../../shared/labels'
import type { ReadableDb, WritableDb } from './db'

/** A picture file as a scan finds it. `name` is its path below the workspace, with forward slashes. */
export interface FoundImage {
  name: string
  bytes: number
  mtimeMs: number
}

export type Review = 'accepted' | 'flagged'

/** All that is known of an image. Width and height are of the upright picture, null until it was read. */
export interface ImageRecord extends ImageRow, FoundImage {
  width: number | null
  height: number | null
  review: Review | null
  /** True where the last scan did not find the file. */
  missing: boolean
}

/** What a scan did; `missing` are those that vanished with this scan. */
export interface SyncResult {
  added: ImageRow[]
  changed: ImageRow[]
  missing: ImageRow[]
}

type StoredRow = Omit<ImageRow, 'golden' | 'checked'> & { golden: 0 | 1; checked: number | null }
// When it came in tells it from the image of the same id of another workspace.
const VERSION = "printf('%x-%x-%x', added_at, bytes, mtime_ms) AS version"
const ROW_COLUMNS = `id, name, ${VERSION}, status, split, golden, checked`
const ROW = `SELECT ${ROW_COLUMNS} FROM image`

function fromRow({ id, name, version, status, split, golden, checked }: StoredRow): ImageRow {
  return {
    id,
    name,
    version,
    status,
    split,
    golden: golden === 1,
    checked: checked === null ? null : namesOf(checked),
  }
}

/** Every image whose file is there, by name. */
export function listRows(db: ReadableDb): ImageRow[] {
  return db.all<StoredRow>(`${ROW} WHERE missing = 0 ORDER BY name`).map(fromRow)
}

/** Every image whose file was there once and is gone, by name. */
export function listGone(db: ReadableDb): ImageRow[] {
  return db.all<StoredRow>(`${ROW} WHERE missing = 1 ORDER BY name`).map(fromRow)
}

/** How many rows `listRows` has. */
export function countRows(db: ReadableDb): number {
  return db.get<{ rows: number }>('SELECT count(*) AS rows FROM image WHERE missing = 0')?.rows ?? 0
}

/** The rows of `ids`, in their order; ids that do not exist are left out. */
export function readRows(db: ReadableDb, ids: readonly number[]): ImageRow[] {
  return ids.flatMap((id) => {
    const row = db.get<StoredRow>(`${ROW} WHERE id = ?`, id)
    return row ? fromRow(row) : []
  })
}

type StoredImage = StoredRow & Omit<ImageRecord, keyof ImageRow | 'missing'> & { missing: 0 | 1 }
const RECORD = `SELECT ${ROW_COLUMNS}, bytes, mtime_ms AS mtimeMs, width, height, review, missing FROM image`

function fromRecord(row: StoredImage): ImageRecord {
  return { ...row, ...fromRow(row), missing: row.missing === 1 }
}

/** One image; throws `not-found`. */
export function readImage(db: ReadableDb, id: number): ImageRecord {
  const row = db.get<StoredImage>(`${RECORD} WHERE id = ?`, id)
  if (!row)
    throw new FacetError('not-found', `There is no image ${id} in ${db.file}.`, { file: db.file, image: id })
  return fromRecord(row)
}

/** The image of that path below the workspace, or null. */
export function findImage(db: ReadableDb, name: string): ImageRecord | null {
  const row = db.get<StoredImage>(`${RECORD} WHERE name = ?`, name)
  return row ? fromRecord(row) : null
}

/**
 * One walk over the workspace folder: `add` takes what it finds in batches as large as the walk likes, `finish` marks
 * what was never found. An image never leaves the store, because its masks are somebody's work.
 */
export class ImageScan {
  readonly #db: WritableDb
  readonly #now: () => number
  readonly #seen = new Set<number>()

  constructor(db: WritableDb, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** Stores a batch in one transaction; an image is changed when its file is another one or is there again. */
  add(found: readonly FoundImage[]): Pick<SyncResult, 'added' | 'changed'> {
    const db = this.#db
    const added: number[] = []
    const changed: number[] = []
    return db.transaction(() => {
      for (const file of found) {
        const mtime = Math.round(file.mtimeMs)
        const known = db.get<{ id: number; bytes: number; mtime: number; missing: number }>(
          'SELECT id, bytes, mtime_ms AS mtime, missing FROM image WHERE name = ?',
          file.name,
        )
        if (!known) {
          const { id } = db.run(
            'INSERT INTO image (name, bytes, mtime_ms, added_at) VALUES (?, ?, ?, ?)',
            file.name,
            file.bytes,
            mtime,
            this.#now(),
          )
          added.push(id)
          this.#seen.add(id)
          continue
        }
        this.#seen.add(known.id)
        if (known.bytes !== file.bytes || known.mtime !== mtime) {
          // Another file: its size in pixels has to be read again.
          db.run(
            'UPDATE image SET bytes = ?, mtime_ms = ?, width = NULL, height = NULL, missing = 0 WHERE id = ?',
            file.bytes,
            mtime,
            known.id,
          )
        } else if (known.missing) db.run('UPDATE image SET missing = 0 WHERE id = ?', known.id)
        else continue
        changed.push(known.id)
      }
      return { added: readRows(db, added), changed: readRows(db, changed) }
    })
  }

  finish(): Pick<SyncResult, 'missing'> {
    const db = this.#db
    return db.transaction(() => {
      const gone = listRows(db).filter((row) => !this.#seen.has(row.id))
      for (const row of gone) db.run('UPDATE image SET missing = 1 WHERE id = ?', row.id)
      return { missing: gone }
    })
  }
}

/** Notes the size of the upright picture in pixels. */
export function setSize(db: WritableDb, id: number, width: number, height: number): void {
  db.run('UPDATE image SET width = ?, height = ? WHERE id = ?', width, height, id)
}

/** Sorts images into a split, or out of any. */
export function setSplit(db: WritableDb, ids: readonly number[], split: Split | null): void {
  db.transaction(() => {
    for (const id of ids) db.run('UPDATE image SET split = ? WHERE id = ?', split, id)
  })
}

/** Pins the image as one that models are compared on, or lets it go. */
export function setGolden(db: WritableDb, id: number, golden: boolean): void {
  db.run('UPDATE image SET golden = ? WHERE id = ?', golden ? 1 : 0, id)
}

/** Notes the parts that a person vouches for; null: all of the image. */
export function setChecked(db: WritableDb, id: number, parts: readonly PartName[] | null): void {
  const bits = parts?.reduce((all, part) => all | (1 << PART_INDEX[part]), 0) ?? null
  db.run('UPDATE image SET checked = ? WHERE id = ?', bits, id)
}

/** A person's verdict on the image; null takes it back. */
export function setReview(db: WritableDb, id: number, review: Review | null): ImageRecord {
  return db.transaction(() => {
    db.run('UPDATE image SET review = ? WHERE id = ?', review, id)
    refreshStatus(db, id)
    return readImage(db, id)
  })
}

/** An acceptance was about the pixels as they were: whatever changes them takes it back. A flag stays. */
export function withdrawAcceptance(db: WritableDb, id: number): void {
  db.run("UPDATE image SET review = NULL WHERE id = ? AND review = 'accepted'", id)
}

/** Derives the status anew: the review, else `corrected` by a hand or an import, else `predicted`, else `untouched`. */
export function refreshStatus(db: WritableDb, id: number): Status {
  db.run(
    `UPDATE image SET status = coalesce(review, (
       SELECT CASE WHEN max(origin <> 'model') THEN 'corrected' WHEN count(*) THEN 'predicted' ELSE 'untouched' END
       FROM mask JOIN face ON face.id = mask.face_id WHERE face.image_id = image.id)) WHERE id = ?`,
    id,
  )
  return readImage(db, id).status
}
