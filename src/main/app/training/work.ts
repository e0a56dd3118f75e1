/**
 * @file A run in work: a process of its own that prepares and trains, whose news are stored and told, and which can be
 * paused or ended at any moment without losing the best so far.
 */
import { noteOf } from '../../../shared/notes'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Events } from '../../../shared/api'
import { assertNever } from '../../../shared/assert'
import { FacetError, toWire, type WireError } from '../../../shared/errors'
import type { RunState, TrainingProgress, TrainingRun, TrainSettings } from '../../../shared/training'
import type { Loudspeaker } from '../../base/events'
import { EngineClient } from '../../engine/client'
import { encodeLabelPng } from '../../imaging/mask'
import type { Registry } from '../../models/registry'
import { addTrained, type TrainingImage } from '../../models/trained'
import type { RunStore } from '../../store/runs/runs'
import type { Control, Preview, TrainEnd, TrainNews } from '../../training/news'
import { BEST_FILE, CHECKPOINT_FILE, readPlan, TAPS_FOLDER, writePlan } from '../../training/plan'
import { bestOfCheckpoint, bestSize, type StepSize } from '../../training/state'
import type { Paths } from '../deps'
import { engineOptions } from '../engine'
import { isProvidersFault } from '../on_provider'
import { previewFolder } from './previews'
import { IMAGES_FILE, type Prepared, type Preparing } from './prepare'
import type { NextProvider } from './provider'

/** An engine that does not answer for so long is killed; what it has written stays. */
const PATIENCE_MS: Readonly<Record<Control, number>> = { cancel: 1500, pause: 10_000 }
/** Nothing more is asked of such a run but its curves and faces. */
const ENDED: readonly RunState[] = ['done', 'cancelled']
/** Half of what is promised, so that news come in time also where the engine is silent. */
const HEARTBEAT_MS = 1000

export interface WorkParts {
  readonly paths: Paths
  readonly events: Loudspeaker<Events>
  readonly registry: Registry
  readonly runs: RunStore
}

export interface RunSource {
  /** Makes its folder; null where that is done. */
  readonly prepare: ((preparing: Preparing) => Promise<Prepared>) | null
  /** What it goes on with where a provider fails; null where it is to stay with the one it has. */
  readonly next: NextProvider | null
}

export class RunInWork {
  /** Settles, never rejects, when nothing more is prepared. */
  readonly prepared: Promise<void>
  /** The run as it ended. */
  readonly ended: Promise<TrainingRun>
  progress: TrainingProgress
  /** Nothing more will become of it: its last news are on their way. */
  isOver = false
  readonly #parts: WorkParts
  readonly #engine: EngineClient
  readonly #next: NextProvider | null
  readonly #stop = new AbortController()
  readonly #before: number
  readonly #began = Date.now()
  #asked: Control | null = null
  /** The pictures of epochs are written one after the other. */
  #writing: Promise<void> = Promise.resolve()

