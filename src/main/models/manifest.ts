/** @file `model.json` of a registry folder: what a model is, where it comes from, what it scores, and on what terms. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { CLASS_ORDERS, PART_NAMES, type Channel } from '../../shared/labels'
import { CLASS_SETS } from '../../shared/network'
import { ONNX_PORTS, PREPROCESSING, SIDE } from '../../shared/network_schema'
import { TRAIN_SETTINGS } from '../../shared/training'
import { unreadable } from '../base/fs'

export const MANIFEST_FILE = 'model.json'
export const WEIGHTS_FILE = 'weights.safetensors'
export const ONNX_FILE = 'model.onnx'
export const CARD_FILE = 'card.md'
/** The images by hash, and the curves, of a model that was trained here. */
export const TRAINING_FILE = 'training.json'

const manifest = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  name: z.string().min(1),
  /** SegFace's `--model` name; of an ONNX file its preset's name, or `onnx`. */
  arch: z.string(),
  /** What it was trained on, which says how faces must be aligned. */
  class_set: z.enum(CLASS_SETS),
  /** Channels of its logits. */
  classes: z.int().positive(),
  /** The side R that the network is used at. */
  resolution: SIDE,
  params: z.int().min(0),
  preprocessing: PREPROCESSING,
  /** The ends of an ONNX file of others; null for SegFace's tensors. */
  onnx: ONNX_PORTS.nullable().default(null),
  licence: z.string(),
  /** Matrices and kernels are stored as float16, rounded from float32. */
  half: z.boolean().default(false),
  /** The file it was made from. */
  source: z.object({ file: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Id of the model whose weights those of this one replace; null where all are its own. */
  parent: z.string().nullable(),
  /** How it was trained here, from `parent` or from nothing; what it was trained on lies beside, in `training.json`. */
  training: z
    .object({
      /** Folder of the images. */
      dataset: z.string(),
      settings: TRAIN_SETTINGS,
      images: z.object({ train: z.int().min(0), val: z.int().min(0) }),
      epochs: z.int().min(0),
      bestEpoch: z.int().min(0).nullable(),
      seconds: z.number().min(0),
    })
    .nullable()
    .default(null),
  /** Ids of the two that it is made of: `parts` from `other`, all else from `base`. It has no weights of its own. */
  mix: z
    .object({ base: z.string(), other: z.string(), parts: z.array(z.enum(PART_NAMES)).min(1) })
    .nullable()
    .default(null),
  /** Fractions by name, e.g. `val mean_f1`. */
  scores: z.record(z.string(), z.number()),
  /** What its import found to beware of, in English sentences (shared/notes.ts). */
  warnings: z.array(z.string()).default([]),
  created: z.string(),
})
export type Manifest = z.infer<typeof manifest>

/** The class of each channel of a model's logits. */
export function channelsOf({ onnx, classes }: Pick<Manifest, 'onnx' | 'classes'>): readonly Channel[] {
  return onnx?.classes ?? CLASS_ORDERS[classes === 11 ? 'lapa' : 'segface']
}

/** The file that holds the weights, in the model's folder. */
export function weightsFile({ onnx }: Pick<Manifest, 'onnx'>): string {
  return onnx ? ONNX_FILE : WEIGHTS_FILE
}

/** The manifest of a registry folder. Throws `file/malformed`, naming the field. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, MANIFEST_FILE)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new FacetError(
      'file/malformed',
      `${file} is not JSON; import the model again.`,
      { file },
      { cause: error },
    )
  }
  const result = manifest.safeParse(value)
  if (result.success) return result.data
  throw new FacetError('file/malformed', `${file}: ${firstIssue(result.error)}; import the model again.`, {
    file,
  })
}

/** Throws `model/unsupported` where `readManifest` would not take it, before it is written. */
export function requireReadable(value: Manifest): void {
  const { error } = manifest.safeParse(value)
  if (!error) return
  const { id, source } = value
  throw new FacetError(
    'model/unsupported',
    `${source.file} cannot be kept as the model ${id}, because its description is out of bounds: ${firstIssue(error)}.`,
    { file: source.file, model: id },
  )
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.')}: ${issue?.message}`
}
