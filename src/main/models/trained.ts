/**
 * @file What a training run ends in: a model of the registry that stores only the tensors which differ from its parent's,
 * with its lineage. A fresh network has no parent and stores all.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { PART_NAMES } from '../../shared/labels'
import { SEGFACE_PREPROCESSING } from '../../shared/network'
import type { EpochRow, ValidationScores } from '../../shared/training'
import { writeFileAtomic } from '../base/fs'
import { elementCount, tensorBytes } from '../base/tensor'
import { infosByName, type TensorSource } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { withTensors } from '../checkpoint/overlay'
import { writeSafetensors } from '../checkpoint/safetensors'
import { recognise } from '../segface/config'
import { countParameters } from '../segface/weights'
import { addModel, type NewManifest } from './add'
import { hashFile } from './importer'
import { TRAINING_FILE, WEIGHTS_FILE, type Manifest } from './manifest'
import type { Model, Registry } from './registry'

/** Images of a run, by the SHA-256 of their files. */
export const TRAINING_IMAGES = z.array(
  z.object({ name: z.string(), sha256: z.string(), use: z.enum(['train', 'val', 'replay']) }).readonly(),
)
export type TrainingImage = z.infer<typeof TRAINING_IMAGES>[number]

export interface Trained {
  readonly name: string
  /** Null for a fresh network. */
  readonly base: Model | null
  /** A safetensors file of the tensors that changed; of a fresh network, all. */
  readonly weights: string
  readonly training: NonNullable<Manifest['training']>
  readonly steps: number
  readonly images: readonly TrainingImage[]
  readonly curves: readonly EpochRow[]
  readonly notes: readonly string[]
}

const FRESH_LICENCE =
  'Trained here from nothing: what holds for the pictures and masks that it was trained on holds for it.'

/** Adds the model. Throws `model/unsupported` or `checkpoint/missing-tensor` where the weights are not those of its network. */
export async function addTrained(registry: Registry, trained: Trained): Promise<Model> {
  const { name, base, weights, training, steps, images, curves, notes } = trained
  const facts = base ? inherited(base) : await freshFacts(weights)
  const manifest: NewManifest = {
    ...facts,
    format: 1,
    name,
    class_set: 'celebamask-hq',
    resolution: training.settings.input_resolution,
    preprocessing: SEGFACE_PREPROCESSING,
    onnx: null,
    source: { file: `training on ${training.dataset}`, sha256: await hashFile(weights) },
    parent: base?.manifest.id ?? null,
    training,
    mix: null,
    scores: scoresOf(keptScores(trained)),
    created: new Date().toISOString(),
  }
  // As SegFace counts: `epoch` from 0, `iteration` in optimiser steps.
  const epoch = Math.max(0, (training.bestEpoch ?? training.epochs) - 1)
  const metadata = { format: 'pt', arch: manifest.arch, epoch: String(epoch), iteration: String(steps) }
  return addModel(registry, manifest, cardOf(manifest, trained), async (folder) => {
    const write = (source: TensorSource): Promise<void> =>
      writeSafetensors(join(folder, WEIGHTS_FILE), source, metadata)
    await withCheckpoint(weights, (best) =>
      base
        ? withTensors([base.network.weights, ...(base.network.changes ?? [])], async (parent) =>
            write(await changed(parent, best, weights)),
          )
        : write(best),
    )
    const record = { images, epochs: curves, notes }
    await writeFileAtomic(join(folder, TRAINING_FILE), `${JSON.stringify(record, null, 2)}\n`)
  })
}

type Facts = Pick<Manifest, 'arch' | 'classes' | 'params' | 'licence' | 'half'>

function inherited({ manifest: { arch, classes, params, licence, half } }: Model): Facts {
  return { arch, classes, params, licence, half }
}

function freshFacts(weights: string): Promise<Facts> {
  return withCheckpoint(weights, async ({ tensors }) => {
    const shapes = infosByName({ tensors })
    const { arch, classes } = recognise(shapes, weights)
    return { arch, classes, params: countParameters(shapes), licence: FRESH_LICENCE, half: false }
  })
}

/** Of `best`, the tensors whose values are not those of `parent`. Throws for one that `parent` has not, or has otherwise. */
async function changed(parent: TensorSource, best: TensorSource, file: string): Promise<TensorSource> {
  const shapes = infosByName(parent)
  const tensors = []
  for (const info of best.tensors) {
    const known = shapes.get(info.name)
    if (known?.shape.join() !== info.shape.join())
      throw new FacetError(
        'checkpoint/missing-tensor',
        `${file} holds '${info.name}' [${info.shape.join(', ')}], ${elementCount(info.shape)} numbers that its base model has no place for.`,
        { file, tensor: info.name },
      )
    if (known.dtype !== info.dtype || !(await sameBytes(parent, best, info.name))) tensors.push(info)
  }
  return { tensors, read: (name) => best.read(name) }
}

async function sameBytes(a: TensorSource, b: TensorSource, name: string): Promise<boolean> {
  return Buffer.from(tensorBytes(await a.read(name))).equals(tensorBytes(await b.read(name)))
}

/** The validation scores of the weights that were kept; null without validation faces. */
function keptScores({ curves, training }: Trained): ValidationScores | null {
  return curves.find(({ epoch }) => epoch === training.bestEpoch)?.val ?? null
}

function scoresOf(val: ValidationScores | null): Record<string, number> {
  return val ? { 'val mean_f1': val.mean_f1 } : {}
}

function cardOf({ name, licence, arch }: NewManifest, trained: Trained): string {
  const { base, training, curves, notes } = trained
  const { settings, images, bestEpoch, epochs } = training
  const before = curves.find(({ epoch }) => epoch === 0)?.val ?? null
  const after = keptScores(trained)
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : (100 * value).toFixed(1)
  const rows = PART_NAMES.map(
    (part) => `| ${part} | ${percent(before?.f1[part])} | ${percent(after?.f1[part])} |`,
  )
  const table = [
    '| F1 on the validation faces, % | before | after |',
    '|---|---|---|',
    `| mean | ${percent(before?.mean_f1)} | ${percent(after?.mean_f1)} |`,
    ...rows,
    '',
  ]
  return [
    `# ${name}`,
    '',
    base
      ? `Fine-tuned from ${base.manifest.name} (${base.manifest.id}) with Facet.`
      : `A ${arch} SegFace trained from nothing with Facet.`,
    `Scope ${settings.scope}, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of ${images.train} ${images.train === 1 ? 'image' : 'images'} at ${settings.input_resolution}, judged on ${images.val}; kept: ${bestEpoch === null ? 'the last epoch' : `epoch ${bestEpoch}`}.`,
    '',
    ...(after ? table : []),
    ...notes.map((note) => `- ${note}`),
    '',
    `Licence: ${licence}`,
    '',
  ].join('\n')
}
