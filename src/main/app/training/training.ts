/** @file Training in the window: the runs of the open workspace, of which at most one is in work. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Checked } from '../../../shared/requests'
import type { ProviderChoice } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import { noteOf } from '../../../shared/notes'
import type {
  PreviewFace,
  RunState,
  TrainingProgress,
  TrainingRun,
  TrainingSurvey,
} from '../../../shared/training'
import { openRuns, RUNS_FILE } from '../../store/runs/open'
import { IN_WORK, RESUMABLE, type RunStore } from '../../store/runs/runs'
import { hasPlan } from '../../training/plan'
import type { Context, Handlers } from '../app'
import { withSamples } from '../samples'
import { findStore, type Workspace } from '../workspace'
import { chooseBase } from './base'
import { begin, choose, type Wish } from './begin'
import { treeRunsFolder } from './earlier'
import { readPreviews } from './previews'
import { nextProvider, trainingChoice } from './provider'
import { keepBest, tidy } from './keep'
import { RunInWork } from './work'

/** Runs that still need what they began with. */
const UNFINISHED: readonly RunState[] = [...IN_WORK, ...RESUMABLE]

export class Training {
  readonly #context: Omit<Context, 'training'>
  #open: { readonly workspace: Workspace; readonly runs: RunStore } | null = null
  #last: RunInWork | null = null
  /** From a wish until it is in work, so that two do not begin at once, and the folder does not close meanwhile. */
  #beginning: Promise<RunInWork> | null = null

  constructor(context: Omit<Context, 'training'>) {
    this.#context = context
    context.workspace.onClose(() => this.#leave())
  }

  get #work(): RunInWork | null {
    return this.#last?.isOver ? null : this.#last
  }

  /** The engine's process, for tests that kill it. */
  get pid(): number | undefined {
    return this.#work?.pid
  }

  async survey(request: Checked<'training.survey'>): Promise<TrainingSurvey> {
    const wish = await this.#wish(request)
    const runs = this.#runs()
    return withSamples(this.#context.workspace, wish.dataset, async (set) => {
      const { told } = await choose(this.#context, runs, set, wish)
      return told
    })
  }

