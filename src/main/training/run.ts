/** @file A training run from its plan to the best weights: epochs of steps, each followed by a look at the validation faces. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { at, invariant } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import type { EpochRow, TrainingProgress } from '../../shared/training'
import { toFloat32, type Tensor } from '../base/tensor'
import type { StateDict } from '../segface/weights'
import { adaptedNorms } from './adapt_norms'
import { applyChange, drawChange, UNCHANGED, type Change, type Face } from './augment'
import { Evaluator, scorePairs } from './evaluate'
import { Faces, partsIn } from './faces'
import { pictureFeeds, tapFeeds } from './feeds'
import type { Control, Preview, Talk, TrainEnd } from './news'
import { readPlan, TAPS_FOLDER, type Plan } from './plan'
import { baseOf, fitToMemory } from './prepare'
import { randomOf, type Random } from './random'
import { movedStatistics } from './running_statistics'
import {
  drawEpoch,
  meanDecayAt,
  rateAt,
  repeatFactors,
  replaysIn,
  scheduleOf,
  type Schedule,
} from './schedule'
import { readState, writeBest, writeState, type Progress, type RunState } from './state'
import { buildStep, isLearned, STEP, type StepOptions } from './step_graph'
import type { Array32 } from '../runtime/session'
import type { Learned } from './adamw'
import { createStepper, type StepFeeds, type StepLosses, type Stepper } from './stepper'
import { TapCache } from './taps'

/** A run whose loss was no number so many times is given up. */
const MAX_SLOWDOWNS = 6
/** Progress is told at least this often where steps are short. */
const TELL_EVERY_MS = 500
/** A checkpoint is written after each look at the validation faces, and after an epoch when the last is older than this. */
const SAVE_EVERY_MS = 10_000
/** The loss that is told is the mean of so many steps. */
const LATEST = 20
/** Scope decoder keeps the taps of so many changes of each face. */
const TAP_VARIANTS = 6
/** At most so many validation faces are looked at after an epoch; they are spread over all. */
const MAX_VALIDATION = 48

/** Norms are adapted to at most so many faces. */
const MAX_ADAPTED_TO = 64

/** Where a run begins. */
const FIRST: Progress = { step: 0, seconds: 0, slowed: 1, epochs: [], bestEpoch: null }
const IDLE = { epoch: 0, step: 0, loss: null, secondsLeft: null } as const

/** Streams of random numbers of one seed. */
const STREAM = { changes: 2, replays: 4, variants: 5 } as const

/**
 * Trains by the plan in `folder`, resuming where its checkpoint stands, and leaves the best weights there (plan.ts).
 * Throws for a plan, a photo or weights that cannot be read, for faces that hold nothing to learn from, and for a loss that
 * stays no number.
 */
export async function train(folder: string, talk: Talk): Promise<TrainEnd> {
  const plan = await readPlan(folder)
  const base = await baseOf(plan)
  const options = fitToMemory(base, plan, talk)
  const run = await Run.begin({ folder, plan, base, options, talk })
  try {
    return await run.toEnd()
  } finally {
    await run.release()
  }
}

interface Setting {
  readonly folder: string
  readonly plan: Plan
  /** The weights that the plan names. */
  readonly base: StateDict
  readonly options: StepOptions
  readonly talk: Talk
}

class Run {
  #state: Progress
  #moved: Map<string, Tensor>
  #latest: number[] = []
  #told = 0
  #saved = performance.now()

  private constructor(
    private readonly setting: Setting,
    /** The weights before the first step: the base model's, with its norms adapted. */
    private readonly stateDict: StateDict,
    /** What differs in them from the base model's; of a fresh network all that is not learned, which nobody else has. */
    private readonly adapted: ReadonlyMap<string, Tensor>,
    private readonly faces: Faces,
    private readonly stepper: Stepper,
    private readonly evaluator: Evaluator,
    private readonly taps: TapCache | null,
    private readonly schedule: Schedule,
    /** How often each training face comes up. */
    private readonly factors: readonly number[],
    resumed: RunState | null,
  ) {
    const { step, seconds, slowed, epochs, bestEpoch } = resumed ?? FIRST
    this.#state = { step, seconds, slowed, epochs: [...epochs], bestEpoch }
    this.#moved = new Map(resumed?.moved ?? adapted)
  }

