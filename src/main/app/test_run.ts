/** @file What `facet test` does: a model's scores on a dataset by SegFace's protocol, with the card that says how. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Complaint } from '../../shared/answers'
import type { Checked } from '../../shared/requests'
import { SPLITS, type Split } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { CLASS_NAMES, type ClassName } from '../../shared/labels'
import { IGNORED } from '../../shared/mask'
import type { TestReport, TestSplit } from '../../shared/scoring'
import type { Sample, SampleSet } from '../dataset/samples'
import { filesOf, type NetworkRef } from '../engine/protocol'
import { classCounts, confusionRows, sumConfusions } from '../metrics/confusion'
import { scoresOf } from '../metrics/scores'
import { hashFile } from '../models/importer'
import { describeFile } from '../models/named_file'
import { limitsOf } from '../models/limits'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import type { Context, Handlers } from './app'
import type { Work } from './jobs'
import { onProvider } from './on_provider'
import { withSamples } from './samples'
import { scoreSamples, type ScoredFace } from './scoring'

/** By which rule such faces are scored. */
const IN_PART =
  'checked in part: of these, pixels outside the checked parts count only where a checked part is predicted, as background'

export function testHandlers(context: Context): Pick<Handlers, 'test.run'> {
  const { jobs, workspace } = context
  return {
    'test.run': (request) => {
      const folder = request.dataset ?? workspace.require().path
      return jobs.run(request.job, 'test.run', (work) =>
        withSamples(workspace, folder, (set) => testModel(context, set, request, work)),
      )
    },
  }
}

async function testModel(
  context: Context,
  set: SampleSet,
  request: Checked<'test.run'>,
  work: Work,
): Promise<TestReport> {
  const { registry, inference, deps } = context
  const { order, limit = null } = request
  const {
    network: model,
    abilities,
    warnings,
  } = await registry.resolve(request.model, (file) => describeFile(registry, file))
  const network = { ...model, resolution: request.resolution ?? model.resolution }
  const { samples: annotated, leftOut } = vouchedFor(set)
  const chosen = chooseSplit(set.root, annotated, request.split)
  const samples = limit === null ? chosen.samples : chosen.samples.slice(0, limit)
  // All on one provider, which the card names: where it fails, the next one begins with the first face.
  const { provider, faces, complaints } = await onProvider(
    context,
    network,
    request.provider,
    work.signal,
    async (on) => ({
      provider: on,
      ...(await scoreSamples(inference.engine, samples, { network, provider: on, order }, work)),
    }),
  )
  if (faces.length === 0) {
    const [first] = complaints
    throw new FacetError(
      'dataset/malformed',
      `None of the ${samples.length} faces of ${set.root} can be read: ${first?.file}: ${first?.message}`,
      { file: set.root },
    )
  }
  const confusion = sumConfusions(faces.map((face) => face.confusion))
  const { f1, iou, support, meanF1, meanIouPaper, pixelAccuracy } = scoresOf(confusion)
  return {
    images: faces.length,
    resolution: network.resolution,
    order,
    classes: CLASS_NAMES,
    f1,
    iou,
    support,
    mean_f1: meanF1,
    mean_iou_paper: meanIouPaper,
    pixel_accuracy: pixelAccuracy,
    confusion: confusionRows(confusion),
    protocol: {
      preset: 'SegFace',
      model: model.id,
      weights_sha256: await hashNetwork(model, work.signal),
      limits: [...limitsOf(abilities), ...(request.resolution === undefined ? warnings : [])],
      provider,
      facet: deps.version,
      onnxruntime: ONNXRUNTIME_VERSION,
      dataset: resolve(set.root),
      dataset_kind: set.kind,
      split: chosen.split,
      split_chosen: chosen.why,
      limit,
      ids_sha256: hashNames(faces),
      images_per_class: imagesPerClass(faces),
      left_out: [...set.complaints, ...leftOut, ...complaints],
      ground_truth: groundTruthOf(set, faces),
      class_order: 'SegFace',
      painting_order: order,
      resolution_scored: network.resolution,
      picture_kernel: `${network.onnx?.preprocessing.resize ?? 'bicubic'}, antialiased, as Pillow`,
      label_kernel: 'nearest, as Pillow: the label under the centre of a pixel',
      logits_kernel: 'bilinear with half-pixel centres, then the greatest',
      ignored_label: IGNORED,
      background_in_mean_f1: false,
      background_in_mean_iou_paper: true,
      averaging: 'of one confusion matrix over all images',
      absent_class: 'null in f1 and iou, left out of mean_f1, 0 in mean_iou_paper',
    },
  }
}

