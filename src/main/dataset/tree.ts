/** @file Writing a folder of files as a whole: beside, then renamed; and never over a folder that is not ours. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { recoverDirectory, replaceDirectory, unwritable } from '../base/fs'
import { IMAGE_FOLDER, MASK_FOLDER, PARTITION_FILE } from './celebamask/format'
import { createIndexNamer, NAMES_FILE, readNames } from './names'

/** Open files while flushing; well under every system's limit. */
const SYNCED_AT_ONCE = 64

/** What systems leave in every folder they show. */
const LITTER = ['.DS_Store', 'Thumbs.db', 'desktop.ini']

/** Refuses a folder that holds files and no `facet-names.csv`; one that is empty or missing is fine. */
export async function requireOwnFolder(out: string): Promise<void> {
  const names = await entriesOf(out)
  if (names.length === 0 || names.includes(NAMES_FILE)) return
  throw foreign(out, `is not empty and was not written by Facet (there is no ${NAMES_FILE} in it)`)
}

/** Refuses as well what someone put beside our files since, such as a workspace's `.facet`: replacing would delete it. */
async function requireNothingElse(out: string): Promise<void> {
  const namer = createIndexNamer()
  const indexed = [...((await readNames(out)) ?? [])].map(([name]) => namer(name).split('/')[0])
  const ours = new Set([NAMES_FILE, IMAGE_FOLDER, MASK_FOLDER, PARTITION_FILE, ...LITTER, ...indexed])
  const other = (await entriesOf(out)).find((name) => !ours.has(name))
  if (other !== undefined) throw foreign(out, `holds ${other}, which is no part of an export by Facet`)
}

async function entriesOf(out: string): Promise<string[]> {
  return readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    const message = `Cannot write into ${out}: it is no folder that can be read; choose another one.`
    throw new FacetError('file/unwritable', message, { file: out }, { cause: error })
  })
}

/** The error for an `out` that holds what must not be replaced, as `found` says. */
export function foreign(out: string, found: string): FacetError {
  return new FacetError('conflict', `${out} ${found}; choose a new or empty folder.`, { file: out })
}

/**
 * Lets `write` fill a folder beside `out` and puts it in the place of `out`, which keeps its old content where `write`
 * throws. Throws `conflict` for an `out` that holds anything Facet did not write.
 */
export async function writeTree<T>(out: string, write: (temporary: string) => Promise<T>): Promise<T> {
  const target = resolve(out)
  await makeFolder(dirname(target), target)
  await recoverDirectory(target)
  await requireOwnFolder(target)
  await requireNothingElse(target)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await makeFolder(temporary, target)
    const result = await write(temporary)
    await syncTree(temporary)
    await replaceDirectory(temporary, target)
    return result
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

async function makeFolder(path: string, out: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    const message = `${unwritable(out, error).message} Choose another folder.`
    throw new FacetError('file/unwritable', message, { file: out }, { cause: error })
  })
}

/** Flushes every file below `folder` to the disk: at the end and a folder at a time, since the disk serves many at once. */
async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name))
  for (let i = 0; i < files.length; i += SYNCED_AT_ONCE) {
    await Promise.all(files.slice(i, i + SYNCED_AT_ONCE).map(syncFile))
  }
  for (const entry of entries) if (entry.isDirectory()) await syncTree(join(folder, entry.name))
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
