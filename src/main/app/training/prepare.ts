/** @file The folder that a run works in: the plan, the label map of each face, and which images these are by hash. */
import { listed, noteOf } from '../../../shared/notes'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Provider } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import { ALL_PARTS } from '../../../shared/labels'
import type { TrainSettings } from '../../../shared/training'
import { writeFileAtomic } from '../../base/fs'
import { groundTruth, type Sample } from '../../dataset/samples'
import { encodeLabelPng } from '../../imaging/mask'
import { readPicture } from '../../imaging/picture'
import { hashFile } from '../../models/importer'
import type { TrainingImage } from '../../models/trained'
import { writePlan, type Plan, type PlanSample } from '../../training/plan'
import type { Base } from './base'
import type { TrainingFaces } from './faces'
import { readAllMasks, whyLeftOut } from './masks'
import type { OtherFace } from './others'

const LABELS_FOLDER = 'labels'
export const IMAGES_FILE = 'images.json'
/** Faces in the making at a time. */
const BATCH = 8
/** Validation faces that are shown after each epoch. */
const PREVIEWS = 4

export interface Preparation {
  readonly folder: string
  readonly base: Base
  readonly provider: Provider
  readonly settings: TrainSettings
  readonly faces: TrainingFaces
  readonly others: readonly OtherFace[]
}

export interface Preparing {
  readonly signal: AbortSignal
  progress(done: number, total: number): void
}

export interface Prepared {
  readonly images: { readonly train: number; readonly val: number }
  /** Which faces were left out, and why. */
  readonly notes: readonly string[]
}

interface LeftOut {
  readonly image: string
  readonly why: string
}

interface Entry {
  readonly sample: PlanSample
  readonly image: TrainingImage
  /** Parts that it has, for choosing what is shown. */
  readonly parts: number
}

/**
 * Writes the folder, the plan last, so that a run which has one is whole. A face whose picture or one of whose masks cannot
 * be read is left out and told. Throws `dataset/malformed` where none is left to learn from.
 */
export async function prepareRun(preparation: Preparation, work: Preparing): Promise<Prepared> {
  const { folder, base, provider, settings, faces, others } = preparation
  await mkdir(join(folder, LABELS_FOLDER), { recursive: true })
  const wanted = [
    ...faces.train.map((sample) => ({ use: 'train' as const, face: fromSample(sample) })),
    ...faces.val.map((sample) => ({ use: 'val' as const, face: fromSample(sample) })),
    ...(settings.preserve === 'none' ? [] : others).map((face) => ({ use: 'replay' as const, face })),
  ]
  const entries: Entry[] = []
  const unread: LeftOut[] = []
  for (let start = 0; start < wanted.length; start += BATCH) {
    work.signal.throwIfAborted()
    const batch = wanted.slice(start, start + BATCH)
    const made = await Promise.all(
      batch.map(({ use, face }, i) =>
        makeEntry(folder, `${start + i}.png`, use, face, work).catch(whyLeftOut),
      ),
    )
    made.forEach((entry, i) => {
      if (typeof entry !== 'string') entries.push(entry)
      else unread.push({ image: batch[i]?.face.name ?? '', why: entry })
    })
    work.progress(start + batch.length, wanted.length)
  }
  const replays = entries.flatMap(({ image, sample }) => (image.use === 'replay' ? sample.picture : []))
  const { kept, twins } = withoutTwins(entries, await twinHashes(faces.apart, replays, work))
  const images = { train: count(kept, 'train'), val: count(kept, 'val') }
  if (images.train === 0) throw noneLeft(faces.train.length, unread[0])
  const notes = unread.map((each) => noteOf('leftOut', each))
  if (twins.length > 0) {
    notes.push(noteOf('valTwins', { faces: twins.length, images: listed(twins) }))
    if (images.val === 0) notes.push(noteOf('noValidation', {}))
  }
  const dropped = count(entries, 'replay') - count(kept, 'replay')
  if (dropped > 0) notes.push(noteOf('replayTwins', { dropped, faces: count(entries, 'replay') }))
  const network = base.model?.network
  const plan: Plan = {
    format: 1,
    arch: base.arch,
    weights: network ? [network.weights, ...(network.changes ?? [])] : [],
    provider,
    settings,
    samples: kept.map(({ sample }) => sample),
    previews: choosePreviews(kept),
  }
  await writeFileAtomic(join(folder, IMAGES_FILE), JSON.stringify(kept.map(({ image }) => image)))
  await writePlan(folder, plan)
  return { images, notes }
}

