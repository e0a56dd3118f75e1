/** @file Training without a window: from a dataset's folder to a model, or to what SegFace's own train.py needs. */
import { join, resolve } from 'node:path'
import type { Checked } from '../../../shared/requests'
import { FacetError, toWire } from '../../../shared/errors'
import type { TrainingRun, TrainingSummary } from '../../../shared/training'
import { unwritable } from '../../base/fs'
import { exportWeights, findExportable } from '../../models/exporter'
import { openRuns } from '../../store/runs/open'
import { IN_WORK, RESUMABLE, type RunStore } from '../../store/runs/runs'
import { hasPlan } from '../../training/plan'
import type { Context, Handlers } from '../app'
import type { Work } from '../jobs'
import { plainName } from '../../models/names'
import { findStore, isWritable } from '../workspace'
import { resolveBase } from './base'
import { begin } from './begin'
import { writeBundle } from './bundle'
import { treeRunsFolder } from './earlier'
import { makeCheckpointFolder, requireNoCheckpoint, writeNewCheckpoint } from './log_path'
import { promiseCheckpoint, promisedFolder } from './promised'
import { resumeRun } from './training'
import { RunInWork } from './work'

export function trainingCommands(context: Context): Pick<Handlers, 'training.run' | 'training.bundle'> {
  const { jobs } = context
  return {
    'training.run': (request) =>
      jobs.run(request.job, 'training.run', (work) => train(context, request, work)),
    'training.bundle': (request) =>
      jobs.run(request.job, 'training.bundle', (work) => writeBundle(context, request, work)),
  }
}

async function train(
  context: Context,
  request: Checked<'training.run'>,
  { signal }: Work,
): Promise<TrainingSummary> {
  const dataset = resolve(request.dataset)
  const { dataDir } = context.deps.paths
  const runs = openRunsOf(dataset, dataDir)
  try {
    runs.interruptOrphans()
    const unfinished = request.resume ? newestUnfinished(runs, dataset, request.name, dataDir) : null
    const checkpoints =
      request.checkpoints === undefined
        ? unfinished && (await promisedFolder(runs.folderOf(unfinished.id)))
        : resolve(request.checkpoints)
    // Before the training, which may take hours, not after it.
    if (checkpoints !== null) {
      await makeCheckpointFolder(checkpoints)
      await requireNoCheckpoint(checkpoints)
    }
    const work = unfinished
      ? await goOn(context, runs, unfinished, dataset, request)
      : await start(context, runs, dataset, request)
    if (checkpoints !== null) await promiseCheckpoint(runs.folderOf(work.id), checkpoints)
    const cancel = (): void => void work.ask('cancel')
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    const run = await work.ended
    signal.removeEventListener('abort', cancel)
    const model = modelOf(run)
    if (checkpoints !== null) await writeCheckpoint(context, run, model, checkpoints)
    return summary(run, model, runs.network(run.id).steps)
  } finally {
    runs.close()
  }
}

/**
 * Where the runs of `dataset` are: a workspace's own; those of a tree, and of a workspace that may not be written, lie in the data
 * folder, since nothing is written into somebody's dataset.
 */
export function runsFolder(dataset: string, dataDir: string): string {
  const store = findStore(dataset, dataDir)
  return store !== null && isWritable(store.dir) ? join(store.dir, 'runs') : treeRunsFolder(dataDir)
}

/** Throws `file/unwritable`, with what to do where that is the data folder. */
function openRunsOf(dataset: string, dataDir: string): RunStore {
  const folder = runsFolder(dataset, dataDir)
  try {
    return openRuns(folder)
  } catch (error) {
    const isDataFolder = folder === treeRunsFolder(dataDir)
    if (!isDataFolder || !(error instanceof FacetError && error.code === 'file/unwritable')) throw error
    throw new FacetError(
      'file/unwritable',
      `${unwritable(folder, error.cause).message} It is in Facet's data folder: make that one that you may write to, or name another with --data-dir.`,
      error.details,
      { cause: error },
    )
  }
}

async function start(
  context: Context,
  runs: RunStore,
  dataset: string,
  { model, name, only, limit, options, replay, provider }: Checked<'training.run'>,
): Promise<RunInWork> {
  const base = await resolveBase(context.registry, model, dataset)
  const wish = { dataset, images: only, limit, base, options, replay: replay ?? null }
  return begin(context, runs, name, wish, provider)
}

/**
 * The newest unfinished run of that name; what a workspace's own folder holds is of it, wherever it lies now. Throws `not-found`
 * where there is none, `conflict` where it is in work.
 */
