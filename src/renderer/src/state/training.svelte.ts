/** @file The runs of the open workspace: their states and curves as they grow, and which one is looked at. */
import { thin, type Dot } from '../charts/geometry'
import type { EpochRow, RunState, TrainingProgress, TrainingRun } from '../../../shared/training'
import type { Backend } from '../backend'
import { Gate } from './gate.svelte'
import type { Jobs } from './jobs.svelte'
import { TrainForm } from './train-form.svelte'
import { Watch } from './watch.svelte'

export type RunTab = 'curves' | 'gate' | 'settings'
/** Losses of single steps that are kept for the curve, thinned when there are twice as many. */
const TRAIL = 600
/** A name has 80 characters at most, and those made of it say more. */
const MAX_STEM = 48

/** As much of a name as another one is made of. */
export function stemOf(name: string): string {
  return name.slice(0, MAX_STEM).trim()
}

/** A name as it is kept: composed, as not every keyboard sends it, and without blanks around. */
function plainName(name: string): string {
  return name.normalize('NFC').trim()
}

/** Being worked on. */
export function isActive(state: RunState): boolean {
  return state === 'preparing' || state === 'running'
}

/** Waiting to be gone on with: also one that failed after it had begun, once what made it fail is over. */
export function isResumable({ state, epochs }: Pick<TrainingRun, 'state' | 'epochs'>): boolean {
  return state === 'paused' || state === 'interrupted' || (state === 'failed' && epochs.length > 0)
}

/** The scores of the epoch that the run keeps; null before there are any. */
export function bestOf(run: TrainingRun): EpochRow | null {
  return run.epochs.find(({ epoch }) => epoch === run.bestEpoch) ?? null
}

/** Validation mean F1 of the base model, before the first step; null before it is scored. */
export function baseScoreOf({ epochs }: TrainingRun): number | null {
  return epochs.find(({ epoch }) => epoch === 0)?.val?.mean_f1 ?? null
}

/** Whether the best that it learned so far is no better than what it started from. */
export function isNotAbove(run: TrainingRun): boolean {
  const [base, best] = [baseScoreOf(run), bestOf(run)?.val?.mean_f1 ?? null]
  return base !== null && best !== null && best <= base
}

/**
 * Epochs after which faces were looked at, ascending: where epochs are short not all are. Without validation faces
 * nothing tells which, and all are named.
 */
export function looksOf({ epochs }: TrainingRun): number[] {
  const scored = epochs.filter(({ val }) => val !== null)
  return (scored.length > 0 ? scored : epochs).map(({ epoch }) => epoch)
}

/** The one of `looks` nearest to an epoch, the later of two; the last for null. Null where there is none. */
export function nearestLook(looks: readonly number[], epoch: number | null): number | null {
  const last = looks.at(-1) ?? null
  if (epoch === null || last === null) return last
  return looks.reduce((best, look) => (Math.abs(look - epoch) <= Math.abs(best - epoch) ? look : best), last)
}

export class Training {
  readonly form: TrainForm
  readonly watch: Watch
  readonly gate: Gate

  /** Newest first. */
  runs: readonly TrainingRun[] = $state.raw([])
  /** Of the run in work; null while none is, and before its first news. */
  progress: TrainingProgress | null = $state.raw(null)
  /** Loss of single steps of a run by epochs and parts of them, as far as this window has heard. */
  trail: { readonly run: number; readonly dots: readonly Dot[] } = $state.raw({ run: 0, dots: [] })
  /** Id of the run that is looked at; null for the form that starts one. */
  chosen: number | null = $state(null)
  /** What proposed names begin with. */
  private stem = $state('')
  /** What of the run is shown; null for what its state asks for. */
  private chosenTab: RunTab | null = $state(null)
  /** For each question that is open, the runs that there was news of since it was asked: its answer may be older. */
  private questions: readonly number[][] = []

  constructor(
    private readonly backend: Backend,
    jobs: Jobs,
    /** Names that models have, also of runs that were deleted. */
    private readonly modelNames: () => readonly string[] = () => [],
  ) {
    this.form = new TrainForm(backend)
    this.watch = new Watch(backend)
    this.gate = new Gate(backend, jobs)
  }

  readonly active = $derived(this.runs.find(({ state }) => isActive(state)) ?? null)
  readonly run = $derived(this.runs.find(({ id }) => id === this.chosen) ?? null)
  /** What is shown of the chosen run: the comparison once there is a model. */
  readonly tab: RunTab = $derived(this.chosenTab ?? (this.run && this.run.model !== null ? 'gate' : 'curves'))
  /** How far the run in work is, 0..1. */
  readonly share = $derived(this.active ? this.shareOf(this.active) : 0)

  /** How far a run is, 0..1: before the first step of a start its steps are not those of learning, and its epochs tell. */
  shareOf({ id, epochs, settings }: TrainingRun): number {
    const { progress } = this
    if (progress?.run === id && progress.epoch > 0 && progress.steps > 0)
      return progress.step / progress.steps
    const last = epochs.at(-1)?.epoch ?? 0
    return last > 0 ? last / settings.epochs : 0
  }

  showTab(tab: RunTab): void {
    this.chosenTab = tab
  }

