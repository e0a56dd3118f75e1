/**
 * @file A checkpoint into the registry: recognised by its tensors, only the network's own tensors copied (the optimiser's
 * are never read), written beside and renamed.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { SEGFACE_PREPROCESSING, type ClassSet } from '../../shared/network'
import { infosByName } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { writeSafetensors } from '../checkpoint/safetensors'
import { architectureOf, recognise } from '../segface/config'
import { requireResolution } from '../segface/network'
import { requireParameters } from '../segface/parameters'
import { countParameters } from '../segface/weights'
import { addModel, type NewManifest } from './add'
import { isEpoch, ownFacts, withTwin, type Facts } from './facts'
import { assumedSide, limitsOf, withLimits } from './limits'
import { channelsOf, WEIGHTS_FILE } from './manifest'
import { plainName } from './names'
import type { Model, Registry } from './registry'
import { finite, halved, watched, type Watch } from './sources'
import { trainingNotes } from './training_state'

export interface ImportOptions extends Watch {
  readonly name?: string
  /** Must agree with what the tensors say. */
  readonly arch?: string
  /** What a network of 11 classes was trained on, which its tensors do not tell. */
  readonly dataset?: 'lapa' | 'helen'
  /** The side that it is used at, where what is known of it is wrong. */
  readonly resolution?: number
  /** Halves float32 tensors on disk; their values are rounded to float16. */
  readonly half?: boolean
  /** In place of a name by the file's folder, where that is not the user's. */
  readonly usualName?: string
  /** Of the file, where the caller has just hashed it. */
  readonly sha256?: string
  /** What the caller knows of the checkpoint; goes before what lies beside the file or in the registry. */
  readonly known?: Facts & { readonly source: string }
}

/**
 * Imports `file` into `registry` and answers the new model, which warns where nothing said its side; the same file under the
 * same name is not imported twice.
 * Throws a checkpoint error (also for a tensor that is missing, mis-shaped or holds what is no number), `model/unsupported` where
 * the tensors are no network that Facet builds, or `usage` where it must be told more.
 */
export async function importModel(
  registry: Registry,
  file: string,
  options: ImportOptions = {},
): Promise<Model> {
  const path = resolve(file)
  return withCheckpoint(path, async (checkpoint) => {
    const shapes = infosByName(checkpoint)
    const { arch, classes } = recognise(shapes, path)
    if (options.arch !== undefined) requireArch(path, options.arch, arch)
    if (options.resolution !== undefined) requireResolution(options.resolution)
    const read = requireParameters(shapes, path)
    const sha256 = options.sha256 ?? (await hashFile(path, options.signal))
    const models = await registry.list()
    const { dataset, resolution } = options
    const found = options.known ?? (await ownFacts(checkpoint, classes))
    const own = resolution === undefined ? found : { ...found, resolution, assumed: false }
    const twins = models.filter(
      ({ manifest }) =>
        manifest.source.sha256 === sha256 && (dataset === undefined || manifest.class_set === dataset),
    )
    const atSide = twins.filter(({ manifest }) => own.assumed || manifest.resolution === own.resolution)
    const name = plainName(options.name ?? options.usualName ?? nameOf(path))
    const half = options.half ?? false
    const same = atSide.find(
      ({ manifest, isDefault }) =>
        !isDefault &&
        manifest.half === half &&
        (options.name === undefined || plainName(manifest.name) === name),
    )
    if (same) return same

    const known = options.known ? own : await withTwin(own, atSide[0] ?? twins[0])
    const classSet = requireDataset(path, classes, dataset, known.classSet)
    const manifest: NewManifest = {
      format: 1,
      name,
      arch,
      class_set: classSet,
      classes,
      resolution: known.resolution,
      params: countParameters(shapes),
      preprocessing: SEGFACE_PREPROCESSING,
      onnx: null,
      licence: known.licence,
      half,
      source: { file: options.known?.source ?? basename(path), sha256 },
      parent: null,
      training: null,
      mix: null,
      scores: known.scores,
      created: new Date().toISOString(),
    }
    const sound = finite(checkpoint, path, read)
    const source = watched(half ? halved(sound, path) : sound, options)
    const notes = { format: 'pt', arch, ...trainingNotes(checkpoint.metadata) }
    const limits = limitsOf({ classSet, channels: channelsOf(manifest) })
    const model = await addModel(registry, manifest, withLimits(known.card, name, limits), (folder) =>
      writeSafetensors(join(folder, WEIGHTS_FILE), source, notes),
    )
    if (!known.assumed) return model
    await registry.warn(model, assumedSide(name, known.resolution, manifest.source.file))
    return registry.find(model.manifest.id)
  })
}

function requireArch(file: string, said: string, found: string): void {
  if (architectureOf(said) === found) return
  throw new FacetError('usage', `${file} is a ${found} by its tensors, not a ${said}; leave --arch out.`, {
    file,
  })
}

/** What a network was trained on: what the caller says, where the tensors leave it open, else what is known. Throws `usage`. */
function requireDataset(
  file: string,
  classes: 19 | 11,
  said: ImportOptions['dataset'],
  known: ClassSet | null,
): ClassSet {
  if (classes === 19 && said !== undefined) {
    throw new FacetError(
      'usage',
      `${file} has 19 classes, so it was trained on CelebAMask-HQ, not on ${said}; leave --dataset out.`,
      { file },
    )
  }
  const dataset = said ?? known
  if (dataset !== null) return dataset
  throw new FacetError(
    'usage',
    `${file} has 11 classes, those of LaPa and of Helen, and nothing in it tells which; say it with --dataset lapa or --dataset helen.`,
    { file, needs: 'dataset' },
  )
}

function nameOf(file: string): string {
  const stem = basename(file).replace(/\.(pt|pth|safetensors)$/i, '')
  return isEpoch(file) ? `${basename(dirname(file))} ${stem}` : stem
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
