/** @file The faces that a step learns from, and how each is changed: told by a seed and the step's number alone. */
import { at } from '../../shared/assert'
import type { TrainSettings } from '../../shared/training'
import { applyChange, drawChange, UNCHANGED, type Change, type Face } from './augment'
import type { Faces } from './faces'
import { pictureFeeds, tapFeeds } from './feeds'
import { randomOf, type Random } from './random'
import { drawEpoch, replaysIn, type Schedule } from './schedule'
import type { StepFeeds } from './stepper'
import { tapsKey, type TapCache } from './taps'

/** Scope decoder keeps the taps of so many changes of each face. */
const TAP_VARIANTS = 6

/** Streams of random numbers of one seed. */
const STREAM = { changes: 2, replays: 4, variants: 5 } as const

export interface BatchOptions {
  readonly settings: TrainSettings
  /** Faces of a step, replays among them. */
  readonly batch: number
  readonly schedule: Schedule
  /** How often each training face comes up. */
  readonly factors: readonly number[]
}

export class Batches {
  /** The epoch that was drawn last, and its faces as positions among those to train on. */
  #epoch = { number: 0, drawn: [] as readonly number[] }

  /** With `taps`, of scope decoder, what a step is fed with are those; without, pictures. */
  constructor(
    private readonly faces: Faces,
    private readonly taps: TapCache | null,
    private readonly options: BatchOptions,
  ) {}

  /** What step number `step`, counted from 1, is fed with. */
  async of(step: number): Promise<StepFeeds> {
    const random = randomOf(this.options.settings.seed, STREAM.changes, step)
    const indices = this.#facesOf(step)
    return this.taps === null ? this.#pictures(indices, random) : this.#taps(this.taps, indices, random)
  }

  #facesOf(step: number): number[] {
    const { settings, batch, schedule, factors } = this.options
    const { stepsPerEpoch } = schedule
    const replays = this.faces.of('replay')
    const old = settings.preserve === 'replay' ? replaysIn(batch) : 0
    const fresh = batch - old
    const number = Math.ceil(step / stepsPerEpoch)
    if (this.#epoch.number !== number)
      this.#epoch = { number, drawn: drawEpoch(factors, stepsPerEpoch * fresh, settings.seed, number) }
    const train = this.faces.of('train')
    const place = (step - 1) % stepsPerEpoch
    const random = randomOf(settings.seed, STREAM.replays, step)
    return [
      ...this.#epoch.drawn.slice(place * fresh, (place + 1) * fresh).map((face) => at(train, face)),
      ...Array.from({ length: old }, () => at(replays, random.below(replays.length))),
    ]
  }

  async #pictures(indices: readonly number[], random: Random): Promise<StepFeeds> {
    const faces: Face[] = []
    for (const index of indices)
      faces.push(applyChange(await this.faces.read(index), drawChange(this.options.settings, random)))
    return pictureFeeds(faces)
  }

  async #taps(cache: TapCache, indices: readonly number[], random: Random): Promise<StepFeeds> {
    const faces: Face[] = []
    const taps: StepFeeds[] = []
    for (const index of indices) {
      const variant = random.below(TAP_VARIANTS)
      const face = applyChange(await this.faces.read(index), this.#variant(index, variant))
      faces.push(face)
      taps.push(await cache.read(tapsKey(index, variant), face))
    }
    return tapFeeds(taps, faces)
  }

  /** One of the few changes of a face whose taps are kept. The first is none, the second its mirror image. */
  #variant(index: number, variant: number): Change {
    const { settings } = this.options
    if (variant < 2) return { ...UNCHANGED, mirrored: settings.flip && variant === 1 }
    return drawChange(settings, randomOf(settings.seed, STREAM.variants, index, variant))
  }
}