function newestUnfinished(runs: RunStore, dataset: string, name: string, dataDir: string): TrainingRun {
  const isOwn = runs.folder !== treeRunsFolder(dataDir)
  const isUnfinished = ({ id, state }: TrainingRun): boolean =>
    IN_WORK.includes(state) || (RESUMABLE.includes(state) && hasPlan(runs.folderOf(id)))
  const run = runs
    .list()
    .find(
      (known) =>
        plainName(known.name) === name && (isOwn || known.dataset === dataset) && isUnfinished(known),
    )
  if (!run)
    throw new FacetError('not-found', `There is no unfinished training named '${name}' of ${dataset}.`, {
      name,
    })
  if (!IN_WORK.includes(run.state)) return run
  throw new FacetError(
    'conflict',
    `The training of '${name}' is in work already, in a window or another command: wait for its end, or stop it there first.`,
    { run: run.id },
  )
}

/** Throws `usage` for flags that say otherwise than the run, `conflict` where it cannot go on. */
async function goOn(
  context: Context,
  runs: RunStore,
  run: TrainingRun,
  dataset: string,
  request: Checked<'training.run'>,
): Promise<RunInWork> {
  const base = await resolveBase(context.registry, request.model, dataset)
  requireSame(run, { ...request, model: base.id })
  const work = resumeRun(context, runs, run.id, request.provider, dataset)
  if (work instanceof RunInWork) return work
  throw new FacetError('conflict', work.problem ?? `The training of '${run.name}' cannot be resumed.`)
}

/** A run keeps to what it began with: refuses what was stated otherwise, and what cannot be told of it any more. */
function requireSame(
  { name, base, settings }: TrainingRun,
  { model, options, stated }: Checked<'training.run'>,
): void {
  const differs = (flag: string, is: unknown, wanted: unknown): string[] =>
    JSON.stringify(is) === JSON.stringify(wanted)
      ? []
      : [`${flag} (there ${is === null ? 'none' : String(is)}, not ${String(wanted)})`]
  const has = { ...settings, model: base }
  const wants = { ...options, model }
  const isKey = (flag: string): flag is keyof typeof has & keyof typeof wants => flag in has && flag in wants
  const refused = [
    ...stated.filter(isKey).flatMap((flag) => differs(`--${flag}`, has[flag], wants[flag])),
    ...stated.filter((flag) => ['only', 'limit', 'replay'].includes(flag)).map((flag) => `--${flag}`),
  ]
  if (refused.length === 0) return
  throw new FacetError(
    'usage',
    `With --resume, '${name}' goes on with the faces and settings that it began with; leave out ${refused.join(', ')}, or begin a new training.`,
  )
}

/** The model that a run ended in. Throws where it has none. */
function modelOf({ state, model, name, problem }: TrainingRun): string {
  if (model !== null) return model
  switch (state) {
    case 'cancelled':
      throw new FacetError(
        'cancelled',
        `The training of '${name}' was stopped before it had learned anything.`,
      )
    case 'interrupted':
      throw new FacetError(
        'engine/crashed',
        `${problem ?? 'The training was interrupted.'} Go on with --resume.`,
      )
    default:
      throw new FacetError('engine/failed', problem ?? `The training of '${name}' ended without a model.`)
  }
}

/** Epochs are counted from 0 there: `model_299.pt` is what 300 epochs gave. What fails says where the model is all the same. */
async function writeCheckpoint(
  { registry }: Context,
  { bestEpoch }: TrainingRun,
  model: string,
  folder: string,
): Promise<void> {
  const file = join(folder, `model_${Math.max(0, (bestEpoch ?? 1) - 1)}.pt`)
  try {
    await makeCheckpointFolder(folder)
    await writeNewCheckpoint(file, async () =>
      exportWeights(await findExportable(registry, model), 'pt', file),
    )
  } catch (error) {
    const { code, message, details } = toWire(error)
    const kept = `The model is kept as ${model}: facet model export ${model} --format pt --out FILE writes it elsewhere.`
    throw new FacetError(code, `${message} ${kept}`, details, { cause: error })
  }
}

function summary({ epochs, bestEpoch }: TrainingRun, model: string, steps: number): TrainingSummary {
  const ended = epochs.filter(({ epoch }) => epoch > 0)
  return {
    model,
    epochs: ended.length,
    steps,
    loss: ended.map(({ loss }) => loss ?? NaN),
    val_mean_f1: ended.map(({ val }) => val?.mean_f1 ?? null),
    best_epoch: bestEpoch,
  }
}
