/** @file A training run from its plan to the best weights: epochs of steps, each followed by a look at the validation faces. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import type { EpochRow, TrainingProgress } from '../../shared/training'
import { removeHalfWritten } from '../base/fs'
import type { Tensor } from '../base/tensor'
import type { StateDict } from '../segface/weights'
import { equip, floatsOf, type Equipment, type Setting } from './equipment'
import type { Look } from './looks'
import type { Control, Talk, TrainEnd } from './news'
import { readPlan, TAPS_FOLDER } from './plan'
import { baseOf, fitToMemory } from './prepare'
import { resumedState } from './resume'
import { movedStatistics } from './running_statistics'
import { looksAfter, meanDecayAt, rateAt } from './schedule'
import { epochKept, readProgress, writeBest, writeState, type Progress, type RunState } from './state'
import type { StepLosses } from './stepper'

/** A run whose loss was no number so many times is given up. */
const MAX_SLOWDOWNS = 6
/** Progress is told at least this often where steps are short. */
const TELL_EVERY_MS = 500
/** Where epochs are shorter than the writing of a checkpoint, one is written after so many times what that takes. */
const SAVE_TIMES = 10
/** The loss that is told, and the time left, go by so many steps. */
const LATEST = 20
/** Where a run begins. */
const FIRST: Omit<Progress, 'size'> = { step: 0, seconds: 0, slowed: 1, epochs: [], bestEpoch: null }

/**
 * Trains by the plan in `folder`, resuming where its checkpoint stands, and leaves the best weights there (plan.ts).
 * Throws for a plan, a photo or weights that cannot be read, for faces that hold nothing to learn from, and for a loss that
 * stays no number.
 */
export async function train(folder: string, talk: Talk): Promise<TrainEnd> {
  const plan = await readPlan(folder)
  await removeHalfWritten(folder)
  const base = await baseOf(plan)
  const before = await readProgress(folder)
  const options = fitToMemory(base, plan, before?.size ?? null, talk)
  const setting: Setting = { folder, plan, base, options, talk }
  const equipment = await equip(setting)
  try {
    return await new Run(setting, equipment).toEnd()
  } finally {
    await equipment.release()
  }
}

class Run {
  #state: Progress
  #moved: Map<string, Tensor>
  #latest: { readonly loss: number; readonly seconds: number }[] = []
  /** What the last look took; of a run that goes on, the one before its first step. */
  #lookSeconds: number
  /** When the run would have begun if it had not been interrupted, and its start had taken no time. */
  readonly #origin: number
  #told = 0
  #saved = performance.now()
  /** What the last checkpoint took to write; the first is due in any case. */
  #saveMs = 0

  constructor(
    private readonly setting: Setting,
    private readonly equipment: Equipment,
  ) {
    const { resumed, adapted } = equipment
    const { step, seconds, slowed, epochs, bestEpoch } = resumed ?? FIRST
    const { batch, resolution } = setting.options
    const size = { batch, resolution }
    this.#state = { step, seconds, slowed, epochs: [...epochs], bestEpoch, size }
    this.#moved = new Map(adapted)
    this.#lookSeconds = epochs[0]?.seconds ?? 0
    this.#origin = performance.now() - 1000 * seconds
  }

  /** Seconds of training so far, with all that is between the steps. */
  get #seconds(): number {
    return (performance.now() - this.#origin) / 1000
  }

