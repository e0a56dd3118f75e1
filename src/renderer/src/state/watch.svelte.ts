/** @file The few validation faces of a run, epoch by epoch: which epoch is looked at, and the faces as they were then. */
import type { PreviewFace } from '../../../shared/training'
import type { Backend } from '../backend'

/** Epochs whose faces are kept, so that going to and fro is quick. */
const KEPT = 32

export interface Seen {
  readonly run: number
  readonly epoch: number
  readonly faces: readonly PreviewFace[]
}

export class Watch {
  /** The epoch that the user went to; null follows the newest. */
  epoch: number | null = $state(null)
  /** The epoch under the pointer in a curve; its values are told, its faces are not fetched. */
  hovered: number | null = $state(null)
  /** The faces on screen; those of the epoch before until those of the wanted one are here. */
  seen: Seen | null = $state.raw(null)
  /** Oldest first. */
  private kept: readonly Seen[] = []
  private wanted: { run: number; epoch: number } | null = null
  private busy = false
  /** How often it began anew: an answer from before may be of another folder's run of that number. */
  private round = 0

  constructor(private readonly backend: Backend) {}

  /** Looks at nothing, and follows the newest epoch of what comes. */
  reset(): void {
    this.epoch = this.hovered = this.seen = this.wanted = null
    this.kept = []
    this.round++
  }

  /** Shows the faces of an epoch as soon as they are here; what was wanted last is fetched next. */
  async want(run: number, epoch: number): Promise<void> {
    this.wanted = { run, epoch }
    const here = this.find(run, epoch)
    if (here) this.show(here)
    if (here || this.busy) return
    this.busy = true
    try {
      while (this.wanted && !this.find(this.wanted.run, this.wanted.epoch)) await this.fetch(this.wanted)
    } finally {
      this.busy = false
    }
  }

  /** Faces stay on screen until there are others: an epoch may have none. */
  private show(seen: Seen): void {
    if (seen.faces.length > 0 || this.seen?.run !== seen.run) this.seen = seen
  }

  private find(run: number, epoch: number): Seen | undefined {
    return this.kept.find((seen) => seen.run === run && seen.epoch === epoch)
  }

  private async fetch(asked: { run: number; epoch: number }): Promise<void> {
    const { round } = this
    const { faces } = await this.backend.call('training.previews', asked)
    if (this.round !== round || this.wanted?.run !== asked.run) return
    const known = this.kept.at(-1)?.faces ?? []
    const fetched = { ...asked, faces: faces.map((face) => withKnown(face, known)) }
    this.kept = [...this.kept, fetched].slice(-KEPT)
    // What was wanted meanwhile may have been here all along.
    this.show(this.find(this.wanted.run, this.wanted.epoch) ?? fetched)
  }
}

/** The face with the photo and the masks that are here already: they are the same after each epoch. */
function withKnown(face: PreviewFace, known: readonly PreviewFace[]): PreviewFace {
  const same = known.find(({ image, size }) => image === face.image && size === face.size)
  return same ? { ...face, jpeg: same.jpeg, truth: same.truth } : face
}
