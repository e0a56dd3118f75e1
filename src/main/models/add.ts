/**
 * @file A new model's folder in the registry: written beside and renamed, so that a crash leaves none or a whole one. No id is
 * given twice: masks, scores and verdicts remember a model by it.
 */
import { chmod, mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fillDirectory, unwritable, writeFileAtomic } from '../base/fs'
import { CARD_FILE, MANIFEST_FILE, requireReadable, type Manifest } from './manifest'
import type { Model, Registry } from './registry'

/** A manifest before its model has an id. */
export type NewManifest = Omit<Manifest, 'id'>

/** Longer than any name that tells something; file systems end at 255 bytes. */
const MAX_STEM = 64

/**
 * Writes the manifest, the card and what `write` puts into the folder; answers the model, whose id is made of its name.
 * Throws `file/unwritable`, or `model/unsupported` for a manifest that could not be read again.
 */
export async function addModel(
  registry: Registry,
  manifest: NewManifest,
  card: string,
  write: (folder: string) => Promise<void>,
): Promise<Model> {
  const { temporary, id } = await reserve(registry, manifest.name)
  try {
    const whole: Manifest = { ...manifest, id }
    requireReadable(whole)
    await write(temporary)
    await writeFileAtomic(join(temporary, MANIFEST_FILE), `${JSON.stringify(whole, null, 2)}\n`)
    await writeFileAtomic(join(temporary, CARD_FILE), card)
    await fillDirectory(temporary, join(registry.folder, id))
  } catch (error) {
    await rmdir(join(registry.folder, id)).catch(() => undefined) // is not empty where the renaming went through
    throw error
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return registry.find(id)
}

/** A folder to write in, and an id that is nobody else's from now on: its own folder is there, still empty. */
async function reserve(registry: Registry, name: string): Promise<{ temporary: string; id: string }> {
  const { folder } = registry
  const shipped = await registry.shippedIds()
  try {
    await mkdir(folder, { recursive: true })
    const temporary = await mkdtemp(join(folder, '.import-'))
    // mkdtemp's folders are for their owner alone; a model is for whoever may read the data folder.
    await chmod(temporary, 0o777 & ~process.umask())
    const stem = stemOf(name)
    for (let n = 1; ; n++) {
      const id = n === 1 ? stem : `${stem}-${n}`
      if (!shipped.has(id) && (await makes(join(folder, id)))) return { temporary, id }
    }
  } catch (error) {
    throw unwritable(folder, error)
  }
}

/** Makes the folder; false where there is such a folder or file. */
async function makes(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function stemOf(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, MAX_STEM)
    .replace(/[-.]+$/, '')
  return stem || 'model'
}
