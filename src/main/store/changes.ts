/**
 * @file Every way the masks of a face change: a hand's patch, a prediction, an import, undo, redo. Each is one
 * transaction that appends a revision, rewrites the touched parts and derives the image's status.
 */
import type { HistoryState, HistoryStep, PartOrigin } from '../../shared/answers'
import { at } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { ALL_PARTS, PART_COUNT } from '../../shared/labels'
import { encodeParts, partAreas, partMapFromLabels, type PartMap } from '../../shared/mask'
import * as patches from '../../shared/patch'
import type { MaskPatch } from '../../shared/patch'
import type { WritableDb } from './db'
import { readFaceRow, type Face } from './faces'
import { appendRevision, Journal, readRevision, type Revision, type RevisionKind } from './history'
import { readImage, refreshStatus, withdrawAcceptance } from './images'
import { readParts, writeMask, type FaceParts } from './masks'

/** What a hand did to a face: `part` (0..17) is the part being edited, `patch` encodePatch's bytes. */
export interface HandChange {
  face: number
  kind: 'stroke' | 'operation'
  label: string
  part: number
  patch: Uint8Array
  author: string
}

/** What a model says of a face: one class per pixel of its grid, SegFace's numbers 0..18. */
export interface Prediction {
  face: number
  labels: Uint8Array
  /** Bits of the parts that the model can make; the others stay as they are. All of them if left out. */
  parts?: number
  model: string
  /** Replaces the parts a hand or an import decided, too. */
  force?: boolean
}

/** Masks from elsewhere, on the face's grid; `source` says where from, for the history. */
export interface MaskImport {
  face: number
  map: PartMap
  source: string
}

/** A face in memory, always as the database has it. */
export interface OpenFace extends FaceParts {
  readonly face: Face
  readonly journal: Journal
}

/** Pixels of all remembered faces together (4 bytes each): 16 faces at 1024 x 1024, at least the last one of any size. */
const REMEMBERED_PIXELS = 1 << 24

export class Changes {
  readonly #db: WritableDb
  readonly #now: () => number
  /** By face id, the longest unused first. */
  readonly #open = new Map<number, OpenFace>()

