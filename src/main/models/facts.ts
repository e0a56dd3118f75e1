/** @file What tensors cannot tell of a checkpoint: from the same file in the registry, from what lies beside it, from its name. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { CLASS_SETS, type ClassSet } from '../../shared/network'
import { SIDE } from '../../shared/network_schema'
import type { Checkpoint } from '../checkpoint/checkpoint'
import type { SegFaceConfig } from '../segface/config'
import { CARD_FILE } from './manifest'
import type { Model } from './registry'
import { sideInName } from './sided_name'

export interface Facts {
  resolution: number
  /** Nothing says the resolution: it is SegFace's usual one. */
  assumed: boolean
  licence: string
  card: string
  scores: Record<string, number>
  /** Null where it may be LaPa or Helen. */
  classSet: ClassSet | null
}

/** SegFace trains at 512 unless its folder's name says otherwise (`swinb_celeba_224`). */
const DEFAULT_RESOLUTION = 512
const UNKNOWN_LICENCE =
  'Not known to Facet. SegFace publishes code and weights under MIT; the datasets that its weights are trained on (CelebAMask-HQ, LaPa, Helen) are for non-commercial research and education only.'

/** The numbers that a training run may leave beside its checkpoint. */
const scoresFile = z.object({ resolution: SIDE }).catchall(z.unknown())
const splitScores = z.object({ mean_f1: z.number() })

/** What Facet writes into a checkpoint's plain values where it exports one (exporter.ts); in safetensors numbers are strings. */
const noted = z.object({
  resolution: z.coerce.number().pipe(SIDE).optional().catch(undefined),
  dataset: z.enum(CLASS_SETS).optional().catch(undefined),
})

type Described = Pick<Checkpoint, 'path' | 'metadata'>

/** `resolution` and `dataset` as an exported checkpoint says them. */
export function factNotes({ resolution, classSet }: Pick<Facts, 'resolution' | 'classSet'>): {
  resolution: number
  dataset?: ClassSet
} {
  return { resolution, ...(classSet === null ? {} : { dataset: classSet }) }
}

/** What is known of a checkpoint of that many classes; `twin` is the registry's model of the same file. */
export async function knownFacts(
  checkpoint: Described,
  classes: SegFaceConfig['classes'],
  twin: Model | undefined,
): Promise<Facts> {
  return withTwin(await ownFacts(checkpoint, classes), twin)
}

/**
 * A file's own facts with those of the registry's model of the same file. A side that the file's own name or notes say stays:
 * then the model's scores and card, which are of another side, are not the file's.
 */
export async function withTwin(own: Facts, twin: Model | undefined): Promise<Facts> {
  if (!twin) return own
  const { resolution, licence, scores, class_set: classSet } = twin.manifest
  if (!own.assumed && own.resolution !== resolution) return { ...own, licence, classSet }
  const card = await readFile(join(twin.folder, CARD_FILE), 'utf8').catch(() => '')
  const assumed = own.assumed && own.resolution === resolution
  return { resolution, assumed, licence, scores, card, classSet }
}

/** By what the checkpoint says itself, what lies beside it, and its name. */
export async function ownFacts(
  { path: file, metadata }: Described,
  classes: SegFaceConfig['classes'],
): Promise<Facts> {
  const said = noted.parse(metadata)
  const name = nameWithFolder(file)
  const classSet = classes === 19 ? 'celebamask-hq' : (said.dataset ?? datasetByName(name))
  const named = said.resolution ?? sideInName(name)
  const facts: Facts = {
    ...{ resolution: named ?? DEFAULT_RESOLUTION, assumed: named === null },
    ...{ licence: UNKNOWN_LICENCE, card: '', scores: {}, classSet },
  }
  const text = await readFile(join(dirname(file), 'scores.json'), 'utf8').catch(() => '{}')
  const parsed = scoresFile.safeParse(parseJson(text))
  if (!parsed.success) return facts
  for (const [split, value] of Object.entries(parsed.data)) {
    const scores = splitScores.safeParse(value)
    if (scores.success) facts.scores[`${split} mean_f1`] = scores.data.mean_f1
  }
  return { ...facts, resolution: said.resolution ?? parsed.data.resolution, assumed: false }
}

/** SegFace names every file model_N.pt, N being the epoch; what it is stands in the folder's name. */
function nameWithFolder(file: string): string {
  const folder = basename(dirname(file))
  return isEpoch(file) ? folder : join(folder, basename(file))
}

/** True for SegFace's own name of a checkpoint, which tells nothing but the epoch. */
export function isEpoch(file: string): boolean {
  return /^model(_\d+)?\.\w+$/.test(basename(file))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `swinb_lapa_512`: null where the name says neither or both. */
function datasetByName(name: string): 'lapa' | 'helen' | null {
  const words = name.toLowerCase().split(/[^a-z]+/)
  const named = (['lapa', 'helen'] as const).filter((dataset) => words.includes(dataset))
  return named.length === 1 ? (named[0] ?? null) : null
}
