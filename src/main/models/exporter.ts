/** @file A model out of the registry, or a checkpoint, as a file that others read: SegFace's own checkpoint, safetensors, or ONNX's notes. */
import { stat } from 'node:fs/promises'
import type { ModelFormat } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { IMAGENET_MEAN, IMAGENET_STD, type ClassSet } from '../../shared/network'
import { copyBytes, writeFileAtomic } from '../base/fs'
import { infosByName, type TensorSource } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { withTensors } from '../checkpoint/overlay'
import { writeSafetensors } from '../checkpoint/safetensors'
import { writeTorchCheckpoint, type NamedTensor } from '../checkpoint/torchWriter'
import type { NetworkRef } from '../engine/protocol'
import { recognise } from '../segface/config'
import { factNotes } from './facts'
import { describeFile } from './named_file'
import { channelsOf, type Manifest } from './manifest'
import type { Registry } from './registry'
import { watched, widened, type Watch } from './sources'
import { trainingNotes, trainingState } from './training_state'

/** What can be exported: a model of the registry, or a checkpoint file, which has no manifest. */
export interface Exportable {
  readonly id: string
  readonly network: NetworkRef
  readonly arch: string
  readonly classes: number
  /** Null where nothing tells. */
  readonly classSet: ClassSet | null
  readonly manifest: Manifest | null
}

/**
 * The model that `idNameOrFile` names. Throws `model/unknown` where there is none, a checkpoint error, or
 * `model/unsupported` for a file that is no SegFace.
 */
export async function findExportable(registry: Registry, idNameOrFile: string): Promise<Exportable> {
  const { network: named, abilities } = await registry.resolve(idNameOrFile, (file) =>
    describeFile(registry, file),
  )
  const { id, ...network } = named
  const { classSet } = abilities
  const { weights, onnx } = network
  const model = (await registry.list()).find((candidate) => candidate.manifest.id === id)
  const manifest = model?.manifest ?? null
  if (onnx)
    return { id, network, arch: manifest?.arch ?? 'onnx', classes: onnx.classes.length, classSet, manifest }
  const { arch, classes } = await withCheckpoint(weights, async (checkpoint) =>
    recognise(infosByName(checkpoint), weights),
  )
  return { id, network, arch, classes, classSet, manifest }
}

/** Copies an ONNX file of others as it is. */
export async function exportOnnxFile({ network }: Exportable, file: string): Promise<void> {
  await writeFileAtomic(file, (handle) => copyBytes(network.weights, handle))
}

/** Throws `file/unwritable` where `file` is a folder, before any work is done. */
export async function refuseFolder(file: string): Promise<void> {
  const stats = await stat(file).catch(() => null)
  if (!stats?.isDirectory()) return
  throw new FacetError('file/unwritable', `${file} is a folder; name the file to write in it.`, { file })
}

/**
 * Writes every tensor of the model, those that its forward pass does not use too, under its original name. `pt` is what
 * SegFace's test.py and `torch.load(weights_only=True)` read: `{epoch, iteration, resolution, dataset, state_dict_backbone}`, of
 * which SegFace ignores the two in the middle, and facts.ts reads them. Types and bytes
 * are the imported checkpoint's, except of a model that was imported with `--half`: its matrices and kernels were
 * rounded to float16 and come out as float32, as SegFace expects, with the rounded values.
 */
export async function exportWeights(
  { id, network, arch, classSet, manifest }: Exportable,
  format: Exclude<ModelFormat, 'onnx'>,
  file: string,
  watch: Watch = {},
): Promise<void> {
  if (network.onnx) {
    throw new FacetError(
      'model/unsupported',
      `${id} is an ONNX file of others, whose tensors no ${format} file of SegFace holds; export it as onnx.`,
      { model: id },
    )
  }
  if (network.taken) {
    throw new FacetError(
      'model/unsupported',
      `${id} is made of several networks, which no ${format} file holds; export it as onnx, or the models it is made of.`,
      { model: id },
    )
  }
  await withTensors([network.weights, ...(network.changes ?? [])], async (checkpoint) => {
    const source = watched(manifest?.half ? widened(checkpoint) : checkpoint, watch)
    const facts = factNotes({ resolution: network.resolution, classSet })
    if (format === 'safetensors') {
      const notes = Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]))
      await writeSafetensors(file, source, { format: 'pt', arch, ...notes, ...trainingNotes(checkpoint.metadata) }) // prettier-ignore
      return
    }
    const extra = { ...trainingState(checkpoint.metadata), ...facts }
    await writeTorchCheckpoint(file, entries(source), { container: 'state_dict_backbone', extra })
  })
}

async function* entries(source: TensorSource): AsyncGenerator<NamedTensor> {
  for (const { name } of source.tensors) yield { name, tensor: await source.read(name) }
}

/** What an ONNX file says of itself, so that it can be used without Facet; values of more than a word are JSON. */
export function onnxMetadata({
  id,
  network,
  arch,
  classes,
  classSet,
  manifest,
}: Exportable): Record<string, string> {
  const { resolution } = network
  return {
    model: id,
    arch,
    resolution: String(resolution),
    classes: JSON.stringify(channelsOf({ classes, onnx: null })),
    preprocessing: JSON.stringify({
      colours: 'RGB',
      resize: { width: resolution, height: resolution, filter: 'bicubic, antialiased' },
      scale: 1 / 255,
      mean: IMAGENET_MEAN,
      std: IMAGENET_STD,
      layout: 'NCHW',
    }),
    postprocessing: 'The class of a pixel is the argmax of logits over axis 1, an index into classes.',
    ...(classSet === null ? {} : { dataset: classSet }),
    ...(manifest
      ? {
          name: manifest.name,
          licence: manifest.licence,
          source: JSON.stringify(manifest.source),
        }
      : {}),
  }
}
