/**
 * @file A new model's folder in the registry: written beside and renamed, so that a crash leaves none or a whole one. No id is
 * given twice: masks, scores and verdicts remember a model by it. None is an architecture's name, which means a fresh network.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fillDirectory, unwritable, writeFileAtomic } from '../base/fs'
import { architectureOf } from '../segface/config'
import { CARD_FILE, MANIFEST_FILE, requireReadable, type Manifest } from './manifest'
import { plainName } from './names'
import type { Model, Registry } from './registry'

/** A manifest before its model has an id, and before anything was found to beware of. */
export type NewManifest = Omit<Manifest, 'id' | 'warnings'>

/** Folders that are written in: the prefix, the id that is reserved, and what mkdtemp adds. */
const TEMPORARY_PREFIX = '.import-'
const RE_TEMPORARY = /^\.import-(.+)\.\w{6}$/
/** What a process that was killed left half-written is removed after this long without a byte more. */
const MAX_TEMPORARY_AGE_MS = 60 * 60 * 1000
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
  await removeAbandoned(registry.folder)
  const { temporary, id } = await reserve(registry, manifest.name)
  const home = join(registry.folder, id)
  try {
    const whole: Manifest = { ...manifest, id, name: plainName(manifest.name), warnings: [] }
    requireReadable(whole)
    await write(temporary)
    await writeFileAtomic(join(temporary, MANIFEST_FILE), `${JSON.stringify(whole, null, 2)}\n`)
    await writeFileAtomic(join(temporary, CARD_FILE), card)
    await fillDirectory(temporary, home)
  } catch (error) {
    // In this order: what is left of the folder says that its id is still reserved.
    const removed = rm(temporary, { recursive: true, force: true })
    await removed.then(() => rmdir(home)).catch(() => undefined) // is not empty where the renaming went through
    throw error
  }
  return registry.find(id)
}

/** A folder to write in, and an id that is nobody else's from now on: its own folder is there, still empty. */
async function reserve(registry: Registry, name: string): Promise<{ temporary: string; id: string }> {
  const { folder } = registry
  const shipped = await registry.shippedIds()
  try {
    await mkdir(folder, { recursive: true })
    const stem = stemOf(name)
    let id = stem
    const isTaken = (id: string): boolean => shipped.has(id) || architectureOf(id) !== null
    for (let n = 2; isTaken(id) || !(await makes(join(folder, id))); n++) id = `${stem}-${n}`
    const temporary = await mkdtemp(join(folder, `${TEMPORARY_PREFIX}${id}.`))
    // mkdtemp's folders are for their owner alone; a model is for whoever may read the data folder.
    await chmod(temporary, 0o777 & ~process.umask())
    return { temporary, id }
  } catch (error) {
    throw unwritable(folder, error)
  }
}

/**
 * Removes what processes that were killed left half-written, and lets go of the ids that they reserved: no model ever had them,
 * while that of a deleted model has no such folder beside it.
 */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(TEMPORARY_PREFIX))) {
    const temporary = join(folder, name)
    if (Date.now() - (await lastWritten(temporary)) < MAX_TEMPORARY_AGE_MS) continue
    try {
      // Throws where another process is ahead, whose the id may be again.
      await rm(temporary, { recursive: true })
      const id = RE_TEMPORARY.exec(name)?.[1]
      if (id !== undefined) await rmdir(join(folder, id))
    } catch {
      // Windows does not let go of a file that is open, and a model's folder is not empty: the next time may do.
    }
  }
}

/** When the folder or a file in it last changed, in milliseconds; an import that lives writes all the time. */
async function lastWritten(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const paths = [folder, ...names.map((name) => join(folder, name))]
  const times = paths.map(async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? 0)
  return Math.max(...(await Promise.all(times)))
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
