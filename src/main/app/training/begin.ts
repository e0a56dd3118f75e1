/** @file A run from a wish to a process: its faces and settings chosen, its row made, and then prepared and trained. */
import { join } from 'node:path'
import type { ProviderChoice } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import type { TrainingSurvey, TrainOn, TrainOptions } from '../../../shared/training'
import type { SampleSet } from '../../dataset/samples'
import { openStore } from '../../store/open'
import type { RunStore } from '../../store/runs/runs'
import type { Context } from '../app'
import { withSamples } from '../samples'
import { findStore } from '../workspace'
import type { Base } from './base'
import { earlierSplits } from './earlier'
import { chooseFaces, type TrainingFaces } from './faces'
import { findOthers, type OtherFace } from './others'
import { prepareRun, type Prepared, type Preparing } from './prepare'
import { chooseProvider, nextProvider } from './provider'
import { survey } from './survey'
import { RunInWork } from './work'

/** What is learned from, and how. */
export interface Wish {
  /** Folder of the images, resolved. */
  readonly dataset: string
  readonly images: TrainOn | readonly number[]
  /** Of the training faces, the first so many. */
  readonly limit?: number | undefined
  readonly base: Base
  readonly options: TrainOptions
  /** A folder of faces that keep the model from forgetting. */
  readonly replay: string | null
}

interface Chosen {
  readonly faces: TrainingFaces
  readonly others: readonly OtherFace[]
  readonly told: TrainingSurvey
}

type Parts = Omit<Context, 'training'>

/** The faces and settings of a wish, without beginning anything. */
export async function choose({ deps }: Parts, runs: RunStore, set: SampleSet, wish: Wish): Promise<Chosen> {
  const { dataDir, resources } = deps.paths
  const earlier = set.samples.some(({ split }) => split === null)
    ? await earlierSplits(runs, wish.dataset, dataDir).catch(forgotten)
    : undefined
  // A tree's masks all count, whatever a person did in a workspace.
  const images = set.kind === 'celebamask-hq' ? 'all' : wish.images
  const faces = chooseFaces(set.samples, images, wish.limit, earlier)
  const others = await findOthers(wish.replay, resources)
  const told = survey(wish.base, faces, wish.options, others.length, runs.paces(), set.complaints)
  return { faces, others, told }
}

/** Runs of trees that cannot be read remember nothing, and keep nobody from training. */
function forgotten(error: unknown): undefined {
  if (!(error instanceof FacetError)) throw error
}

/**
 * Begins a run and answers as soon as it is in work; masks are read while it is prepared. Throws `dataset/malformed` where
 * there is nothing to learn from.
 */
export function begin(
  context: Parts,
  runs: RunStore,
  name: string,
  wish: Wish,
  choice: ProviderChoice,
): Promise<RunInWork> {
  const { promise, resolve, reject } = Promise.withResolvers<RunInWork>()
  withSamples(context.workspace, wish.dataset, async (set) => {
    const { faces, others, told } = await choose(context, runs, set, wish)
    const { settings, notes, warnings, images } = told
    if (images.train === 0)
      throw new FacetError('dataset/malformed', `${set.root}: ${warnings[0] ?? 'nothing to learn from.'}`)
    rememberSplits(context, wish.dataset, faces.assigned)
    const { id } = runs.create({
      ...{ name, dataset: wish.dataset, settings, notes: [...notes, ...warnings] },
      ...{ base: wish.base.id, arch: wish.base.arch },
      provider: choice === 'auto' ? 'cpu' : choice,
      images: { train: images.train, val: images.val },
    })
    const prepare = async (preparing: Preparing): Promise<Prepared> => {
      const { provider, note } = await chooseProvider(context, wish.base.id, choice, preparing.signal)
      runs.update(id, { provider })
      if (note !== null) runs.note(id, note)
      const folder = runs.folderOf(id)
      return prepareRun({ folder, base: wish.base, provider, settings, faces, others }, preparing)
    }
    const next = nextProvider(context, wish.base.id, choice)
    const work = new RunInWork({ ...context, paths: context.deps.paths, runs }, id, {
      ...{ prepare, next, provider: null, dataset: null },
    })
    resolve(work)
    await work.prepared
  }).catch(reject)
  return promise
}

/**
 * Stores the splits that faces were given, so that they keep them. A workspace that another Facet has open, or that is
 * read-only, is left alone: the same names are given the same splits there.
 */
export function rememberSplits(
  { workspace, deps }: Parts,
  dataset: string,
  assigned: TrainingFaces['assigned'],
): void {
  const open = workspace.current?.path === dataset ? workspace.current : null
  const dir = open?.facetDir ?? findStore(dataset, deps.paths.dataDir)?.dir
  if (assigned.length === 0 || dir === undefined) return
  try {
    const store = open?.store ?? openStore(join(dir, 'workspace.db'))
    try {
      store.batch(() => {
        for (const { sample, split } of assigned) if (sample.id !== null) store.setSplit([sample.id], split)
      })
    } finally {
      if (!open) store.close()
    }
    open?.tellChanged(assigned.map(({ sample }) => sample.name))
  } catch (error) {
    const isLeftAlone = error instanceof FacetError && ['store/busy', 'file/unwritable'].includes(error.code)
    if (!isLeftAlone) throw error
  }
}