/** The error for `faces` training faces that were all left out, which is why the first is told: they come first. */
function noneLeft(faces: number, first: LeftOut | undefined): FacetError {
  if (first === undefined) return new FacetError('dataset/malformed', 'There is no face to learn from.')
  const message = faces === 1 ? noteOf('leftOut', first) : noteOf('noneLeftToTrain', { faces, ...first })
  return new FacetError('dataset/malformed', message)
}

type Face = OtherFace & { readonly id?: number | null; readonly sample?: Sample }

function fromSample(sample: Sample): Face {
  return { name: sample.name, image: sample.image, id: sample.id, sample }
}

async function makeEntry(
  folder: string,
  file: string,
  use: TrainingImage['use'],
  { name, image, id = null, sample }: Face,
  work: Preparing,
): Promise<Entry> {
  // All of it, as the run will: a picture that is cut short has a header, too. That takes a fraction of its masks' time.
  await readPicture(image)
  const sha256 = await hashFile(image, work.signal)
  // A replay's labels are the base model's answer, which the run asks for itself.
  const truth =
    use === 'replay' || !sample ? null : groundTruth(await readAllMasks(sample), sample, 'segface')
  const labels = truth && join(LABELS_FOLDER, file)
  if (truth && labels)
    await writeFile(join(folder, labels), await encodeLabelPng(truth.labels, truth.width, truth.height))
  return {
    sample: { name, id, picture: image, sha256, labels, checked: truth?.checked ?? null, use },
    image: { name, sha256, use },
    parts: (sample?.parts ?? 0) & (sample?.checked ?? ALL_PARTS),
  }
}

/**
 * Without validation faces whose very picture is learned from, which are named, and without replays of a picture that the run
 * has anyway or that is `apart`.
 */
function withoutTwins(
  entries: readonly Entry[],
  apart: readonly string[],
): { kept: Entry[]; twins: string[] } {
  const hashesIn = (use: TrainingImage['use']): string[] =>
    entries.flatMap(({ image }) => (image.use === use ? image.sha256 : []))
  const learned = new Set(hashesIn('train'))
  const notReplayed = new Set([...learned, ...hashesIn('val'), ...apart])
  const isTwin = ({ image: { use, sha256 } }: Entry): boolean =>
    (use === 'val' && learned.has(sha256)) || (use === 'replay' && notReplayed.has(sha256))
  return {
    kept: entries.filter((entry) => !isTwin(entry)),
    twins: entries.flatMap((entry) => (entry.image.use === 'val' && isTwin(entry) ? entry.image.name : [])),
  }
}

/**
 * Hashes of the samples' pictures that may be one of `pictures`: those as long as one of them, since there may be thousands.
 * One that cannot be read is none of them.
 */
async function twinHashes(
  samples: readonly Sample[],
  pictures: readonly string[],
  { signal }: Preparing,
): Promise<string[]> {
  const lengths = new Set(await Promise.all(pictures.map(lengthOf)))
  const hashes: string[] = []
  for (const { image } of lengths.size > 0 ? samples : []) {
    if (!lengths.has(await lengthOf(image))) continue
    const hash = await hashFile(image, signal).catch(() => null)
    signal.throwIfAborted()
    if (hash !== null) hashes.push(hash)
  }
  return hashes
}

/** In bytes; null where there is no such file. */
async function lengthOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    () => null,
  )
}

function count(entries: readonly Entry[], use: TrainingImage['use']): number {
  return entries.filter(({ image }) => image.use === use).length
}

/** The validation faces with the most parts; where there are none, training faces. */
function choosePreviews(entries: readonly Entry[]): number[] {
  const shown = count(entries, 'val') > 0 ? 'val' : 'train'
  return entries
    .map(({ image, parts }, i) => ({ i, use: image.use, parts: bitCount(parts) }))
    .filter(({ use }) => use === shown)
    .sort((a, b) => b.parts - a.parts || a.i - b.i)
    .slice(0, PREVIEWS)
    .map(({ i }) => i)
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