  static async begin(setting: Setting): Promise<Run> {
    const { folder, plan, base, options, talk } = setting
    const { settings, provider } = plan
    const faces = new Faces(folder, plan, options.resolution)
    const train = faces.of('train')
    const schedule = scheduleOf(
      { ...settings, train_bs: options.batch, preserve: preserveOf(setting) },
      train.length,
    )
    const tell = (phase: 'preparing'): void =>
      talk.tell({
        kind: 'progress',
        progress: { ...IDLE, phase, provider, epochs: settings.epochs, steps: schedule.steps },
      })
    tell('preparing')
    const parts: number[] = []
    for (const index of train) parts.push(partsIn((await faces.read(index)).labels))
    if (parts.every((bits) => bits === 0)) {
      throw new FacetError(
        'dataset/malformed',
        'There is nothing to learn from: no training face has a part that counts. Correct or accept some faces first.',
      )
    }
    tell('preparing')
    const resumed = await readState(folder)
    const isFresh = options.batchNorm === 'batch'
    const adapted = isFresh
      ? new Map([...base].filter(([name]) => !isLearned(name, settings.scope)))
      : (resumed?.moved ??
        (await adaptedNorms(
          base,
          plainFaces(faces, spread(train, MAX_ADAPTED_TO)),
          { ...options, share: settings.adapt_norms },
          provider,
        )))
    const stateDict: StateDict = new Map([...base, ...adapted])
    tell('preparing')
    const taps =
      settings.scope === 'decoder'
        ? await TapCache.create(join(folder, TAPS_FOLDER), stateDict, options.resolution, provider)
        : null
    const evaluator = await Evaluator.create(stateDict, options, provider)
    await evaluator.use((name) => floatsOf(stateDict, name))
    tell('preparing')
    const stepper = await createStepper(buildStep(stateDict, options), stateDict, provider)
    if (resumed) await stepper.write(resumed.learned)
    const factors = settings.repeat_rare ? repeatFactors(parts) : parts.map(() => 1)
    return new Run(setting, stateDict, adapted, faces, stepper, evaluator, taps, schedule, factors, resumed)
  }

  async release(): Promise<void> {
    await this.stepper.release()
    await this.evaluator.release()
    await this.taps?.release()
  }

