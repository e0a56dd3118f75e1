/**
 * @file One face being edited and its store: what the hand does shows at once and is sent in order; what the store
 * answers later (undo, redo, a prediction, a refusal) is slipped in under the edits it does not know of yet.
 */
import type { FaceMasks, HistoryState } from '../../../shared/answers'
import type { Api } from '../../../shared/api'
import { decodePatch, invertPatch, settlePatch, type MaskPatch } from '../../../shared/patch'
import { partMapOf, type MaskDocument } from './document'
import type { Edit } from './diff'
import type { SerialQueue } from './queue'

/** An edit that shows already and that the store has not confirmed. */
interface LocalEdit {
  readonly bytes: Uint8Array
  /** What it changes on top of what lies under it now; decoded only where something must slip in under it. */
  settled: MaskPatch | null
}

/** Who hears of what the session does. */
export interface SessionListener {
  /** The store confirmed a change: where undo stands now. */
  stored(state: HistoryState): void
  /** Pixels or areas changed by other ways than the hand's current edit. */
  changed(): void
  /** The masks were read again; their origins and areas are the store's. */
  reread(masks: FaceMasks): void
  /** Something could not be stored or read; what the hand did last is taken back where the store refused it. */
  failed(error: unknown): void
}

export class FaceSession {
  readonly #local: LocalEdit[] = []
  /** Revisions that this session made and that the backend has yet to tell of. */
  readonly #made: number[] = []

  constructor(
    readonly api: Api,
    readonly queue: SerialQueue,
    readonly face: number,
    readonly image: number,
    readonly document: MaskDocument,
    readonly listener: SessionListener,
  ) {}

  /** Sends a finished edit of part `part` (0..17); a refusal takes it back on screen and reads the masks again. */
  commit(edit: Edit, kind: 'stroke' | 'operation', label: string, part: number): void {
    this.#local.push({ bytes: edit.bytes, settled: null })
    void this.queue.push(async () => {
      try {
        const state = await this.api.call('masks.commit', {
          face: this.face,
          kind,
          label,
          part,
          patch: edit.bytes,
        })
        this.#local.shift()
        this.#made.push(state.revision)
        this.listener.stored(state)
      } catch (error) {
        await this.document.quiet()
        this.#rebase(() => undefined, 1)
        this.listener.failed(error)
        void this.reload()
      }
    })
  }

  undo(): Promise<void> {
    return this.#step('masks.undo')
  }

  redo(): Promise<void> {
    return this.#step('masks.redo')
  }

  /** Reads the masks again, after all edits before; edits made meanwhile, sent or not, stay on top. */
  reload(): Promise<void> {
    return this.queue.push(async () => {
      try {
        const masks = await this.api.call('masks.open', { image: this.image })
        const map = partMapOf(masks)
        await this.document.quiet()
        if (map.width === this.document.map.width && map.height === this.document.map.height) {
          this.#rebase(() => this.document.replace(map))
        }
        this.listener.reread(masks)
        this.listener.stored(masks)
      } catch (error) {
        this.listener.failed(error)
      }
    })
  }

  /**
   * True, once, for a revision that the backend tells of and that this session made, rather than another window, a prediction
   * or an import. What is under way is answered first, or its own news would be taken for theirs.
   */
  isOwn(revision: number): Promise<boolean> {
    return this.queue.push(() => {
      const at = this.#made.indexOf(revision)
      if (at >= 0) this.#made.splice(at, 1)
      return Promise.resolve(at >= 0)
    })
  }

  #step(method: 'masks.undo' | 'masks.redo'): Promise<void> {
    return this.queue.push(async () => {
      try {
        const { patch: bytes, ...state } = await this.api.call(method, { face: this.face })
        const { width, height } = this.document.map
        const patch = bytes && decodePatch(bytes, width, height)
        await this.document.quiet()
        if (patch) this.#rebase(() => void this.document.apply(patch))
        this.#made.push(state.revision)
        this.listener.stored(state)
      } catch (error) {
        this.listener.failed(error)
      }
    })
  }

  /** Takes the unconfirmed edits off, lets `change` happen under them, forgets the `drop` oldest and puts the rest back. */
  #rebase(change: () => void, drop = 0): void {
    const { document } = this
    const { width, height } = document.map
    for (const edit of this.#local.toReversed()) {
      document.apply(invertPatch((edit.settled ??= decodePatch(edit.bytes, width, height))))
    }
    change()
    this.#local.splice(0, drop)
    for (const edit of this.#local) {
      edit.settled = settlePatch(document.map, decodePatch(edit.bytes, width, height))
      document.apply(edit.settled)
    }
    this.listener.changed()
  }
}
