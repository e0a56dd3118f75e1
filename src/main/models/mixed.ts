/** @file A model that takes some parts from another one: two references, no weights of its own. */
import { createHash } from 'node:crypto'
import { FacetError } from '../../shared/errors'
import { CLASS_NAMES, PART_NAMES, type PartName } from '../../shared/labels'
import { addModel, type NewManifest } from './add'
import type { Model, Registry } from './registry'

/** Adds the mixture. Throws `model/unsupported` where the two differ in resolution or classes. */
export async function addMixture(
  registry: Registry,
  name: string,
  base: Model,
  other: Model,
  chosen: readonly PartName[],
): Promise<Model> {
  const [a, b] = [base.manifest, other.manifest]
  const fits = [a, b].every(({ classes, onnx }) => classes === CLASS_NAMES.length && onnx === null)
  if (!fits || a.resolution !== b.resolution)
    throw new FacetError(
      'model/unsupported',
      `${b.id} (${b.classes} classes at ${b.resolution}) gives no parts to ${a.id} (${a.classes} classes at ${a.resolution}): both must be SegFace networks of ${CLASS_NAMES.length} classes and of the same resolution.`,
      { base: a.id, other: b.id },
    )
  const parts = PART_NAMES.filter((part) => chosen.includes(part))
  const mix = { base: a.id, other: b.id, parts }
  const manifest: NewManifest = {
    ...a,
    name,
    params: a.params + b.params,
    licence: a.licence === b.licence ? a.licence : `${a.id}: ${a.licence} ${b.id}: ${b.licence}`,
    source: {
      file: `${a.id} and ${b.id}`,
      sha256: createHash('sha256')
        .update(JSON.stringify([a.source, b.source, parts]))
        .digest('hex'),
    },
    parent: null,
    training: null,
    mix,
    scores: {},
    created: new Date().toISOString(),
  }
  const card = [
    `# ${name}`,
    '',
    `Takes ${parts.join(', ')} from ${b.name} (${b.id}) and all else from ${a.name} (${a.id}). Both networks run for each picture.`,
    '',
    `Licence: ${manifest.licence}`,
    '',
  ].join('\n')
  return addModel(registry, manifest, card, () => Promise.resolve())
}