  async start(request: Checked<'training.start'>): Promise<TrainingRun> {
    this.#requireIdle()
    const runs = this.#runs()
    this.#beginning = this.#begin(runs, request)
    try {
      this.#last = await this.#beginning
      return runs.read(this.#last.id)
    } finally {
      this.#beginning = null
    }
  }

  async #begin(runs: RunStore, request: Checked<'training.start'>): Promise<RunInWork> {
    const wish = await this.#wish(request)
    const choice = trainingChoice(this.#context.settings.current.provider)
    return begin(this.#context, runs, request.name, wish, choice)
  }

  list(): { runs: TrainingRun[]; progress: TrainingProgress | null } {
    const runs = this.#runs()
    runs.interruptOrphans()
    return { runs: runs.list(), progress: this.#work?.progress ?? null }
  }

  show(id: number): TrainingRun {
    return this.#runs().read(id)
  }

  /**
   * A run that began with the model `base` and is not over: of the open workspace, of a tree, or of a folder that was open
   * lately, as far as its runs can be read. Null where there is none.
   */
  unfinishedOf(base: string): TrainingRun | null {
    const { workspace, settings, deps } = this.#context
    const oneOf = (runs: readonly TrainingRun[], folder: string): TrainingRun | undefined =>
      runs.find((run) => run.base === base && isUnfinished(run, folder))
    const here = workspace.current === null ? undefined : oneOf(this.list().runs, this.#runs().folder)
    if (here) return here
    const { dataDir } = deps.paths
    const stores = settings.current.recent.flatMap((folder) => findStore(folder, dataDir)?.dir ?? [])
    for (const folder of [treeRunsFolder(dataDir), ...stores.map((store) => join(store, 'runs'))]) {
      const run = oneOf(knownRuns(folder), folder)
      if (run) return run
    }
    return null
  }

  /** Throws `conflict` for a run that is not in work here. */
  async pause(id: number): Promise<TrainingRun> {
    if (this.#work?.id !== id) {
      const { name } = this.#runs().read(id)
      throw new FacetError('conflict', noteOf('notInWork', { name }), { run: id })
    }
    return this.#work.ask('pause')
  }

  /**
   * Goes on from its checkpoint, also after it failed. Throws `conflict` for one that has ended or failed before it began,
   * or while another is in work.
   */
  resume(id: number): TrainingRun {
    const runs = this.#runs()
    const workspace = this.#context.workspace.require()
    const { name, state } = runs.read(id)
    if (!RESUMABLE.includes(state))
      throw new FacetError('conflict', `The training of '${name}' is ${state}; it cannot be gone on with.`)
    this.#requireIdle()
    const choice = trainingChoice(this.#context.settings.current.provider)
    const begun = resumeRun(this.#context, runs, id, choice, workspace.path)
    if (!(begun instanceof RunInWork)) return begun
    this.#last = begun
    return runs.read(id)
  }

  /** Ends a run, in work or not, and makes a model of the best so far. */
  async cancel(id: number): Promise<TrainingRun> {
    if (this.#work?.id === id) return this.#work.ask('cancel')
    const { events } = this.#context
    const runs = this.#runs()
    const { state, name } = runs.read(id)
    if (state === 'done' || state === 'cancelled')
      throw new FacetError('conflict', noteOf('endedAlready', { name }), { run: id })
    runs.take(id)
    try {
      await keepBest({ ...this.#context, runs }, id)
      const run = runs.update(id, { state: 'cancelled' })
      await tidy(runs.folderOf(id))
      events.emit('training.changed', run)
      if (run.model !== null) events.emit('models.changed', {})
      return run
    } finally {
      runs.release(id)
    }
  }

  delete(id: number): void {
    this.#runs().delete(id)
    this.#context.events.emit('training.removed', { run: id })
  }

  previews(id: number, epoch: number): Promise<PreviewFace[]> {
    const runs = this.#runs()
    runs.read(id)
    return readPreviews(runs.folderOf(id), epoch)
  }

  /** What the gate needs of a run: its folder. */
  folderOf(id: number): string {
    const runs = this.#runs()
    runs.read(id)
    return runs.folderOf(id)
  }

  async #wish({ model, images, options, replay }: Checked<'training.survey'>): Promise<Wish> {
    const { workspace, registry, settings } = this.#context
    const dataset = workspace.require().path
    const base = await chooseBase(registry, model, settings.current.model, dataset)
    return { dataset, images, base, options, replay }
  }

  /** The open workspace's runs. Throws `not-found` where none is open. */
  #runs(): RunStore {
    const workspace = this.#context.workspace.require()
    if (this.#open?.workspace !== workspace) {
      this.#open?.runs.close()
      const runs = openRuns(join(workspace.facetDir, 'runs'))
      runs.interruptOrphans()
      this.#open = { workspace, runs }
    }
    return this.#open.runs
  }

  #requireIdle(): void {
    if (!this.#work && !this.#beginning) return
    throw new FacetError('conflict', noteOf('anotherInWork', {}))
  }

  /** The folder closes: what is in work is paused, and can be resumed when it is open again. */
  async #leave(): Promise<void> {
    const begun = await this.#beginning?.catch(() => null)
    const [work, open] = [begun ?? this.#work, this.#open]
    this.#last = this.#open = null
    try {
      await work?.ask('pause')
    } finally {
      open?.runs.close()
    }
  }
}

/** True for one that can go on, or is in work; one that failed before its faces were ready cannot. */
function isUnfinished({ id, state }: TrainingRun, folder: string): boolean {
  return UNFINISHED.includes(state) && (state !== 'failed' || hasPlan(join(folder, String(id))))
}

/** The runs in `folder`; none where it holds none, or may not be looked into. */
function knownRuns(folder: string): TrainingRun[] {
  if (!existsSync(join(folder, RUNS_FILE))) return []
  try {
    const runs = openRuns(folder)
    try {
      return runs.list()
    } finally {
      runs.close()
    }
  } catch (error) {
    if (error instanceof FacetError) return []
    throw error
  }
}

/**
 * Takes a run into work again, on the provider that is chosen now, or on the one it had where nobody chooses, with its dataset
 * where that lies now; one that was stopped before its folder was whole has failed. Throws `conflict` for one that failed before
 * that, or is in work elsewhere.
 */
export function resumeRun(
  context: Pick<Context, 'events' | 'registry' | 'deps' | 'providers'>,
  runs: RunStore,
  id: number,
  choice: ProviderChoice,
  dataset: string,
): RunInWork | TrainingRun {
  const isWhole = hasPlan(runs.folderOf(id))
  const { events, registry, deps } = context
  const { name, state, base } = runs.read(id)
  // It says why already.
  if (!isWhole && state === 'failed')
    throw new FacetError(
      'conflict',
      `The training of '${name}' failed before its faces were ready; start it anew.`,
      { run: id },
    )
  runs.take(id)
  if (isWhole) {
    const next = nextProvider(context, base, choice)
    const provider = choice === 'auto' ? null : choice
    return new RunInWork({ events, registry, runs, paths: deps.paths }, id, {
      ...{ prepare: null, next, provider, dataset },
    })
  }
  const problem = noteOf('stoppedUnready', {})
  const run = runs.update(id, { state: 'failed', problem })
  runs.release(id)
  events.emit('training.changed', run)
  return run
}

export function trainingHandlers({
  training,
}: Pick<Context, 'training'>): Pick<
  Handlers,
  | 'training.survey'
  | 'training.start'
  | 'training.list'
  | 'training.show'
  | 'training.pause'
  | 'training.resume'
  | 'training.cancel'
  | 'training.delete'
  | 'training.previews'
> {
  return {
    'training.survey': (request) => training.survey(request),
    'training.start': (request) => training.start(request),
    'training.list': () => training.list(),
    'training.show': ({ run }) => training.show(run),
    'training.pause': ({ run }) => training.pause(run),
    'training.resume': ({ run }) => training.resume(run),
    'training.cancel': ({ run }) => training.cancel(run),
    'training.delete'({ run }) {
      training.delete(run)
      return null
    },
    async 'training.previews'({ run, epoch }) {
      return { faces: await training.previews(run, epoch) }
    },
  }
}
