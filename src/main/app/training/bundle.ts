/**
 * @file A folder that takes a training to a machine with several GPUs: the dataset as SegFace's loader reads it, the starting
 * checkpoint, and the command line of SegFace's own train.py.
 */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Checked } from '../../../shared/requests'
import type { Split } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import { CLASS_NAMES } from '../../../shared/labels'
import type { TrainingBundle } from '../../../shared/training'
import { exportCelebAMask } from '../../dataset/celebamask/exporter'
import { MAPPING_FILE, PARTITION_FILE } from '../../dataset/celebamask/format'
import { writeOfficialPartition } from '../../dataset/celebamask/partition'
import type { ExportItem } from '../../dataset/item'
import { assignIds } from '../../dataset/names'
import type { Sample, SampleSet } from '../../dataset/samples'
import { exportWeights, findExportable } from '../../models/exporter'
import { openRuns } from '../../store/runs/open'
import type { Context } from '../app'
import type { Work } from '../jobs'
import { withSamples } from '../samples'
import { resolveBase, type Base } from './base'
import { choose, rememberSplits } from './begin'
import { bundleReadme, START_SCRIPT, trainScript, type BundleCommand } from './bundle_scripts'

/** SegFace's loader merges the masks of a face at this side. */
const MASK_SIDE = 512
const START_FILE = 'start.pt'
/** Two levels that SegFace's README shows; see bundle_scripts.ts for the third. */
const DATASET_FOLDER = join('data', 'SegFace', 'CelebAMask-HQ')

/** Writes the folder. Throws `conflict` where it holds something already. */
export async function writeBundle(
  context: Context,
  request: Checked<'training.bundle'>,
  work: Work,
): Promise<TrainingBundle> {
  const dataset = resolve(request.dataset)
  const out = resolve(request.out)
  await requireEmpty(out)
  const base = await resolveBase(context.registry, request.model, dataset)
  const wish = {
    ...{ dataset, images: request.only, limit: request.limit, base, options: request.options },
    replay: null,
  }
  // What steps took here says nothing of another machine, but the settings are chosen all the same.
  const runs = openRuns(join(context.deps.paths.dataDir, 'runs'))
  try {
    return await withSamples(context.workspace, dataset, async (set) => {
      const { faces, told } = await choose(context, runs, set, wish)
      rememberSplits(context, dataset, faces.assigned)
      const items = itemsOf(set, faces.train, faces.val)
      const { settings } = told
      const command: BundleCommand = {
        model: base.arch,
        // As SegFace's own folders end, by which the side is known when a checkpoint comes back.
        name: `${folderName(request.name)}_${settings.input_resolution}`,
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
      const images = await writeDataset(join(out, DATASET_FOLDER), items, work)
      await writeStart(context, base, out, work)
      await writeScripts(out, command, images)
      return { out, images, command: `sh ${join(out, 'train.sh')} PATH_TO_SEGFACE` }
    })
  } finally {
    runs.close()
  }
}

async function requireEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new FacetError('file/unwritable', `${out} is no folder; choose another place for the bundle.`)
  })
  if (names.length > 0)
    throw new FacetError('conflict', `${out} is not empty; choose a new or empty folder.`, { file: out })
}

interface BundleItem {
  readonly id: number
  readonly sample: Sample
  readonly split: Split
}

/** The faces of both splits and the dataset's test faces; its format cannot say that only some parts count. */
function itemsOf(set: SampleSet, train: readonly Sample[], val: readonly Sample[]): BundleItem[] {
  const ids = assignIds(set.samples.map(({ name }) => name))
  const splits = new Map<Sample, Split>([
    ...train.map((sample) => [sample, 'train'] as const),
    ...val.map((sample) => [sample, 'val'] as const),
    ...set.samples.filter(({ split }) => split === 'test').map((sample) => [sample, 'test'] as const),
  ])
  const items = set.samples.flatMap((sample, i) => {
    const split = splits.get(sample)
    const id = ids[i]
    return split && id !== undefined && sample.checked === null ? [{ id, sample, split }] : []
  })
  if (items.some(({ split }) => split === 'train')) return items
  throw new FacetError(
    'dataset/malformed',
    `${set.root} has no face to learn from that is checked as a whole.`,
  )
}

async function writeDataset(
  folder: string,
  items: readonly BundleItem[],
  { signal, progress }: Work,
): Promise<TrainingBundle['images']> {
  async function* read(): AsyncGenerator<ExportItem> {
    for (const { id, sample, split } of items) {
      const { map } = await sample.read()
      if (map) yield { id, name: sample.name, imagePath: sample.image, map, split }
    }
  }
  const { splits } = await exportCelebAMask({
    ...{ items: read(), out: folder, size: MASK_SIDE, signal },
    progress: (done) => progress(done, items.length),
  })
  // The published loader takes CelebA's own list; ours stays beside it for copies that take a list by id.
  const official = writeOfficialPartition(new Map(items.map(({ id, split }) => [id, split])))
  await rename(join(folder, PARTITION_FILE), join(folder, 'list_by_id.txt'))
  await writeFile(join(folder, PARTITION_FILE), official.partition)
  await writeFile(join(folder, MAPPING_FILE), official.mapping)
  return splits
}

/** The base model's tensors as SegFace's own checkpoint; a fresh network starts as SegFace starts it. */
async function writeStart({ registry }: Context, base: Base, out: string, work: Work): Promise<void> {
  if (base.model)
    await exportWeights(await findExportable(registry, base.id), 'pt', join(out, START_FILE), {
      signal: work.signal,
    })
}

async function writeScripts(
  out: string,
  command: BundleCommand,
  images: TrainingBundle['images'],
): Promise<void> {
  await mkdir(join(out, 'logs'), { recursive: true })
  const env = ['DATA_PATH=data/SegFace', 'ROOT_PATH=.', 'LOG_PATH=logs', '']
  await writeFile(join(out, '.env'), env.join('\n'))
  await writeFile(join(out, 'train.sh'), trainScript(command), { mode: 0o755 })
  if (!command.isFresh) await writeFile(join(out, 'start.py'), START_SCRIPT)
  await writeFile(join(out, 'README.md'), bundleReadme(command, images, CLASS_NAMES.length))
}

/** SegFace lowers the rate after 80 and 200 of 300 epochs. */
function milestones(epochs: number): number[] {
  return [Math.max(1, Math.round((epochs * 80) / 300)), Math.max(1, Math.round((epochs * 200) / 300))]
}

/** A name that a shell and a file system take as it is. */
function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'facet'
}