  async toEnd(): Promise<TrainEnd> {
    const { plan, talk, folder } = this.setting
    const { settings } = plan
    for (const row of this.#state.epochs)
      talk.tell({ kind: 'epoch', row, isBest: row.epoch === this.#state.bestEpoch, previews: [] })
    // What the base model scores is what the first epoch has to beat.
    if (this.#state.epochs.length === 0)
      await this.#endEpoch(0, { losses: null, lr: null, isLook: true, learned: new Map() })

    const { stepsPerEpoch, steps } = this.equipment.schedule
    while (this.#state.step < steps) {
      const epoch = Math.floor(this.#state.step / stepsPerEpoch) + 1
      const asked = await this.#epoch(epoch)
      if (asked === 'pause') await this.#save()
      if (asked === 'cancel') await this.#keepAny()
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
    const { schedule, batches, stepper } = this.equipment
    const { stepsPerEpoch } = schedule
    const losses: StepLosses[] = []
    const entered = performance.now()
    let lr = 0
    for (let step = this.#state.step + 1; step <= epoch * stepsPerEpoch; step = this.#state.step + 1) {
      // Messages that came in meanwhile are read before the thread is taken again.
      await new Promise((resolve) => setImmediate(resolve))
      const asked = talk.asked()
      if (asked !== null) return asked
      if (this.#isOverTime() && losses.length > 0) break
      const begun = performance.now()
      const feeds = await batches.of(step)
      lr = rateAt(step, settings, schedule) * this.#state.slowed
      const decay = meanDecayAt(step, settings.ema)
      const result = await stepper.step(feeds, step, { lr, weightDecay: settings.weight_decay, decay })
      if (!Number.isFinite(result.losses.total)) {
        await this.#goBack()
        return null
      }
      for (const [name, moved] of movedStatistics(this.#current, options.arch, result.statistics))
        this.#moved.set(name, moved)
      losses.push(result.losses)
      const seconds = (performance.now() - begun) / 1000
      this.#state = { ...this.#state, step, seconds: this.#seconds }
      this.#latest = [...this.#latest, { loss: result.losses.total, seconds }].slice(-LATEST)
      this.#tell('training', epoch)
    }
    const isLook = epoch % schedule.lookEvery === 0 || epoch === settings.epochs || this.#isOverTime()
    // A gradient may be no number where the loss still was one: such weights must not get into a checkpoint.
    const learned = await this.equipment.stepper.read()
    if (!areNumbers(learned)) {
      await this.#goBack()
      return null
    }
    await this.#endEpoch(epoch, { losses, lr, isLook, learned })
    if (isLook || this.#isSaveDue(performance.now() - entered)) await this.#save()
    return null
  }

  /** Tells what an epoch gave; after a look at the validation faces, keeps the weights where they are the best so far. */
  async #endEpoch(
    epoch: number,
    {
      losses,
      lr,
      isLook,
      learned,
    }: {
      losses: readonly StepLosses[] | null
      lr: number | null
      isLook: boolean
      learned: RunState['learned']
    },
  ): Promise<void> {
    const begun = performance.now()
    const { val, previews } = isLook ? await this.#look(epoch, learned) : { val: null, previews: [] }
    const mean = (part: keyof StepLosses) =>
      losses === null || losses.length === 0
        ? null
        : losses.reduce((sum, each) => sum + each[part], 0) / losses.length
    if (isLook) this.#lookSeconds = (performance.now() - begun) / 1000
    const seconds = this.#seconds
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
    if (isBest) await this.#writeBest(learned)
    const bestEpoch = isBest ? epoch : this.#state.bestEpoch
    this.#state = { ...this.#state, epochs, bestEpoch, seconds }
    this.setting.talk.tell({ kind: 'epoch', row, isBest, previews })
  }

  /** What the averaged weights make of the validation faces; before the first step, the base model as it came. */
  #look(epoch: number, learned: RunState['learned']): Promise<Look> {
    const { looks, lookAtBase } = this.equipment
    const progress = (): void => this.#tell('validating', epoch)
    if (epoch === 0) return lookAtBase(progress)
    return looks.look((name) => learned.get(name)?.mean ?? floatsOf(this.#current, name), progress)
  }

  /** Before the first look nothing is the best yet: the weights as they stand are better than none. */
  async #keepAny(): Promise<void> {
    if (this.#state.bestEpoch !== null || this.#state.step === 0) return
    const learned = await this.equipment.stepper.read()
    if (!areNumbers(learned)) return
    await this.#writeBest(learned)
    this.#state = { ...this.#state, bestEpoch: epochKept(this.#state) }
  }

  #writeBest(learned: RunState['learned']): Promise<void> {
    const { size } = this.#state
    const { shapes } = this.equipment.stepper
    return writeBest(this.setting.folder, shapes, { learned, moved: this.#moved, size })
  }

  /** After a loss that was no number: back to the last checkpoint, at half the rate. */
  async #goBack(): Promise<void> {
    const { folder, plan, options, talk } = this.setting
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
    const resumed = await resumedState(folder, plan, options.batch)
    const { stepper, stateDict, adapted } = this.equipment
    if (resumed) await stepper.write(resumed.learned)
    else await stepper.reset(stateDict)
    this.#moved = new Map(resumed?.moved ?? adapted)
    this.#state = {
      ...(resumed ?? { ...FIRST, epochs: this.#state.epochs, bestEpoch: this.#state.bestEpoch }),
      ...{ slowed, size: this.#state.size },
    }
  }

  /** The tensors as they stand: those that moved before those of the base. */
  get #current(): Pick<StateDict, 'get'> {
    return { get: (name) => this.#moved.get(name) ?? this.equipment.stateDict.get(name) }
  }

  /** Whether a checkpoint is due after an epoch of `epochMs`: no two are lost that each take longer than writing one. */
  #isSaveDue(epochMs: number): boolean {
    const sinceSave = performance.now() - this.#saved
    return epochMs > this.#saveMs || sinceSave > SAVE_TIMES * this.#saveMs
  }

  async #save(): Promise<void> {
    const begun = performance.now()
    const { stepper, schedule } = this.equipment
    this.#tell('saving', Math.ceil(this.#state.step / schedule.stepsPerEpoch), true)
    const learned = await stepper.read()
    // In mid-epoch they may be none; then the checkpoint before is the one to go on from.
    if (!areNumbers(learned)) return
    await writeState(this.setting.folder, stepper.shapes, { ...this.#state, learned, moved: this.#moved })
    this.#saved = performance.now()
    this.#saveMs = this.#saved - begun
  }

  /** True when the time that is left is just enough for the last look. */
  #isOverTime(): boolean {
    const { time_limit: limit } = this.setting.plan.settings
    return limit !== null && this.#seconds + this.#lookSeconds >= limit
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
    const { step, seconds, epochs } = this.#state
    const { steps, lookEvery } = this.equipment.schedule
    const { settings, provider } = this.setting.plan
    const mean = (part: 'loss' | 'seconds'): number | null =>
      this.#latest.length === 0
        ? null
        : this.#latest.reduce((sum, each) => sum + each[part], 0) / this.#latest.length
    const perStep = mean('seconds')
    const looks = looksAfter(epochs.at(-1)?.epoch ?? 0, { epochs: settings.epochs, lookEvery })
    const left = perStep === null ? null : perStep * (steps - step) + looks * this.#lookSeconds
    const limit = settings.time_limit === null ? null : settings.time_limit - seconds
    this.setting.talk.tell({
      kind: 'progress',
      progress: {
        phase,
        epoch,
        epochs: settings.epochs,
        step,
        steps,
        loss: mean('loss'),
        secondsLeft: left === null || limit === null ? left : Math.min(left, limit),
        provider,
      },
    })
  }
}

/** True for weights that are all finite. */
function areNumbers(learned: RunState['learned']): boolean {
  for (const { parameter } of learned.values()) {
    // By index: an iterator takes ten times as long, and there are millions.
    for (let i = 0; i < parameter.length; i++) if (!Number.isFinite(parameter[i])) return false
  }
  return true
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
