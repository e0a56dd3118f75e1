/** @file The revisions of a face: appended, never changed; undo and redo are a walk over them. */
import type { PartOrigin, RevisionRow } from '../../shared/answers'
import { at, invariant } from '../../shared/assert'
import { namesOf } from '../../shared/labels'
import { decodePatch, encodePatch, isEmptyPatch, type MaskPatch } from '../../shared/patch'
import { pack, unpack } from './blobs'
import type { ReadableDb, WritableDb } from './db'
import type { Face } from './faces'

export type RevisionKind = RevisionRow['kind']

/** One change of a face's masks. */
export interface Revision {
  readonly kind: RevisionKind
  readonly label: string
  /** Bits of the parts that it decided: those it painted, or all that a prediction or an import replaced. */
  readonly parts: number
  /** What it really changed. */
  readonly patch: MaskPatch
  /** Who had decided each of the 18 parts before. */
  readonly origins: readonly PartOrigin[]
  /** The revision that an undo or redo is about. */
  readonly target: number | null
  readonly undoable: boolean
  readonly author: string
  readonly model: string | null
}

const ORIGIN_LETTERS: Readonly<Record<PartOrigin, string>> = { none: 'n', model: 'm', hand: 'h', import: 'i' }
const LETTER_ORIGINS = new Map(
  Object.entries(ORIGIN_LETTERS).map(([origin, letter]) => [letter, origin as PartOrigin]),
)

function readOrigins(letters: string): PartOrigin[] {
  return Array.from(letters, (letter) => {
    const origin = LETTER_ORIGINS.get(letter)
    invariant(origin, `a revision holds the origin '${letter}'`)
    return origin
  })
}

/** Appends a revision and gives its id. `at` is in milliseconds since 1970. */
export function appendRevision(db: WritableDb, face: Face, revision: Revision, time: number): number {
  const { kind, label, parts, patch, target, undoable, author, model } = revision
  const { x, y, width, height } = patch.rect
  const { bytes, crc } = pack(encodePatch(patch))
  const origins = revision.origins.map((origin) => ORIGIN_LETTERS[origin]).join('')
  return db.run(
    `INSERT INTO revision (face_id, kind, label, parts, x, y, width, height, patch, crc, target, undoable, author, model,
       at, origins) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[
      face.id,
      kind,
      label,
      parts,
      x,
      y,
      width,
      height,
      bytes,
      crc,
      target,
      undoable ? 1 : 0,
      author,
      model,
    ],
    ...[time, origins],
  ).id
}

type StoredRevision = Omit<Revision, 'patch' | 'origins' | 'undoable'> & {
  patch: Uint8Array
  crc: number
  origins: string
  undoable: 0 | 1
}

/** One revision with its patch; throws `store/damaged` where the patch is broken. */
export function readRevision(db: ReadableDb, face: Face, id: number): Revision {
  const row = db.get<StoredRevision>(
    `SELECT kind, label, parts, patch, crc, origins, target, undoable, author, model
     FROM revision WHERE id = ? AND face_id = ?`,
    id,
    face.id,
  )
  invariant(row, `face ${face.id} has no revision ${id}`)
  const { kind, label, parts, target, author, model } = row
  const what = `Revision ${id} of '${face.name}'`
  const { width, height } = face.grid
  const patch = unpack({ bytes: row.patch, crc: row.crc }, what, db.file, (bytes) =>
    decodePatch(bytes, width, height),
  )
  const origins = readOrigins(row.origins)
  return { kind, label, parts, patch, origins, target, undoable: row.undoable === 1, author, model }
}

/** The newest `limit` revisions of a face, newest first. */
export function listRevisions(db: ReadableDb, face: number, limit: number): RevisionRow[] {
  const rows = db.all<Omit<RevisionRow, 'parts'> & { parts: number }>(
    'SELECT id, kind, label, parts, author, model, at FROM revision WHERE face_id = ? ORDER BY id DESC LIMIT ?',
    face,
    limit,
  )
  return rows.map((row) => ({ ...row, parts: namesOf(row.parts) }))
}

/** A revision in effect, and the one that put it there last: itself or a redo. */
export interface Applied {
  readonly id: number
  readonly by: number
}

type JournalEntry = Pick<Revision, 'kind' | 'target' | 'undoable'> & { readonly changed: boolean }

/**
 * Where undo and redo stand. Nothing but undo and redo changes pixels without either being undoable or clearing redo,
 * so walking back takes each patch off exactly the pixels it was put on.
 */
export class Journal {
  /** Undoable revisions in effect, oldest first. */
  readonly #done: Applied[] = []
  /** Revisions taken back, the next to redo last. */
  readonly #undone: number[] = []
  /** Id of the newest revision; 0 for none. */
  newest = 0

  /** Walks the revisions of a face from the start. */
  static read(db: ReadableDb, face: number): Journal {
    const journal = new Journal()
    const rows = db.all<{
      id: number
      kind: RevisionKind
      target: number | null
      undoable: number
      changed: number
    }>(
      'SELECT id, kind, target, undoable, width > 0 AS changed FROM revision WHERE face_id = ? ORDER BY id',
      face,
    )
    for (const { id, kind, target, undoable, changed } of rows) {
      journal.#follow(id, { kind, target, undoable: undoable === 1, changed: changed === 1 })
    }
    return journal
  }

  /** What undo takes back. */
  get last(): Applied | null {
    return this.#done.at(-1) ?? null
  }

  /** What redo brings again. */
  get next(): number | null {
    return this.#undone.at(-1) ?? null
  }

  /** Notes a revision that was appended. */
  add(id: number, revision: Revision): void {
    const { kind, target, undoable } = revision
    this.#follow(id, { kind, target, undoable, changed: !isEmptyPatch(revision.patch) })
  }

  #follow(id: number, { kind, target, undoable, changed }: JournalEntry): void {
    this.newest = id
    if (kind === 'undo') {
      const taken = at(this.#done, this.#done.length - 1)
      invariant(taken.id === target, `undo ${id} is about ${target}, but ${taken.id} was last`)
      this.#done.pop()
      this.#undone.push(taken.id)
    } else if (kind === 'redo') {
      const brought = at(this.#undone, this.#undone.length - 1)
      invariant(brought === target, `redo ${id} is about ${target}, but ${brought} was next`)
      this.#undone.pop()
      this.#done.push({ id: brought, by: id })
    } else {
      if (undoable || changed) this.#undone.length = 0
      if (undoable) this.#done.push({ id, by: id })
    }
  }
}
