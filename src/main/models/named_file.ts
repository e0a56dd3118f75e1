/** @file What a model file outside the registry is, for commands that take one by its path. */
import { infosByName } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { recognise } from '../segface/config'
import { knownFacts } from './facts'
import { hashFile } from './importer'
import { channelsOf } from './manifest'
import { isOnnx, readOnnxFile } from './onnx_file'
import { requireSure } from './onnx_import'
import { proposeUse } from './onnx_use'
import type { FileFacts, Model, Registry } from './registry'

/**
 * Of the same file in the registry, else by what it says itself, what lies beside it, or its name. Throws a checkpoint error,
 * `file/malformed` or `model/unsupported`; `usage` for an ONNX file that must be described first.
 */
export async function describeFile(registry: Registry, file: string): Promise<FileFacts> {
  if (await isOnnx(file)) return describeOnnx(registry, file)
  const twin = await twinOf(registry, file)
  const { classes, facts } = await withCheckpoint(file, async (checkpoint) => {
    const { classes } = recognise(infosByName(checkpoint), file)
    return { classes, facts: await knownFacts(checkpoint, classes, twin) }
  })
  const { resolution, classSet } = facts
  return { resolution, classSet, channels: channelsOf({ classes, onnx: null }) }
}

async function describeOnnx(registry: Registry, path: string): Promise<FileFacts> {
  const file = await readOnnxFile(path)
  const twin = await twinOf(registry, path)
  if (twin?.network.onnx) {
    const { manifest, network } = twin
    const { resolution, onnx } = network
    return { resolution, ...(onnx && { onnx }), classSet: manifest.class_set, channels: channelsOf(manifest) }
  }
  const { resolution, onnx, classSet } = requireSure(file, await proposeUse(file))
  return { resolution, onnx, classSet, channels: onnx.classes }
}

async function twinOf(registry: Registry, file: string): Promise<Model | undefined> {
  const sha256 = await hashFile(file)
  return (await registry.list()).find((model) => model.manifest.source.sha256 === sha256)
}
