/** @file A run from a wish to a process: its faces and settings chosen, its row made, and then prepared and trained. */
import { noteOf } from '../../../shared/notes'
import { join } from 'node:path'
import type { ProviderTrial } from '../../../shared/answers'
import type { Provider, ProviderChoice } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import type { TrainingSurvey, TrainOn, TrainOptions } from '../../../shared/training'
import type { SampleSet } from '../../dataset/samples'
import { TRAINING_PROVIDERS } from '../../runtime/providers'
import { networkOf } from '../../models/registry'
import { openStore } from '../../store/open'
import type { RunStore } from '../../store/runs/runs'
import type { Context } from '../app'
import type { Verdict } from '../providers'
import { withSamples } from '../samples'
import { findStore } from '../workspace'
import type { Base } from './base'
import { earlierSplits } from './earlier'
import { chooseFaces, type TrainingFaces } from './faces'
import { findOthers, type OtherFace } from './others'
import { prepareRun } from './prepare'
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
    const work = new RunInWork({ ...context, paths: context.deps.paths, runs }, id, async (preparing) => {
      const { provider, note } = await chooseProvider(context, wish.base, choice, preparing.signal)
      runs.update(id, { provider })
      if (note !== null) runs.note(id, note)
      const folder = runs.folderOf(id)
      return prepareRun({ folder, base: wish.base, provider, settings, faces, others }, preparing)
    })
    resolve(work)
    await work.prepared
  }).catch(reject)
  return promise
}

/** A provider that takes so many times as long to predict may still train faster. */
const NEAR = 4

const trainsOn = (choice: ProviderChoice): boolean => choice === 'auto' || TRAINING_PROVIDERS.includes(choice)

/** What was chosen for predicting, as far as it trains. */
export function trainingChoice(chosen: ProviderChoice): ProviderChoice {
  return trainsOn(chosen) ? chosen : 'auto'
}

async function chooseProvider(
  { providers, registry }: Parts,
  base: Base,
  choice: ProviderChoice,
  signal: AbortSignal,
): Promise<{ provider: Provider; note: string | null }> {
  if (!trainsOn(choice))
    throw new FacetError('provider/unusable', `Training runs on cpu, webgpu or cuda, not on ${choice}.`, {
      provider: choice,
    })
  const network = networkOf(base.model ?? (await registry.find(null)))
  const verdict = await providers.choose(network, choice, signal)
  const provider = trainingProvider(verdict, choice)
  const { chosen } = verdict
  const isToldWhy = trialOf(verdict, chosen)?.trains === false
  return { provider, note: isToldWhy ? noteOf('predictsOnly', { chosen, provider }) : null }
}

/**
 * The provider that trains, by a verdict on those that predict. Between GPU providers nobody chose, WebGPU if it predicts about
 * as fast: there alone weights and optimiser stay on the device. On an H200 CUDA predicts in half the time, but a step of
 * MobileNet takes 105 ms with it, with WebGPU 59 (measured).
 */
export function trainingProvider(
  verdict: Pick<Verdict, 'chosen' | 'trials'>,
  choice: ProviderChoice,
): Provider {
  const { chosen, trials } = verdict
  if (chosen === 'cpu') return 'cpu'
  const msOf = (provider: Provider): number => trialOf(verdict, provider)?.ms ?? Infinity
  const others = trials.map(({ provider }) => provider).filter((one) => one !== chosen && one !== 'cpu')
  const isNear = msOf('webgpu') <= NEAR * msOf(chosen) && msOf('webgpu') < msOf('cpu')
  const order: readonly Provider[] = choice === 'auto' && isNear ? ['webgpu', chosen] : [chosen]
  return [...order, ...others].find((one) => trialOf(verdict, one)?.trains) ?? 'cpu'
}

function trialOf({ trials }: Pick<Verdict, 'trials'>, provider: Provider): ProviderTrial | undefined {
  return trials.find((trial) => trial.provider === provider)
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
    store.batch(() => {
      for (const { sample, split } of assigned) if (sample.id !== null) store.setSplit([sample.id], split)
    })
    if (open) open.tellChanged(assigned.map(({ sample }) => sample.name))
    else store.close()
  } catch (error) {
    const isLeftAlone = error instanceof FacetError && ['store/busy', 'file/unwritable'].includes(error.code)
    if (!isLeftAlone) throw error
  }
}