  async toEnd(): Promise<TrainEnd> {
    const { plan, talk, folder } = this.setting
    const { settings } = plan
    await this.#answerReplays()
    for (const row of this.#state.epochs)
      talk.tell({ kind: 'epoch', row, isBest: row.epoch === this.#state.bestEpoch, previews: [] })
    // What the base model scores is what the first epoch has to beat.
    if (this.#state.epochs.length === 0) await this.#endEpoch(0, { losses: null, lr: null, isLook: true })

    const { stepsPerEpoch, steps } = this.schedule
    while (this.#state.step < steps) {
      const epoch = Math.floor(this.#state.step / stepsPerEpoch) + 1
      const asked = await this.#epoch(epoch)
      if (asked === 'pause') await this.#save()
      if (asked !== null) return this.#ended(asked === 'pause' ? 'paused' : 'cancelled')
      if (this.#isOverTime() || this.#hasStalled(settings.early_stopping)) break
    }
    // Nothing is left to resume.
    await rm(join(folder, TAPS_FOLDER), { recursive: true, force: true })
    return this.#ended('done')
  }

  #ended(end: TrainEnd['end']): TrainEnd {
    const { step: steps, epochs, bestEpoch } = this.#state
    return { end, steps, epochs: [...epochs], bestEpoch }
  }

  /** The rest of an epoch, and what the validation faces say of it; or what was asked meanwhile. */
  async #epoch(epoch: number): Promise<Control | null> {
    const { plan, options, talk } = this.setting
    const { settings } = plan
    const { stepsPerEpoch } = this.schedule
    const replays = this.faces.of('replay')
    const old = preserveOf(this.setting) === 'replay' ? replaysIn(options.batch) : 0
    const fresh = options.batch - old
    const train = this.faces.of('train')
    const drawn = drawEpoch(this.factors, stepsPerEpoch * fresh, settings.seed, epoch)
    const losses: StepLosses[] = []
    let lr = 0
    for (let step = this.#state.step + 1; step <= epoch * stepsPerEpoch; step = this.#state.step + 1) {
      // Messages that came in meanwhile are read before the thread is taken again.
      await new Promise((resolve) => setImmediate(resolve))
      const asked = talk.asked()
      if (asked !== null) return asked
      if (this.#isOverTime() && losses.length > 0) break
      const place = (step - 1) % stepsPerEpoch
      const random = randomOf(settings.seed, STREAM.replays, step)
      const indices = [
        ...drawn.slice(place * fresh, (place + 1) * fresh).map((face) => at(train, face)),
        ...Array.from({ length: old }, () => at(replays, random.below(replays.length))),
      ]
      const feeds = await this.#feeds(indices, randomOf(settings.seed, STREAM.changes, step))
      lr = rateAt(step, settings, this.schedule) * this.#state.slowed
      const begun = performance.now()
      const decay = meanDecayAt(step, settings.ema)
      const result = await this.stepper.step(feeds, step, { lr, weightDecay: settings.weight_decay, decay })
      if (!Number.isFinite(result.losses.total)) {
        await this.#goBack()
        return null
      }
      for (const [name, moved] of movedStatistics(this.#current, options.arch, result.statistics))
        this.#moved.set(name, moved)
      losses.push(result.losses)
      this.#state = {
        ...this.#state,
        step,
        seconds: this.#state.seconds + (performance.now() - begun) / 1000,
      }
      this.#latest = [...this.#latest, result.losses.total].slice(-LATEST)
      this.#tell('training', epoch)
    }
    const isLook = epoch % this.schedule.lookEvery === 0 || epoch === settings.epochs || this.#isOverTime()
    await this.#endEpoch(epoch, { losses, lr, isLook })
    if (isLook || performance.now() - this.#saved > SAVE_EVERY_MS) await this.#save()
    return null
  }

  /** Tells what an epoch gave; after a look at the validation faces, keeps the weights where they are the best so far. */
  async #endEpoch(
    epoch: number,
    { losses, lr, isLook }: { losses: readonly StepLosses[] | null; lr: number | null; isLook: boolean },
  ): Promise<void> {
    const begun = performance.now()
    const learned = await this.stepper.read()
    const { val, previews } = isLook ? await this.#lookAtFaces(epoch, learned) : { val: null, previews: [] }
    const mean = (part: keyof StepLosses) =>
      losses === null || losses.length === 0
        ? null
        : losses.reduce((sum, each) => sum + each[part], 0) / losses.length
    const seconds = this.#state.seconds + (performance.now() - begun) / 1000
    const row: EpochRow = {
      epoch,
      loss: mean('total'),
      cross_entropy: mean('crossEntropy'),
      dice: mean('dice'),
      lr,
      seconds,
      val,
    }
    const epochs = [...this.#state.epochs, row]
    const isBest = isLook && epoch > 0 && isBestOf(epochs)
    if (isBest) await writeBest(this.setting.folder, this.stepper.shapes, { learned, moved: this.#moved })
    const bestEpoch = isBest ? epoch : this.#state.bestEpoch
    this.#state = { ...this.#state, epochs, bestEpoch, seconds }
    this.setting.talk.tell({ kind: 'epoch', row, isBest, previews })
  }

  /** Scores the averaged weights on the validation faces, and shows what they make of a few. */
  async #lookAtFaces(
    epoch: number,
    learned: ReadonlyMap<string, Learned>,
  ): Promise<{ val: EpochRow['val']; previews: Preview[] }> {
    await this.evaluator.use((name) => learned.get(name)?.mean ?? floatsOf(this.#current, name))
    const pairs: (readonly [Uint8Array, Uint8Array])[] = []
    for (const index of spread(this.faces.of('val'), MAX_VALIDATION)) {
      const face = await this.faces.read(index)
      pairs.push([face.labels, await this.#labelsOf(index, face)])
      this.#tell('validating', epoch)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const previews: Preview[] = []
    for (const sample of this.setting.plan.previews) {
      previews.push({ sample, labels: await this.#labelsOf(sample, await this.faces.read(sample)) })
    }
    return { val: scorePairs(pairs), previews }
  }

  /** A batch of faces, each changed by chance. */
  async #feeds(indices: readonly number[], random: Random): Promise<StepFeeds> {
    const { settings } = this.setting.plan
    if (this.taps === null) {
      const faces: Face[] = []
      for (const index of indices)
        faces.push(applyChange(await this.faces.read(index), drawChange(settings, random)))
      return pictureFeeds(faces)
    }
    const faces: Face[] = []
    const taps: StepFeeds[] = []
    for (const index of indices) {
      const variant = random.below(TAP_VARIANTS)
      const face = applyChange(await this.faces.read(index), this.#variant(index, variant))
      faces.push(face)
      taps.push(await this.taps.read(`${index}-${variant}`, face))
    }
    return tapFeeds(taps, faces)
  }

  /** One of the few changes of a face whose taps are kept. The first is none, the second its mirror image. */
  #variant(index: number, variant: number): Change {
    const { settings } = this.setting.plan
    if (variant < 2) return { ...UNCHANGED, mirrored: settings.flip && variant === 1 }
    return drawChange(settings, randomOf(settings.seed, STREAM.variants, index, variant))
  }

  /** The labels that the evaluator's weights give the face at position `index`, as it is. */
  async #labelsOf(index: number, face: Face): Promise<Uint8Array> {
    if (this.taps) return this.evaluator.labels(await this.taps.read(`${index}-0`, face))
    const { image } = pictureFeeds([face]) as { image: Array32 }
    return this.evaluator.labels({ [STEP.image]: image })
  }

  /** Gives the replays that have no labels the answers of the base model as it came. */
  async #answerReplays(): Promise<void> {
    const { plan, base, options } = this.setting
    const asking = this.faces.of('replay').filter((index) => plan.samples[index]?.labels === null)
    if (asking.length === 0) return
    const evaluator = await Evaluator.create(base, { ...options, scope: 'full' }, plan.provider)
    try {
      await evaluator.use((name) => floatsOf(base, name))
      for (const index of asking) {
        const { image } = pictureFeeds([await this.faces.read(index)]) as { image: Array32 }
        this.faces.answer(index, await evaluator.labels({ [STEP.image]: image }))
        this.#tell('preparing', 0)
      }
    } finally {
      await evaluator.release()
    }
  }

  /** After a loss that was no number: back to the last checkpoint, at half the rate. */
  async #goBack(): Promise<void> {
    const { folder, plan, talk } = this.setting
    const slowed = this.#state.slowed / 2
    if (slowed < 2 ** -MAX_SLOWDOWNS) {
      throw new FacetError(
        'engine/failed',
        'The loss is not a number again and again, however small the learning rate; train with a smaller --lr, or look for damaged photos.',
      )
    }
    talk.tell({
      kind: 'note',
      message: noteOf('notANumber', { step: this.#state.step, lr: plan.settings.lr * slowed }),
    })
    const resumed = await readState(folder)
    if (resumed) await this.stepper.write(resumed.learned)
    else await this.stepper.reset(this.stateDict)
    this.#moved = new Map(resumed?.moved ?? this.adapted)
    this.#state = {
      ...(resumed ?? { ...FIRST, epochs: this.#state.epochs, bestEpoch: this.#state.bestEpoch }),
      slowed,
    }
  }

  /** The tensors as they stand: those that moved before those of the base. */
  get #current(): Pick<StateDict, 'get'> {
    return { get: (name) => this.#moved.get(name) ?? this.stateDict.get(name) }
  }

  async #save(): Promise<void> {
    this.#saved = performance.now()
    this.#tell('saving', Math.ceil(this.#state.step / this.schedule.stepsPerEpoch), true)
    await writeState(this.setting.folder, this.stepper.shapes, {
      ...this.#state,
      learned: await this.stepper.read(),
      moved: this.#moved,
    })
  }

  #isOverTime(): boolean {
    const { time_limit: limit } = this.setting.plan.settings
    return limit !== null && this.#state.seconds >= limit
  }

  /** True where validation has not risen for `patience` epochs. */
  #hasStalled(patience: number): boolean {
    const { epochs, bestEpoch } = this.#state
    const last = epochs[epochs.length - 1]
    return (
      patience > 0 &&
      last?.val !== null &&
      bestEpoch !== null &&
      last !== undefined &&
      last.epoch - bestEpoch >= patience
    )
  }

  #tell(phase: TrainingProgress['phase'], epoch: number, always = false): void {
    const now = performance.now()
    if (!always && now - this.#told < TELL_EVERY_MS) return
    this.#told = now
    const { step, seconds } = this.#state
    const { steps } = this.schedule
    const { settings, provider } = this.setting.plan
    const perStep = step > 0 ? seconds / step : null
    const left = perStep === null ? null : perStep * (steps - step)
    const limit = settings.time_limit === null ? null : settings.time_limit - seconds
    const loss =
      this.#latest.length === 0
        ? null
        : this.#latest.reduce((sum, each) => sum + each, 0) / this.#latest.length
    this.setting.talk.tell({
      kind: 'progress',
      progress: {
        phase,
        epoch,
        epochs: settings.epochs,
        step,
        steps,
        loss,
        secondsLeft: left === null || limit === null ? left : Math.min(left, limit),
        provider,
      },
    })
  }
}

/** The numbers of a tensor that there is, in single precision. */
function floatsOf(tensors: Pick<StateDict, 'get'>, name: string): Float32Array {
  const found = tensors.get(name)
  invariant(found !== undefined, `the network has no tensor ${name}`)
  return toFloat32(found)
}

/** Replays are mixed in only where there are some, and room in a batch beside a new face. */
function preserveOf({ plan, options }: Setting): Plan['settings']['preserve'] {
  const isPossible = options.batch > 1 && plan.samples.some(({ use }) => use === 'replay')
  return isPossible ? plan.settings.preserve : 'none'
}

/** True where no epoch scored better than the last one; without validation faces, the last is always the best. */
function isBestOf(epochs: readonly EpochRow[]): boolean {
  const last = epochs.at(-1)?.val ?? null
  // The base model itself (epoch 0) is no result of training.
  const earlier = epochs
    .slice(0, -1)
    .flatMap(({ epoch, val }) => (epoch > 0 && val !== null ? val.mean_f1 : []))
  return last === null ? earlier.length === 0 : earlier.every((score) => score < last.mean_f1)
}

/** Faces as they are, one after the other. */
async function* plainFaces(faces: Faces, indices: readonly number[]): AsyncIterable<Face> {
  for (const index of indices) yield faces.read(index)
}

/** At most `most` of `items`, evenly over all. */
function spread(items: readonly number[], most: number): number[] {
  const count = Math.min(items.length, most)
  return Array.from({ length: count }, (_, i) => at(items, Math.floor((i * items.length) / count)))
}
