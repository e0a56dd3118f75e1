/** @file A new model's folder in the registry: written beside and renamed, so that a crash leaves none or a whole one. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceDirectory, writeFileAtomic } from '../base/fs'
import { CARD_FILE, MANIFEST_FILE, type Manifest } from './manifest'
import type { Model, Registry } from './registry'

/** Writes the manifest, the card and what `write` puts into the folder; answers the model. */
export async function addModel(
  registry: Registry,
  manifest: Manifest,
  card: string,
  write: (folder: string) => Promise<void>,
): Promise<Model> {
  await mkdir(registry.folder, { recursive: true })
  const temporary = await mkdtemp(join(registry.folder, '.import-'))
  try {
    await write(temporary)
    await writeFileAtomic(join(temporary, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`)
    await writeFileAtomic(join(temporary, CARD_FILE), card)
    await replaceDirectory(temporary, join(registry.folder, manifest.id))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return registry.find(manifest.id)
}

/** An id made of the name that none of `models` has. */
export function freeId(name: string, models: readonly Model[]): string {
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
