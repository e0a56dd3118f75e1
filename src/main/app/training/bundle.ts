/**
 * @file A folder that takes a training to a machine with several GPUs: the dataset as SegFace's loader reads it, the starting
 * checkpoint, and the command line of SegFace's own train.py.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Checked } from '../../../shared/requests'
import type { Split } from '../../../shared/terms'
import { noteOf } from '../../../shared/notes'
import { FacetError } from '../../../shared/errors'
import { CLASS_NAMES, namesOf } from '../../../shared/labels'
import type { TrainingBundle } from '../../../shared/training'
import { fillNewFolder } from '../../base/new_folder'
import { exportCelebAMask } from '../../dataset/celebamask/exporter'
import { MAPPING_FILE, PARTITION_FILE } from '../../dataset/celebamask/format'
import { writeOfficialPartition } from '../../dataset/celebamask/partition'
import type { ExportItem } from '../../dataset/item'
import { assignIds } from '../../dataset/names'
import type { Sample, SampleSet } from '../../dataset/samples'
import { readPicture } from '../../imaging/picture'
import { exportWeights, findExportable } from '../../models/exporter'
import { sidedName } from '../../models/sided_name'
import { openRuns } from '../../store/runs/open'
import type { Context } from '../app'
import type { Work } from '../jobs'
import { withSamples } from '../samples'
import { resolveBase, type Base } from './base'
import { choose, rememberSplits } from './begin'
import { bundleReadme, shellWord, START_SCRIPT, trainScript, type BundleCommand } from './bundle_scripts'
import { treeRunsFolder } from './earlier'
import { exptName } from './log_path'
import { readAllMasks, whyLeftOut } from './masks'
import { complaintNotes } from './survey'

/** SegFace's loader merges the masks of a face at this side. */
const MASK_SIDE = 512
const START_FILE = 'start.pt'
/** Two levels that SegFace's README shows; see bundle_scripts.ts for the third. */
const DATASET_FOLDER = join('data', 'SegFace', 'CelebAMask-HQ')

/**
 * Writes the folder; a face whose picture or one of whose masks cannot be read is left out and told. Throws `conflict` where
 * it holds something already (what fails leaves it as it was), `dataset/malformed` where there is nothing to learn from.
 */
export async function writeBundle(
  context: Context,
  request: Checked<'training.bundle'>,
  work: Work,
): Promise<TrainingBundle> {
  const out = resolve(request.out)
  const written = await fillNewFolder(out, (folder) => fillBundle(context, request, folder, work))
  return { out, ...written, command: `sh ${shellWord(join(out, 'train.sh'))} PATH_TO_SEGFACE` }
}

async function fillBundle(
  context: Context,
  request: Checked<'training.bundle'>,
  folder: string,
  work: Work,
): Promise<Pick<TrainingBundle, 'images' | 'notes'>> {
  const dataset = resolve(request.dataset)
  const base = await resolveBase(context.registry, request.model, dataset)
  const wish = {
    ...{ dataset, images: request.only, limit: request.limit, base, options: request.options },
    replay: null,
  }
  // What steps took here says nothing of another machine, but the settings are chosen all the same.
  const runs = openRuns(treeRunsFolder(context.deps.paths.dataDir))
  try {
    return await withSamples(context.workspace, dataset, async (set) => {
      const { faces, told } = await choose(context, runs, set, wish)
      rememberSplits(context, dataset, faces.assigned)
      const { items, unsure } = itemsOf(set, faces.train, faces.val)
      const { settings } = told
      const command: BundleCommand = {
        model: base.arch,
        // By which the side is known when a checkpoint comes back.
        name: sidedName(exptName(request.name), settings.input_resolution),
        epochs: settings.epochs,
        lr: settings.lr,
        lr_schedule: settings.lr_schedule ?? milestones(settings.epochs),
        lr_schedule_gamma: settings.lr_schedule_gamma,
        weight_decay: settings.weight_decay,
        train_bs: settings.train_bs,
        input_resolution: settings.input_resolution,
        seed: settings.seed,
        isFresh: base.model === null,
      }
      const { images, leftOut } = await writeDataset(join(folder, DATASET_FOLDER), items, work)
      const notes = [...complaintNotes(set.complaints), ...unsure, ...leftOut]
      await writeStart(context, base, folder, work)
      await writeScripts(folder, command, images, notes)
      return { images, notes: [...base.notes, ...notes] }
    })
  } finally {
    runs.close()
  }
}

interface BundleItem {
  readonly id: number
  readonly sample: Sample
  readonly split: Split
}

