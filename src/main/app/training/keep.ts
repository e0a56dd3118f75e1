/** @file What is left of a run: a model of its best weights, while what it would resume from is removed. */
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { noteOf } from '../../../shared/notes'
import type { TrainingRun, TrainSettings } from '../../../shared/training'
import { removeHalfWritten } from '../../base/fs'
import type { Registry } from '../../models/registry'
import { addTrained, TRAINING_IMAGES, type TrainingImage } from '../../models/trained'
import type { RunStore } from '../../store/runs/runs'
import { BEST_FILE, CHECKPOINT_FILE, readPlan, TAPS_FOLDER } from '../../training/plan'
import { bestOfCheckpoint, bestSize, type StepSize } from '../../training/state'
import { IMAGES_FILE } from './prepare'

/**
 * Makes a model of a run's best weights, once; of one that has none yet, of the averaged weights of its checkpoint. Does
 * nothing where not a step was kept.
 */
export async function keepBest(
  { runs, registry }: { readonly runs: RunStore; readonly registry: Registry },
  id: number,
): Promise<TrainingRun> {
  const folder = runs.folderOf(id)
  const run = await withBest(runs, id)
  const { bestEpoch, epochs, images, dataset, seconds, base } = run
  const weights = join(folder, BEST_FILE)
  if (run.model !== null || bestEpoch === null || !existsSync(weights)) return run
  const size = await bestSize(folder).catch(damaged)
  // As a damaged checkpoint: it must not keep the run from being ended.
  if (size instanceof FacetError) return runs.note(id, noteOf('bestDamaged', { reason: size.message }))
  const settings = learnedBy(run.settings, size)
  const isFresh = (await readPlan(folder)).weights.length === 0
  // A stored model may have the id that is an architecture's name, and then the run did not begin with it.
  const parent = isFresh
    ? null
    : ((await registry.list()).find(({ manifest }) => manifest.id === base) ?? null)
  if (parent === null && !isFresh)
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
    damaged(error)
    return run
  }
}

function damaged(error: unknown): FacetError {
  if (error instanceof FacetError && error.code.startsWith('checkpoint/')) return error
  throw error
}

/** The settings as far as memory allowed them. */
function learnedBy(settings: TrainSettings, size: StepSize | null): TrainSettings {
  return size === null ? settings : { ...settings, train_bs: size.batch, input_resolution: size.resolution }
}

/** Removes what a run resumes from, several times the size of its model, and what a killed engine left half written. */
export async function tidy(folder: string): Promise<void> {
  await removeHalfWritten(folder)
  for (const name of [CHECKPOINT_FILE, BEST_FILE, TAPS_FOLDER])
    await rm(join(folder, name), { recursive: true, force: true })
}

async function readImages(folder: string): Promise<TrainingImage[]> {
  const file = join(folder, IMAGES_FILE)
  try {
    return TRAINING_IMAGES.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new FacetError(
      'file/malformed',
      `${file} cannot be read; start the training anew.`,
      { file },
      { cause },
    )
  }
}
