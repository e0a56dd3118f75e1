/** @file The gate: two models scored on the same faces before one replaces the other, and where the new one is worse. */
import { resolve } from 'node:path'
import type { Checked } from '../../shared/requests'
import { FacetError } from '../../shared/errors'
import { CLASS_NAMES, PART_NAMES, type PartName } from '../../shared/labels'
import { listed, noteOf } from '../../shared/notes'
import { f1Fall } from '../../shared/scoring'
import type { ModelComparison, ValidationScores } from '../../shared/training'
import type { Sample, SampleSet } from '../dataset/samples'
import { classCounts, confusionRows, sumConfusions, type Confusion } from '../metrics/confusion'
import { scoresOf } from '../metrics/scores'
import { hashFile } from '../models/importer'
import { learnedPictures } from '../models/learned'
import { networkOf, type Model } from '../models/registry'
import { readPlan, type PlanSample } from '../training/plan'
import type { Context } from './app'
import type { Work } from './jobs'
import { onProvider } from './on_provider'
import { withSamples } from './samples'
import { scoreSamples, type ScoredFace } from './scoring'
import { chooseFaces } from './training/faces'

/** A part is worse when its F1 fell by more than this: below, few faces make as much by chance. */
const TOLERANCE = 0.01
/** Faces that show where a part became worse. */
const EXAMPLES = 3

type SetName = ModelComparison['sets'][number]['set']
type Faces = Readonly<Record<SetName, readonly Sample[]>>

/** The faces that both models were scored on. */
interface Pair {
  readonly baseline: readonly ScoredFace[]
  readonly candidate: readonly ScoredFace[]
}

/**
 * Scores both models. A face that cannot be read is left out and told, a set without any other is not scored. Throws
 * `dataset/malformed` where there is no validation and no golden face.
 */
export async function compareModels(
  context: Context,
  request: Checked<'models.compare'>,
  work: Work,
): Promise<ModelComparison> {
  const { registry, workspace, training } = context
  const [baseline, candidate] = [
    await registry.find(request.baseline),
    await registry.find(request.candidate),
  ]
  const run = request.run === null ? null : training.show(request.run)
  // Runs are those of the open workspace, wherever its folder was when they were made.
  const dataset = run || request.dataset === null ? workspace.require().path : resolve(request.dataset)
  const uses = run ? await usesOf(training.folderOf(run.id)) : null
  return withSamples(workspace, dataset, async (set) => {
    const checked = set.samples.filter((sample) => sample.checked !== 0)
    const wanted: Faces = {
      val: uses
        ? checked.filter(({ name }) => uses.get(name) === 'val')
        : chooseFaces(checked, 'corrected').val,
      golden: checked.filter(({ golden }) => golden),
    }
    const { faces, notes } = await unlearned(registry, wanted, [baseline, candidate], work.signal)
    const comparison = await compare(context, set, faces, baseline, candidate, work)
    return { ...comparison, notes: [...notes, ...comparison.notes] }
  })
}

/**
 * Without faces that one of the models learned from, as one that was pinned since then: what it says of them says nothing. A
 * face whose picture cannot be read is left to who scores it.
 */
async function unlearned(
  registry: Context['registry'],
  { val, golden }: Faces,
  models: readonly Model[],
  signal: AbortSignal,
): Promise<{ faces: Faces; notes: string[] }> {
  const all = await registry.list()
  const learned = await learnedPictures(
    models.map(({ manifest }) => manifest.id),
    all,
  )
  const known = new Set<string>()
  for (const { name, image } of learned.size > 0 ? [...val, ...golden] : []) {
    const sha256 = await hashFile(image, signal).catch(() => null)
    signal.throwIfAborted()
    if (sha256 !== null && learned.has(sha256)) known.add(name)
  }
  const rest = (some: readonly Sample[]): readonly Sample[] => some.filter(({ name }) => !known.has(name))
  return {
    faces: { val: rest(val), golden: rest(golden) },
    notes:
      known.size > 0 ? [noteOf('comparedOnNone', { faces: known.size, images: listed([...known]) })] : [],
  }
}

/** What the faces of a run were to it, by name. */
async function usesOf(folder: string): Promise<Map<string, PlanSample['use']>> {
  const { samples } = await readPlan(folder)
  return new Map(samples.flatMap(({ name, use }) => (use === 'replay' ? [] : [[name, use]])))
}