/**
 * The samples whose masks a person vouches for: what only a model said proves nothing, a flagged face is in doubt, and of one
 * that is checked in no part nothing would be counted.
 */
function vouchedFor({ root, samples }: SampleSet): { samples: Sample[]; leftOut: Complaint[] } {
  const kept = samples.filter(
    ({ status, checked }) => (status === 'corrected' || status === 'accepted') && checked !== 0,
  )
  const others = samples.length - kept.length
  const message = `${others} of ${samples.length} faces with masks are flagged, checked in no part, or hold only what a model said; no ground truth.`
  return { samples: kept, leftOut: others > 0 ? [{ file: root, message }] : [] }
}

/** What the faces were held against, in words. */
function groundTruthOf({ kind }: SampleSet, faces: readonly ScoredFace[]): string {
  if (kind === 'celebamask-hq') return 'mask files; a part without a file is absent'
  const truth = 'masks that a person corrected, imported or accepted'
  const inPart = faces.filter(({ sample }) => sample.checked !== null).length
  return inPart === 0 ? truth : `${truth}; ${inPart} of ${faces.length} faces are ${IN_PART}`
}

interface Chosen {
  readonly split: TestSplit
  /** Why, in words. */
  readonly why: string
  readonly samples: readonly Sample[]
}

/** The faces of the split that is asked for; else of `test` where there is one, else all. Throws where there are none. */
function chooseSplit(root: string, samples: readonly Sample[], asked: TestSplit | undefined): Chosen {
  const of = (split: Split | null): Sample[] => samples.filter((sample) => sample.split === split)
  const counts = SPLITS.map((split) => [split, of(split).length] as const).filter(([, count]) => count > 0)
  const hasTest = counts.some(([split]) => split === 'test')
  const split = asked ?? (hasTest ? 'test' : 'all')
  const chosen = split === 'all' ? samples : of(split)
  if (chosen.length === 0) {
    const found =
      samples.length === 0
        ? 'no face with masks that a person made or accepted; correct or accept some'
        : counts.length === 0
          ? `no splits, only ${samples.length} faces without one; ask for all`
          : `no faces in split ${split}, only ${counts.map(([name, count]) => `${count} in ${name}`).join(', ')}; ask for one of these or for all`
    throw new FacetError('dataset/malformed', `${root} has ${found}.`, { file: root })
  }
  const why = asked
    ? 'asked for'
    : hasTest
      ? 'the default, since the dataset has a split test'
      : 'all, since the dataset has no split test'
  return { split, why, samples: chosen }
}

/** The digest of the weights' file; of a network made of several, that of their digests. */
async function hashNetwork(network: NetworkRef, signal: AbortSignal): Promise<string> {
  const digests: string[] = []
  for (const file of filesOf(network)) digests.push(await hashFile(file, signal))
  const [only = ''] = digests
  return digests.length === 1 ? only : createHash('sha256').update(digests.join()).digest('hex')
}

function hashNames(faces: readonly ScoredFace[]): string {
  const hash = createHash('sha256')
  for (const { sample } of faces) hash.update(`${sample.name}\n`)
  return hash.digest('hex')
}

function imagesPerClass(faces: readonly ScoredFace[]): Record<ClassName, number> {
  const supports = faces.map(({ confusion }) => classCounts(confusion).map(({ truth }) => truth))
  const entries = CLASS_NAMES.map((name, k) => [name, supports.filter((support) => support[k]).length])
  return Object.fromEntries(entries) as Record<ClassName, number>
}
