/**
 * @file A checkpoint into the registry: recognised by its tensors, only the network's own tensors copied (the optimiser's
 * are never read), written beside and renamed.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { replaceDirectory, writeFileAtomic } from '../base/fs'
import { withCheckpoint } from '../checkpoint/open'
import { writeSafetensors } from '../checkpoint/safetensors'
import { requireBuildable } from '../segface/config'
import { countParameters } from '../segface/weights'
import { IMAGENET_MEAN, IMAGENET_STD } from '../segface/preprocess'
import { CARD_FILE, MANIFEST_FILE, WEIGHTS_FILE, type Manifest } from './manifest'
import type { Model, Registry } from './registry'
import { halved, watched, type Watch } from './sources'
import { trainingNotes } from './training_state'

/** SegFace trains at 512 unless its folder's name says otherwise (`swinb_celeba_224`). */
const DEFAULT_RESOLUTION = 512
const UNKNOWN_LICENCE =
  'Not known to Facet. SegFace publishes code and weights under MIT; CelebAMask-HQ, which its weights are trained on, is for non-commercial research and education only.'

export interface ImportOptions extends Watch {
  readonly name?: string
  /** Must agree with what the tensors say. */
  readonly arch?: string
  /** Halves float32 tensors on disk; their values are rounded to float16. */
  readonly half?: boolean
  /** Of the file, where the caller has just hashed it. */
  readonly sha256?: string
  /** What the caller knows of the checkpoint; goes before what lies beside the file or in the registry. */
  readonly known?: Facts & { readonly source: string }
}

/**
 * Imports `file` into `registry` and answers the new model; the same file under the same name is not imported twice.
 * Throws a checkpoint error, or `model/unsupported` where the tensors are no network that Facet builds.
 */
export async function importModel(
  registry: Registry,
  file: string,
  options: ImportOptions = {},
): Promise<Model> {
  const path = resolve(file)
  return withCheckpoint(path, async (checkpoint) => {
    const shapes = new Map(checkpoint.tensors.map((info) => [info.name, info]))
    const { arch, classes } = requireBuildable(shapes, path)
    if (options.arch !== undefined && options.arch !== arch) {
      throw new FacetError(
        'usage',
        `${path} is a ${arch} by its tensors, not a ${options.arch}; leave --arch out.`,
        { file: path },
      )
    }
    const sha256 = options.sha256 ?? (await hashFile(path, options.signal))
    const models = await registry.list()
    const twins = models.filter((model) => model.manifest.source.sha256 === sha256)
    const name = options.name ?? nameOf(path)
    const half = options.half ?? false
    const same = twins.find(
      ({ manifest, isDefault }) =>
        !isDefault && manifest.half === half && (options.name === undefined || manifest.name === name),
    )
    if (same) return same

    const known = options.known ?? (await knownFacts(path, twins[0]))
    const id = freeId(name, models)
    const manifest: Manifest = {
      format: 1,
      id,
      name,
      arch,
      class_set: 'celebamask-hq',
      classes,
      resolution: known.resolution,
      params: countParameters(shapes),
      preprocessing: { resize: 'bicubic', mean: [...IMAGENET_MEAN], std: [...IMAGENET_STD] },
      licence: known.licence,
      half,
      source: { file: options.known?.source ?? basename(path), sha256 },
      parent: null,
      scores: known.scores,
      created: new Date().toISOString(),
    }
    await mkdir(registry.folder, { recursive: true })
    const temporary = await mkdtemp(join(registry.folder, '.import-'))
    try {
      const source = watched(half ? halved(checkpoint) : checkpoint, options)
      await writeSafetensors(join(temporary, WEIGHTS_FILE), source, {
        format: 'pt',
        arch,
        ...trainingNotes(checkpoint.metadata),
      })
      await writeFileAtomic(join(temporary, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`)
      await writeFileAtomic(join(temporary, CARD_FILE), known.card)
      await replaceDirectory(temporary, join(registry.folder, id))
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    return { manifest, folder: join(registry.folder, id), isDefault: false }
  })
}

/** The side a checkpoint file outside the registry is used at: that of the same file in the registry, else by its name. */
export async function resolutionOfFile(registry: Registry, file: string): Promise<number> {
  const sha256 = await hashFile(file)
  const twin = (await registry.list()).find((model) => model.manifest.source.sha256 === sha256)
  return (await knownFacts(file, twin)).resolution
}

/** What tensors cannot tell of a model. */
export interface Facts {
  resolution: number
  licence: string
  card: string
  scores: Record<string, number>
}

/** The numbers that a training run may leave beside its checkpoint. */
const scoresFile = z.object({ resolution: z.int().min(32).max(4096) }).catchall(z.unknown())
const splitScores = z.object({ mean_f1: z.number() })

/** What is known of a checkpoint: from the same file in the registry, from a `scores.json` beside it, from its name. */
async function knownFacts(file: string, twin: Model | undefined): Promise<Facts> {
  if (twin) {
    const { resolution, licence, scores } = twin.manifest
    return {
      resolution,
      licence,
      scores,
      card: await readFile(join(twin.folder, CARD_FILE), 'utf8').catch(() => ''),
    }
  }
  const facts: Facts = { resolution: resolutionByName(file), licence: UNKNOWN_LICENCE, card: '', scores: {} }
  const text = await readFile(join(dirname(file), 'scores.json'), 'utf8').catch(() => '{}')
  const parsed = scoresFile.safeParse(parseJson(text))
  if (!parsed.success) return facts
  for (const [split, value] of Object.entries(parsed.data)) {
    const scores = splitScores.safeParse(value)
    if (scores.success) facts.scores[`${split} mean_f1`] = scores.data.mean_f1
  }
  return { ...facts, resolution: parsed.data.resolution }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function resolutionByName(file: string): number {
  const named = /_(64|96|128|192|224|256|320|384|448|512)(?=[._/\\-]|$)/.exec(
    join(basename(dirname(file)), basename(file)),
  )
  return named ? Number(named[1]) : DEFAULT_RESOLUTION
}

function nameOf(file: string): string {
  const stem = basename(file).replace(/\.(pt|pth|safetensors)$/i, '')
  // SegFace names every file model_N.pt; then the folder says more.
  return /^model(_\d+)?$/.test(stem) ? `${basename(dirname(file))} ${stem}` : stem
}

function freeId(name: string, models: readonly Model[]): string {
  const stem =
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+|-+$/g, '') || 'model'
  const taken = new Set(models.map((model) => model.manifest.id))
  let id = stem
  for (let n = 2; taken.has(id); n++) id = `${stem}-${n}`
  return id
}

/** The SHA-256 of a file's bytes, in lower-case hexadecimal. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  await stat(file)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, {
    highWaterMark: 1 << 20,
    ...(signal ? { signal } : {}),
  })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
