/** @file What a model is made of: its own files over its ancestors', or two other models. */
import { join } from 'node:path'
import { FacetError } from '../../shared/errors'
import type { NetworkRef } from '../engine/protocol'
import { weightsFile, type Manifest } from './manifest'

/** A model as its folder says. */
export interface Stored {
  readonly manifest: Manifest
  readonly folder: string
  readonly isDefault: boolean
}

/** Ids of the models that are made of each. */
export function childrenOf(models: readonly Stored[]): Map<string, string[]> {
  const children = new Map<string, string[]>()
  for (const { manifest } of models)
    for (const parent of parentsOf(manifest))
      children.set(parent, [...(children.get(parent) ?? []), manifest.id])
  return children
}

/** Ids of the models that a model is made of; none of one that stands alone. */
export function parentsOf({ parent, mix }: Manifest): string[] {
  return mix ? [mix.base, mix.other] : parent === null ? [] : [parent]
}

/**
 * The network of a model from its ancestors' files. `below` are the ids of those that are being assembled from it. Throws
 * `model/unknown` where an ancestor is gone, or is the model itself.
 */
export function assemble(
  { manifest, folder }: Stored,
  byId: ReadonlyMap<string, Stored>,
  below: readonly string[] = [],
): NetworkRef {
  const ancestor = (id: string): NetworkRef => {
    const found = byId.get(id)
    if (found && id !== manifest.id && !below.includes(id))
      return assemble(found, byId, [...below, manifest.id])
    throw new FacetError(
      'model/unknown',
      `${folder} is made of the model ${id}, which ${found ? 'is made of it in turn' : 'is not there'}; it is left out.`,
      { model: id },
    )
  }
  const { parent, mix, resolution, onnx, preprocessing } = manifest
  if (mix) {
    const base = ancestor(mix.base)
    const taken = { from: ancestor(mix.other), parts: mix.parts }
    return { ...base, taken: [...(base.taken ?? []), taken] }
  }
  const file = join(folder, weightsFile(manifest))
  if (parent === null)
    return { weights: file, resolution, ...(onnx ? { onnx: { ...onnx, preprocessing } } : {}) }
  const { changes = [], ...base } = ancestor(parent)
  return { ...base, changes: [...changes, file], resolution }
}