  /** Looks at a run, or at the form for null. */
  choose(run: number | null): void {
    this.chosen = run
    this.chosenTab = null
    this.watch.reset()
  }

  /** Reads the runs of the open workspace; `workspace` is its name. */
  async read(workspace: string): Promise<void> {
    this.stem = workspace
    const [{ runs, progress }, heard] = await this.ask(() => this.backend.call('training.list', {}))
    const told = this.runs.filter(({ id }) => heard.includes(id))
    const begun = told.filter(({ id }) => !runs.some((run) => run.id === id))
    const known = runs.filter(({ id }) => !heard.includes(id) || told.some((run) => run.id === id))
    this.runs = [...begun, ...known.map((run) => told.find(({ id }) => id === run.id) ?? run)]
    this.progress = this.active?.id === progress?.run ? progress : null
    if (!runs.some(({ id }) => id === this.chosen)) this.choose(null)
  }

  /** Forgets the workspace. */
  clear(): void {
    this.runs = []
    this.progress = null
    this.trail = { run: 0, dots: [] }
    this.choose(null)
    this.form.clear()
    this.gate.clear()
  }

  private get takenNames(): string[] {
    return [...this.runs.map(({ name }) => name), ...this.modelNames()].map(plainName)
  }

  /** Whether the name in the form is that of a run or a model already. */
  get isNameTaken(): boolean {
    return !this.form.starting && this.takenNames.includes(plainName(this.form.name))
  }

  /** Whether a run may be started as things stand. */
  get canStart(): boolean {
    return this.form.ready && this.active === null && !this.isNameTaken
  }

  /** A name that no run and no model has yet, for the model of the next run. */
  get proposedName(): string {
    const stem = stemOf(this.stem)
    let number = this.runs.length + 1
    while (this.takenNames.includes(`${stem} ${number}`)) number++
    return `${stem} ${number}`
  }

  /** Starts a run as the form says and looks at it; `shown`: ids in the image list. */
  async start(shown: readonly number[]): Promise<void> {
    const run = await this.change(() => this.form.start(shown, this.proposedName))
    this.choose(run.id)
  }

  async pause(run: number): Promise<void> {
    await this.change(() => this.backend.call('training.pause', { run }))
  }

  async resume(run: number): Promise<void> {
    await this.change(() => this.backend.call('training.resume', { run }))
  }

  /** Ends it; the best so far becomes a model. */
  async cancel(run: number): Promise<void> {
    await this.change(() => this.backend.call('training.cancel', { run }))
  }

  async delete(run: number): Promise<void> {
    await this.backend.call('training.delete', { run })
    this.remove(run)
  }

  /** News: a run began, changed or ended. */
  put(run: TrainingRun): void {
    this.hear(run.id)
    this.take(run)
  }

  private take(run: TrainingRun): void {
    const known = this.runs.some(({ id }) => id === run.id)
    this.runs = known ? this.runs.map((old) => (old.id === run.id ? run : old)) : [run, ...this.runs]
    const { progress } = this
    if (progress?.run === run.id && !isActive(run.state)) this.progress = null
  }

  remove(run: number): void {
    this.hear(run)
    this.runs = this.runs.filter(({ id }) => id !== run)
    if (this.progress?.run === run) this.progress = null
    if (this.chosen === run) this.choose(null)
  }

  /** News of the run in work. */
  advance(progress: TrainingProgress): void {
    this.progress = progress
    const { run, step, steps, epochs, loss } = progress
    if (loss === null || steps === 0) return
    const x = (step * epochs) / steps
    const before = this.trail.run === run ? this.trail.dots : []
    // After a roll-back to a checkpoint the steps since then are made again.
    const kept = before.filter((dot) => dot.x < x)
    const dots = kept.length > 2 * TRAIL ? thin(kept, TRAIL / 2) : kept
    this.trail = { run, dots: [...dots, { x, y: loss }] }
  }

  /** An epoch is over; one that was made again, after a roll-back, takes the place of the first and of what followed. */
  addEpoch(run: number, row: EpochRow, isBest: boolean): void {
    if (this.runs.some(({ id }) => id === run)) this.hear(run)
    this.runs = this.runs.map((old) =>
      old.id === run
        ? {
            ...old,
            epochs: [...old.epochs.filter(({ epoch }) => epoch < row.epoch), row],
            bestEpoch: isBest ? row.epoch : old.bestEpoch,
          }
        : old,
    )
  }

  private hear(run: number): void {
    for (const heard of this.questions) heard.push(run)
  }

  /** The answer, and the runs that news came of while it was awaited. */
  private async ask<T>(question: () => Promise<T>): Promise<readonly [T, readonly number[]]> {
    const heard: number[] = []
    this.questions = [...this.questions, heard]
    try {
      return [await question(), heard]
    } finally {
      this.questions = this.questions.filter((other) => other !== heard)
    }
  }

  /** Takes the run that comes back, unless news of it were faster: a short one may have ended before its start is answered. */
  private async change(question: () => Promise<TrainingRun>): Promise<TrainingRun> {
    const [run, heard] = await this.ask(question)
    if (!heard.includes(run.id)) this.take(run)
    return run
  }
}