  /** `id` is held by this process. */
  constructor(
    parts: WorkParts,
    readonly id: number,
    { prepare, next }: RunSource,
  ) {
    this.#parts = parts
    this.#next = next
    const { runs, paths, events } = parts
    const run = prepare ? runs.read(id) : runs.update(id, { state: 'running', problem: null })
    this.#before = run.seconds
    this.progress = {
      ...{ run: id, phase: 'preparing', epoch: 0, epochs: run.settings.epochs, step: 0, steps: 0 },
      ...{ loss: null, secondsLeft: null, provider: runs.network(id).provider },
    }
    this.#engine = new EngineClient({
      ...engineOptions(paths),
      background: true,
      onRestart: (message) => this.#note(message),
    })
    const heartbeat = setInterval(() => events.emit('training.progress', this.progress), HEARTBEAT_MS)
    const preparing = prepare ? this.#prepare(prepare) : Promise.resolve()
    this.prepared = preparing.catch(() => undefined)
    this.ended = this.#go(preparing).finally(() => clearInterval(heartbeat))
    this.#tell()
    events.emit('training.changed', run)
  }

  /** The engine's process, for tests that kill it. */
  get pid(): number | undefined {
    return this.#engine.pid
  }

  /** Asks it to pause or to end, by force where it does not answer; the run as it then is. */
  async ask(control: Control): Promise<TrainingRun> {
    this.#asked = control
    if (control === 'cancel') this.#stop.abort()
    this.#engine.control(control)
    const timer = setTimeout(
      () => {
        this.#stop.abort()
        this.#engine.close()
      },
      PATIENCE_MS[this.#hasUnwritten ? 'pause' : control],
    )
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  /** It has learned, and nothing is kept yet: the engine writes as much as for a pause. */
  get #hasUnwritten(): boolean {
    return this.progress.epoch > 0 && this.#parts.runs.read(this.id).bestEpoch === null
  }

  async #go(preparing: Promise<void>): Promise<TrainingRun> {
    let state: RunState
    try {
      await preparing
      state = this.#asked === null ? await this.#train() : this.#stopped()
    } catch (error) {
      state = await this.#failed(error)
    }
    this.#engine.close()
    const { runs, events } = this.#parts
    const run = runs.update(this.id, { state })
    if (ENDED.includes(state)) await tidy(runs.folderOf(this.id))
    runs.release(this.id)
    this.isOver = true
    events.emit('training.changed', run)
    if (run.model !== null) events.emit('models.changed', {})
    return run
  }

  async #prepare(prepare: (preparing: Preparing) => Promise<Prepared>): Promise<void> {
    const { runs } = this.#parts
    const { signal } = this.#stop
    const { images, notes } = await prepare({
      signal,
      progress: (step, steps) => this.#tell({ step, steps }),
    })
    runs.update(this.id, { images })
    for (const sentence of notes) this.#note(sentence)
  }

  async #train(): Promise<RunState> {
    const { runs, events } = this.#parts
    events.emit('training.changed', runs.update(this.id, { state: 'running', problem: null }))
    for (;;) {
      try {
        const request = { folder: runs.folderOf(this.id) }
        return await this.#finish(
          await this.#engine.submit('train', request, { onNews: (news) => this.#hear(news) }),
        )
      } catch (error) {
        if (!(await this.#goesOn(toWire(error)))) throw error
      }
    }
  }

  /** True where the provider failed and there is another, with which the plan goes on from its last checkpoint. */
  async #goesOn(error: WireError): Promise<boolean> {
    const { runs } = this.#parts
    const { provider: failed } = runs.network(this.id)
    if (this.#next === null || this.#asked !== null || failed === 'cpu' || !isProvidersFault(error))
      return false
    await this.#writing
    const provider = await this.#next(failed, error.message)
    const folder = runs.folderOf(this.id)
    await writePlan(folder, { ...(await readPlan(folder)), provider })
    runs.update(this.id, { provider })
    this.#tell({ provider })
    this.#note(noteOf('goesOnWith', { failed, provider, reason: error.message }))
    return this.#asked === null
  }

  /** Stores what the run came to; the best weights become a model. */
  async #finish({ end, steps, bestEpoch }: TrainEnd): Promise<RunState> {
    await this.#writing
    const { runs } = this.#parts
    runs.update(this.id, { steps, bestEpoch, seconds: this.#seconds() })
    if (end === 'paused') return 'paused'
    this.#tell({ phase: 'saving' })
    await keepBest(this.#parts, this.id)
    return end
  }

  /** What the run counts as where it did not come to its own end. */
  async #failed(error: unknown): Promise<RunState> {
    const { runs } = this.#parts
    const { code, message } = toWire(error)
    await this.#writing
    runs.update(this.id, { seconds: this.#seconds() })
    if (this.#asked === null) {
      runs.update(this.id, { problem: message })
      // Not the run's fault, for all we know: it may be tried again from its checkpoint.
      return code === 'engine/crashed' ? 'interrupted' : 'failed'
    }
    try {
      if (this.#asked === 'cancel') await keepBest(this.#parts, this.id)
      return this.#stopped()
    } catch (problem) {
      runs.update(this.id, { problem: toWire(problem).message })
      return 'failed'
    }
  }

  #stopped(): RunState {
    return this.#asked === 'cancel' ? 'cancelled' : 'paused'
  }

  #hear(news: TrainNews): void {
    switch (news.kind) {
      case 'progress':
        this.#tell(news.progress)
        return
      case 'epoch':
        this.#writing = this.#writing
          .then(() => this.#storeEpoch(news))
          .catch((error: unknown) => this.#note(toWire(error).message))
        return
      case 'note':
        this.#note(news.message)
        return
      default:
        assertNever(news)
    }
  }

  async #storeEpoch({ row, isBest, previews }: Extract<TrainNews, { kind: 'epoch' }>): Promise<void> {
    const { runs, events } = this.#parts
    const steps = this.progress.step
    try {
      // Before the epoch is known: a window asks for its pictures once. Such as cannot be written cost no epoch.
      await this.#storePreviews(row.epoch, previews)
    } finally {
      const isNew = runs.putEpoch(this.id, row)
      runs.update(this.id, { seconds: this.#seconds(), steps, ...(isBest ? { bestEpoch: row.epoch } : {}) })
      if (isNew) events.emit('training.epoch', { run: this.id, row, isBest })
    }
  }

  async #storePreviews(epoch: number, previews: readonly Preview[]): Promise<void> {
    if (previews.length === 0) return
    const folder = previewFolder(this.#parts.runs.folderOf(this.id), epoch)
    await mkdir(folder, { recursive: true })
    for (const { sample, labels } of previews) {
      // Memory may have made it smaller than the settings say.
      const side = Math.sqrt(labels.length)
      await writeFile(join(folder, `${sample}.png`), await encodeLabelPng(labels, side, side))
    }
  }

  #note(sentence: string): void {
    const { runs, events } = this.#parts
    events.emit('training.changed', runs.note(this.id, sentence))
  }

  #tell(change: Partial<TrainingProgress> = {}): void {
    this.progress = { ...this.progress, ...change, run: this.id }
    this.#parts.events.emit('training.progress', this.progress)
  }

  #seconds(): number {
    return this.#before + (Date.now() - this.#began) / 1000
  }
}

/**
 * Makes a model of a run's best weights, once; of one that has none yet, of the averaged weights of its checkpoint. Does
 * nothing where not a step was kept.
 */
export async function keepBest(
  { runs, registry }: Pick<WorkParts, 'runs' | 'registry'>,
  id: number,
): Promise<TrainingRun> {
  const folder = runs.folderOf(id)
  const run = await withBest(runs, id)
  const { bestEpoch, epochs, images, dataset, seconds, base } = run
  const weights = join(folder, BEST_FILE)
  if (run.model !== null || bestEpoch === null || !existsSync(weights)) return run
  const settings = learnedBy(run.settings, await bestSize(folder))
  const parent = (await registry.list()).find(({ manifest }) => manifest.id === base) ?? null
  if (parent === null && (await readPlan(folder)).weights.length > 0)
    throw new FacetError(
      'model/unknown',
      `${base}, which the training '${run.name}' began with, is gone, and what was learned is of no use without it.`,
      { model: base, run: id },
    )
  const scoreOf = (at: number): number | undefined => epochs.find(({ epoch }) => epoch === at)?.val?.mean_f1
  const [before, after] = [scoreOf(0), scoreOf(bestEpoch)]
  if (before !== undefined && after !== undefined && after <= before)
    runs.note(
      id,
      noteOf('noneBetter', {
        base: parent?.manifest.name ?? base,
        after: after.toFixed(3),
        before: before.toFixed(3),
      }),
    )
  const ended = epochs.filter(({ epoch }) => epoch > 0).length
  const model = await addTrained(registry, {
    name: run.name,
    base: parent,
    weights,
    training: { dataset, settings, images, epochs: ended, bestEpoch, seconds },
    steps: runs.network(id).steps,
    images: await readImages(folder),
    curves: epochs,
    notes: runs.read(id).notes,
  })
  return runs.update(id, { model: model.manifest.id })
}

/** The run, its checkpoint's averaged weights counted as its best where it has no better ones. */
async function withBest(runs: RunStore, id: number): Promise<TrainingRun> {
  const run = runs.read(id)
  if (run.model !== null || run.bestEpoch !== null) return run
  try {
    const bestEpoch = await bestOfCheckpoint(runs.folderOf(id))
    return bestEpoch === null ? run : runs.update(id, { bestEpoch })
  } catch (error) {
    // A damaged checkpoint is none, and must not keep the run from being ended.
    if (error instanceof FacetError && error.code.startsWith('checkpoint/')) return run
    throw error
  }
}

/** The settings as far as memory allowed them. */
function learnedBy(settings: TrainSettings, size: StepSize | null): TrainSettings {
  return size === null ? settings : { ...settings, train_bs: size.batch, input_resolution: size.resolution }
}

/** Removes what a run resumes from, several times the size of its model. */
export async function tidy(folder: string): Promise<void> {
  for (const name of [CHECKPOINT_FILE, BEST_FILE, TAPS_FOLDER])
    await rm(join(folder, name), { recursive: true, force: true })
}

const imageList = z.array(
  z.object({ name: z.string(), sha256: z.string(), use: z.enum(['train', 'val', 'replay']) }),
)

async function readImages(folder: string): Promise<TrainingImage[]> {
  const file = join(folder, IMAGES_FILE)
  try {
    return imageList.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new FacetError(
      'file/malformed',
      `${file} cannot be read; start the training anew.`,
      { file },
      { cause },
    )
  }
}
