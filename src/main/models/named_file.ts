/** @file What a model file outside the registry is, for commands that take one by its path. */
import { infosByName, type Checkpoint } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { recognise } from '../segface/config'
import { requireParameters } from '../segface/parameters'
import { knownFacts } from './facts'
import { hashFile } from './importer'
import { assumedSide, isAtAssumedSide } from './limits'
import { channelsOf } from './manifest'
import { isOnnx, readOnnxFile } from './onnx_file'
import { requireSure } from './onnx_import'
import { proposeUse } from './onnx_use'
import type { FileFacts, Model, Registry } from './registry'
import { finite } from './sources'

/** SHA-256 of the files that were found to be whole networks of numbers, which takes reading all of them. */
const sound = new Set<string>()

/**
 * By what it says itself, what lies beside it, or its name, else of the same file in the registry. Throws a checkpoint error
 * (also for a tensor that is missing, mis-shaped or holds what is no number), `file/malformed` or `model/unsupported`; `usage`
 * for an ONNX file that must be described first.
 */
export async function describeFile(registry: Registry, file: string): Promise<FileFacts> {
  if (await isOnnx(file)) return describeOnnx(registry, file)
  const sha256 = await hashFile(file)
  const twin = await twinOf(registry, sha256)
  const { classes, facts } = await withCheckpoint(file, async (checkpoint) => {
    const { classes } = recognise(infosByName(checkpoint), file)
    if (!sound.has(sha256)) await requireSound(checkpoint)
    sound.add(sha256)
    return { classes, facts: await knownFacts(checkpoint, classes, twin) }
  })
  const { resolution, classSet } = facts
  // Who imported the same file may have said that this is its side.
  const isAssumed = facts.assumed && (twin === undefined || isAtAssumedSide(twin.manifest))
  const warnings = isAssumed ? [assumedSide(file, resolution, file)] : []
  return { resolution, classSet, channels: channelsOf({ classes, onnx: null }), warnings }
}

/** As an import checks it: masks of what came apart in training would be empty, and would replace earlier ones. */
async function requireSound(checkpoint: Checkpoint): Promise<void> {
  const read = requireParameters(infosByName(checkpoint), checkpoint.path)
  const tensors = finite(checkpoint, checkpoint.path, read)
  for (const name of read) await tensors.read(name)
}

async function describeOnnx(registry: Registry, path: string): Promise<FileFacts> {
  const file = await readOnnxFile(path)
  const twin = await twinOf(registry, await hashFile(path))
  if (twin?.network.onnx) {
    const { manifest, network } = twin
    const { resolution, onnx } = network
    return {
      resolution,
      ...(onnx && { onnx }),
      classSet: manifest.class_set,
      channels: channelsOf(manifest),
      warnings: [],
    }
  }
  const { resolution, onnx, classSet } = requireSure(file, await proposeUse(file))
  return { resolution, onnx, classSet, channels: onnx.classes, warnings: [] }
}

async function twinOf(registry: Registry, sha256: string): Promise<Model | undefined> {
  return (await registry.list()).find((model) => model.manifest.source.sha256 === sha256)
}