  constructor(db: WritableDb, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** The face with its masks. The caller must not change them. Throws `not-found`, `store/damaged`. */
  read(id: number): OpenFace {
    let open = this.#open.get(id)
    if (!open) {
      const face = readFaceRow(this.#db, id)
      open = { face, ...readParts(this.#db, face), journal: Journal.read(this.#db, id) }
    }
    this.#open.delete(id)
    this.#open.set(id, open)
    this.#forgetOldest()
    return open
  }

  /** Forgets what is remembered of one face or all, where the database may say otherwise. */
  forget(id?: number): void {
    if (id === undefined) this.#open.clear()
    else this.#open.delete(id)
  }

  /** Forgets what is remembered of a face whose grid is another one now. */
  regrid({ id, grid }: Face): void {
    const map = this.#open.get(id)?.map
    if (map?.width !== grid.width || map.height !== grid.height) this.forget(id)
  }

  /** Where undo stands and what the image counts as. */
  state({ face, journal }: OpenFace): HistoryState {
    const { status } = readImage(this.#db, face.image)
    return {
      revision: journal.newest,
      canUndo: journal.last !== null,
      canRedo: journal.next !== null,
      status,
    }
  }

  /** Stores a stroke or an operation; one that changes nothing leaves no trace. */
  commit(change: HandChange): HistoryState {
    const open = this.read(change.face)
    const { width, height } = open.face.grid
    const patch = patches.settlePatch(open.map, patches.decodePatch(change.patch, width, height))
    if (patches.isEmptyPatch(patch)) return this.state(open)
    const { kind, label, author } = change
    // The edited part counts as decided by hand also where the patch only took other parts away from under it.
    const parts = patches.patchParts(patch) | (1 << change.part)
    return this.#apply(open, { kind, label, parts, patch, target: null, undoable: true, author, model: null })
  }

  /**
   * Stores what a model says. Parts decided by a hand or an import, and those that the model does not know, stay as they are,
   * and the pixels they cover are given to no other part. Undoable where it changes anything that was decided before: never
   * the first prediction.
   */
  writePrediction(prediction: Prediction): HistoryState {
    const open = this.read(prediction.face)
    const { grid, name } = open.face
    if (prediction.labels.length !== grid.width * grid.height) {
      throw new FacetError(
        'usage',
        `The prediction for '${name}' has ${prediction.labels.length} pixels, but its mask grid is ${grid.width} x ${grid.height}.`,
      )
    }
    const said = partMapFromLabels(prediction.labels, grid.width, grid.height)
    const { force = false, parts: known = ALL_PARTS } = prediction
    const kept = (ALL_PARTS & ~known) | (force ? 0 : keptParts(open.origins))
    for (let i = 0; i < said.bits.length; i++) {
      const held = (open.map.bits[i] as number) & kept
      if (held !== 0) said.bits[i] = held
      else said.bits[i] = (said.bits[i] as number) & ~kept
    }
    return this.#replace(open, said, ALL_PARTS & ~kept, {
      kind: 'prediction',
      label: 'prediction',
      author: 'model',
      model: prediction.model,
    })
  }

  /** Stores imported masks as all 18 parts of a face. Undoable where it changes anything that was decided before. */
  writeImport({ face, map, source }: MaskImport): HistoryState {
    const open = this.read(face)
    const { grid, name } = open.face
    if (map.width !== grid.width || map.height !== grid.height) {
      throw new FacetError(
        'conflict',
        `The masks for '${name}' are ${map.width} x ${map.height}, but the face already has work on a grid of ${grid.width} x ${grid.height}: import into another workspace.`,
        { image: name },
      )
    }
    return this.#replace(open, map, ALL_PARTS, {
      kind: 'import',
      label: source,
      author: 'import',
      model: null,
    })
  }

  /** Takes back the newest undoable revision in effect, with the provenance it changed. */
  undo(id: number, author?: string): HistoryStep {
    const open = this.read(id)
    const last = open.journal.last
    if (!last) return { patch: null, ...this.state(open) }
    const applied = readRevision(this.#db, open.face, last.by)
    const patch = patches.settlePatch(open.map, patches.invertPatch(applied.patch))
    return this.#step(open, 'undo', last.id, applied, patch, applied.origins, author)
  }

  /** Brings the revision that was taken back last into effect again. */
  redo(id: number, author?: string): HistoryStep {
    const open = this.read(id)
    const next = open.journal.next
    if (next === null) return { patch: null, ...this.state(open) }
    const target = readRevision(this.#db, open.face, next)
    const patch = patches.settlePatch(open.map, target.patch)
    return this.#step(open, 'redo', next, target, patch, decidedBy(target.kind), author)
  }

  #step(
    open: OpenFace,
    kind: 'undo' | 'redo',
    target: number,
    about: Revision,
    patch: MaskPatch,
    after: readonly PartOrigin[],
    author = about.author,
  ): HistoryStep {
    const { label, parts } = about
    const revision = { kind, label, parts, patch, target, undoable: false, author, model: null }
    return { patch: patches.encodePatch(patch), ...this.#apply(open, revision, after) }
  }

  /** Makes `parts` of the face what they are in `map`. */
  #replace(
    open: OpenFace,
    map: PartMap,
    parts: number,
    words: Pick<Revision, 'kind' | 'label' | 'author' | 'model'>,
  ): HistoryState {
    const patch = patches.diffPatch(open.map, map, { x: 0, y: 0, ...open.face.grid })
    const after = decidedBy(words.kind)
    const somethingBefore = open.origins.some((origin) => origin !== 'none')
    const otherOrigin = open.origins.some(
      (origin, part) => (parts >>> part) & 1 && origin !== 'none' && origin !== after[part],
    )
    const undoable = somethingBefore && (!patches.isEmptyPatch(patch) || otherOrigin)
    return this.#apply(open, { ...words, parts, patch, target: null, undoable }, after)
  }

  /** Appends the revision and makes the masks, the status and the memory follow it: all of it or nothing. */
  #apply(
    open: OpenFace,
    change: Omit<Revision, 'origins'>,
    after: readonly PartOrigin[] = decidedBy(change.kind),
  ): HistoryState {
    const { face, map, areas, origins, journal } = open
    const { patch, parts } = change
    const revision = { ...change, origins: origins.slice() }
    try {
      return this.#db.transaction(() => {
        const id = appendRevision(this.#db, face, revision, this.#now())
        const touched = patches.patchParts(patch)
        const { width, height } = patch.rect
        const gained = partAreas({ width, height, bits: patch.set })
        const lost = partAreas({ width, height, bits: patch.clear })
        patches.applyPatch(map, patch)
        const runs = encodeParts(map, touched)
        for (let part = 0; part < PART_COUNT; part++) {
          if (!((parts >>> part) & 1)) continue
          const area = at(areas, part) + at(gained, part) - at(lost, part)
          const origin = at(after, part)
          areas[part] = area
          origins[part] = origin
          writeMask(this.#db, face, part, {
            runs: (touched >>> part) & 1 ? at(runs, part) : null,
            area,
            origin,
          })
        }
        if (touched !== 0) withdrawAcceptance(this.#db, face.image)
        refreshStatus(this.#db, face.image)
        journal.add(id, revision)
        return this.state(open)
      })
    } catch (error) {
      this.forget(face.id)
      throw error
    }
  }

  #forgetOldest(): void {
    let pixels = 0
    for (const { map } of this.#open.values()) pixels += map.bits.length
    for (const [id, { map }] of this.#open) {
      if (pixels <= REMEMBERED_PIXELS || this.#open.size === 1) return
      this.#open.delete(id)
      pixels -= map.bits.length
    }
  }
}

/** Bits of the parts that a model must leave alone. */
function keptParts(origins: readonly PartOrigin[]): number {
  return origins.reduce(
    (bits, origin, part) => (origin === 'hand' || origin === 'import' ? bits | (1 << part) : bits),
    0,
  )
}

/** Who has decided a part after a revision of this kind. */
function decidedBy(kind: RevisionKind): PartOrigin[] {
  const origin = kind === 'prediction' ? 'model' : kind === 'import' ? 'import' : 'hand'
  return new Array<PartOrigin>(PART_COUNT).fill(origin)
}
