/**
 * @file A run in work: prepared here, trained by a process of its own, whose news are stored and told, and which can be paused
 * or ended at any moment without losing the best so far.
 */
import { noteOf } from '../../../shared/notes'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Events } from '../../../shared/api'
import { assertNever } from '../../../shared/assert'
import { toWire, type WireError } from '../../../shared/errors'
import type { Provider } from '../../../shared/terms'
import type { RunState, TrainingProgress, TrainingRun } from '../../../shared/training'
import type { Loudspeaker } from '../../base/events'
import { EngineClient } from '../../engine/client'
import { encodeLabelPng } from '../../imaging/mask'
import type { Registry } from '../../models/registry'
import type { RunStore } from '../../store/runs/runs'
import type { Control, Preview, TrainEnd, TrainNews } from '../../training/news'
import { readPlan, writePlan } from '../../training/plan'
import type { Paths } from '../deps'
import { engineOptions } from '../engine'
import { isProvidersFault } from '../on_provider'
import { keepBest, tidy } from './keep'
import { moveRun } from './moved'
import type { Prepared, Preparing } from './prepare'
import { previewFolder } from './previews'
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
  /** What trains it from now on; null where that is the one it has. */
  readonly provider: Provider | null
  /** Where its dataset lies now; null where that is where it began. */
  readonly dataset: string | null
}

export class RunInWork {
  /** Settles, never rejects, when nothing more is prepared. */
  readonly prepared: Promise<void>
  /** Settles, never rejects: the run as it ended. */
  readonly ended: Promise<TrainingRun>
  progress: TrainingProgress
  /** Nothing more will become of it: its last news are on their way. */
  isOver = false
  readonly #parts: WorkParts
  readonly #engine: EngineClient
  readonly #source: RunSource
  /** As it was when it was taken into work. */
  readonly #begunAs: TrainingRun
  readonly #stop = new AbortController()
  readonly #began = Date.now()
  #asked: Control | null = null
  /** Some epoch's weights are kept as the best. */
  #hasBest: boolean
  /** The pictures of epochs are written one after the other. */
  #writing: Promise<void> = Promise.resolve()

  /** `id` is held by this process. */
  constructor(
    parts: WorkParts,
    readonly id: number,
    source: RunSource,
  ) {
    this.#parts = parts
    this.#source = source
    const { prepare } = source
    const { runs, paths, events } = parts
    const run = prepare ? runs.read(id) : runs.update(id, { state: 'running', problem: null })
    this.#begunAs = run
    this.#hasBest = run.bestEpoch !== null
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
    // What is to be ended is not paused any more, as when the folder closes meanwhile.
    if (this.#asked !== 'cancel') this.#asked = control
    if (control === 'cancel') this.#stop.abort()
    this.#engine.control(this.#asked)
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
    return this.progress.epoch > 0 && !this.#hasBest
  }

  async #go(preparing: Promise<void>): Promise<TrainingRun> {
    const { runs, events } = this.#parts
    const run = await this.#outcome(preparing).catch((error: unknown) => this.#abandoned(error))
    runs.release(this.id)
    this.isOver = true
    events.emit('training.changed', run)
    if (run.model !== null) events.emit('models.changed', {})
    return run
  }

  /** Throws where what became of it cannot be stored. */
  async #outcome(preparing: Promise<void>): Promise<TrainingRun> {
    let state: RunState
    try {
      await preparing
      state = this.#asked === null ? await this.#train() : this.#stopped()
    } catch (error) {
      state = await this.#failed(error)
    }
    this.#engine.close()
    const { runs } = this.#parts
    const run = runs.update(this.id, { state })
    if (ENDED.includes(state)) await tidy(runs.folderOf(this.id))
    return run
  }

  /** The store of runs or the disk failed: it counts as interrupted, now or when it is looked for next, unless it had ended. */
  #abandoned(error: unknown): TrainingRun {
    const { runs, events } = this.#parts
    const { message } = toWire(error)
    this.#engine.close()
    events.emit('notice', { level: 'error', message })
    const change = { state: 'interrupted', problem: message } as const
    try {
      const run = runs.read(this.id)
      return ENDED.includes(run.state) ? run : runs.update(this.id, change)
    } catch {
      return { ...this.#begunAs, ...change }
    }
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
    const { provider, dataset } = this.#source
    if (dataset !== null) await moveRun(runs, this.id, dataset)
    if (provider !== null && provider !== this.progress.provider) await this.#moveTo(provider)
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
    const { next } = this.#source
    if (next === null || this.#asked !== null || failed === 'cpu' || !isProvidersFault(error)) return false
    await this.#writing
    const provider = await next(failed, error.message)
    await this.#moveTo(provider)
    this.#note(noteOf('goesOnWith', { failed, provider, reason: error.message }))
    return this.#asked === null
  }

  async #moveTo(provider: Provider): Promise<void> {
    const { runs } = this.#parts
    const folder = runs.folderOf(this.id)
    await writePlan(folder, { ...(await readPlan(folder)), provider })
    runs.update(this.id, { provider })
    this.#tell({ provider })
  }

  /** Stores what the run came to; the best weights become a model. */
  async #finish({ end, steps, bestEpoch }: TrainEnd): Promise<RunState> {
    await this.#writing
    const { runs } = this.#parts
    runs.update(this.id, { steps, bestEpoch, seconds: this.#seconds() })
    // It may have paused before it heard that it is to be ended.
    const state = end === 'paused' ? this.#stopped() : end
    if (state === 'paused') return state
    this.#tell({ phase: 'saving' })
    await keepBest(this.#parts, this.id)
    return state
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
      // An epoch that a resumed run tells again may have been followed by a better one, whose weights lie there already.
      const isBestNow = isBest && (isNew || !this.#hasBest)
      runs.update(this.id, {
        seconds: this.#seconds(),
        steps,
        ...(isBestNow ? { bestEpoch: row.epoch } : {}),
      })
      this.#hasBest ||= isBest
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

  /** What cannot be stored is told at least. */
  #note(sentence: string): void {
    const { runs, events } = this.#parts
    try {
      events.emit('training.changed', runs.note(this.id, sentence))
    } catch {
      events.emit('notice', { level: 'warning', message: sentence })
    }
  }

  #tell(change: Partial<TrainingProgress> = {}): void {
    this.progress = { ...this.progress, ...change, run: this.id }
    this.#parts.events.emit('training.progress', this.progress)
  }

  #seconds(): number {
    return this.#begunAs.seconds + (Date.now() - this.#began) / 1000
  }
}