async function compare(
  context: Context,
  { root }: SampleSet,
  faces: Faces,
  baseline: Model,
  candidate: Model,
  work: Work,
): Promise<ModelComparison> {
  const names = (['val', 'golden'] as const).filter((name) => faces[name].length > 0)
  const total = 2 * names.reduce((sum, name) => sum + faces[name].length, 0)
  if (total === 0)
    throw new FacetError(
      'dataset/malformed',
      `${root} has no validation and no golden faces to compare on: pin some, or correct more.`,
    )
  // At its own side a smaller network would be judged by coarser masks.
  const side = Math.max(baseline.network.resolution, candidate.network.resolution)
  let before = 0
  const scored = new Map<SetName, Pair>()
  const leftOut = new Map<string, string>()
  const score = async (model: Model, samples: readonly Sample[]): Promise<ScoredFace[]> => {
    const found = await scoreModel(context, model, side, samples, {
      signal: work.signal,
      progress: (done) => work.progress(before + done, total),
    })
    before += samples.length
    for (const { file, message } of found.complaints) leftOut.set(file, message)
    return found.faces
  }
  for (const name of names) {
    const all = [await score(baseline, faces[name]), await score(candidate, faces[name])] as const
    // A photo may go between the two.
    const [ofBaseline, ofCandidate] = all.map((some) =>
      some.filter(({ sample }) => !leftOut.has(sample.name)),
    )
    if (ofBaseline && ofCandidate && ofBaseline.length > 0)
      scored.set(name, { baseline: ofBaseline, candidate: ofCandidate })
  }
  const countOf = (name: SetName): number => scored.get(name)?.baseline.length ?? 0
  return {
    baseline: baseline.manifest.id,
    candidate: candidate.manifest.id,
    images: { val: countOf('val'), golden: countOf('golden') },
    sets: Array.from(scored, ([set, pair]) => ({
      set,
      baseline: validationScores(sumOf(pair.baseline)),
      candidate: validationScores(sumOf(pair.candidate)),
      confusion: confusionRows(sumOf(pair.candidate)),
    })),
    worse: PART_NAMES.flatMap((part) => worstOf(part, [...scored.values()])),
    tolerance: TOLERANCE,
    notes: Array.from(leftOut, ([image, why]) => noteOf('leftOut', { image, why })),
  }
}

/** All faces of a set on one provider: where it fails, the next one begins with the first face. */
function scoreModel(
  context: Context,
  model: Model,
  side: number,
  samples: readonly Sample[],
  work: Work,
): ReturnType<typeof scoreSamples> {
  const network = networkOf(model)
  const { provider: choice } = context.settings.current
  return onProvider(context, network, choice, work.signal, (provider) =>
    scoreSamples(context.inference.engine, samples, { network, provider, side, order: 'segface' }, work),
  )
}

function sumOf(faces: readonly ScoredFace[]): Confusion {
  return sumConfusions(faces.map(({ confusion }) => confusion))
}

export function validationScores(confusion: Confusion): ValidationScores {
  const { f1, meanF1 } = scoresOf(confusion)
  return { mean_f1: meanF1 ?? 0, f1 }
}

/** The set where the part fell most, if by more than is tolerated, with the faces that say so. */
export function worstOf(part: PartName, pairs: readonly Pair[]): ModelComparison['worse'][number][] {
  const falls = pairs
    .flatMap((pair) => {
      const [from, to] = [scoresOf(sumOf(pair.baseline)).f1[part], scoresOf(sumOf(pair.candidate)).f1[part]]
      const by = f1Fall(from, to)
      return by <= TOLERANCE ? [] : [{ pair, from, to, by }]
    })
    .sort((a, b) => b.by - a.by)
  const [fall] = falls
  if (!fall) return []
  const { pair, from, to } = fall
  const before = new Map(pair.baseline.map(({ sample, confusion }) => [sample, partF1(confusion, part)]))
  const examples = pair.candidate
    .map(({ sample, confusion }) => ({ sample, by: (before.get(sample) ?? 0) - partF1(confusion, part) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
    .slice(0, EXAMPLES)
    .map(({ sample: { name, id } }) => ({ image: name, id }))
  return [{ part, from, to, examples }]
}

/** Of one face: where neither has the part, nothing is wrong with it. */
function partF1(confusion: Confusion, part: PartName): number {
  const counts = classCounts(confusion)[CLASS_NAMES.indexOf(part)]
  const all = counts ? counts.truth + counts.predicted : 0
  return counts && all > 0 ? (2 * counts.both) / all : 1
}