/**
 * The faces of both splits and the dataset's test faces that are checked as a whole, and notes of the others: its format
 * cannot say that only some parts count.
 */
function itemsOf(
  set: SampleSet,
  train: readonly Sample[],
  val: readonly Sample[],
): { items: BundleItem[]; unsure: string[] } {
  const ids = assignIds(set.samples.map(({ name }) => name))
  const splits = new Map<Sample, Split>([
    ...train.map((sample) => [sample, 'train'] as const),
    ...val.map((sample) => [sample, 'val'] as const),
    ...set.samples.filter(({ split }) => split === 'test').map((sample) => [sample, 'test'] as const),
  ])
  const unsure: string[] = []
  const items = set.samples.flatMap((sample, i) => {
    const split = splits.get(sample)
    const id = ids[i]
    if (!split || id === undefined) return []
    const { name, checked } = sample
    if (checked === null) return [{ id, sample, split }]
    unsure.push(noteOf('leftOut', { image: name, why: whyUnsure(checked) }))
    return []
  })
  if (items.some(({ split }) => split === 'train')) return { items, unsure }
  throw new FacetError(
    'dataset/malformed',
    `${set.root} has no face to learn from that is checked as a whole.`,
  )
}

function whyUnsure(checked: number): string {
  const parts = namesOf(checked)
  return parts.length === 0
    ? noteOf('uncheckedFace', {})
    : noteOf('uncheckedRest', { parts: parts.join(', ') })
}

async function writeDataset(
  folder: string,
  items: readonly BundleItem[],
  { signal, progress }: Work,
): Promise<{ images: TrainingBundle['images']; leftOut: string[] }> {
  const why = new Map<string, string>()
  async function* read(): AsyncGenerator<ExportItem> {
    for (const { id, sample, split } of items) {
      const { name, image } = sample
      // The export copies a JPEG as it is, cut short or not.
      const map = await readPicture(image)
        .then(() => readAllMasks(sample))
        .catch((error: unknown) => void why.set(name, whyLeftOut(error)))
      if (map) yield { id, name, imagePath: image, map, split }
    }
  }
  const { splits, complaints } = await exportCelebAMask({
    ...{ items: read(), out: folder, size: MASK_SIDE, signal },
    progress: (done) => progress(done + why.size, items.length),
  })
  for (const { file, message } of complaints) why.set(file, message)
  const leftOut = Array.from(why, ([image, reason]) => noteOf('leftOut', { image, why: reason }))
  if (splits.train === 0)
    throw new FacetError('dataset/malformed', leftOut[0] ?? 'There is no face to learn from.')
  // The published loader takes CelebA's own list; ours stays beside it for copies that take a list by id.
  const written = items.filter(({ sample }) => !why.has(sample.name))
  const official = writeOfficialPartition(new Map(written.map(({ id, split }) => [id, split])))
  await rename(join(folder, PARTITION_FILE), join(folder, 'list_by_id.txt'))
  await writeFile(join(folder, PARTITION_FILE), official.partition)
  await writeFile(join(folder, MAPPING_FILE), official.mapping)
  return { images: splits, leftOut }
}

/** The base model's tensors as SegFace's own checkpoint; a fresh network starts as SegFace starts it. */
async function writeStart({ registry }: Context, base: Base, folder: string, work: Work): Promise<void> {
  if (base.model)
    await exportWeights(await findExportable(registry, base.id), 'pt', join(folder, START_FILE), {
      signal: work.signal,
    })
}

async function writeScripts(
  folder: string,
  command: BundleCommand,
  images: TrainingBundle['images'],
  notes: readonly string[],
): Promise<void> {
  await mkdir(join(folder, 'logs'), { recursive: true })
  const env = ['DATA_PATH=data/SegFace', 'ROOT_PATH=.', 'LOG_PATH=logs', '']
  await writeFile(join(folder, '.env'), env.join('\n'))
  await writeFile(join(folder, 'train.sh'), trainScript(command), { mode: 0o755 })
  if (!command.isFresh) await writeFile(join(folder, 'start.py'), START_SCRIPT)
  const wrong =
    notes.length === 0
      ? []
      : ['', 'What was wrong with the dataset:', '', ...notes.map((note) => `- ${note}`), '']
  await writeFile(
    join(folder, 'README.md'),
    bundleReadme(command, images, CLASS_NAMES.length) + wrong.join('\n'),
  )
}

/** SegFace lowers the rate after 80 and 200 of 300 epochs; of one or two epochs once, since a milestone that stands twice counts twice. */
function milestones(epochs: number): number[] {
  return [...new Set([80, 200].map((of300) => Math.max(1, Math.round((epochs * of300) / 300))))]
}
