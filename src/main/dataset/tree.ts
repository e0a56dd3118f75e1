/** @file Writing a folder of files as a whole: beside, then renamed; and never over a folder that is not ours. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { recoverDirectory, replaceDirectory } from '../base/fs'
import { NAMES_FILE } from './names'

/** Refuses a folder that holds files and no `facet-names.csv`; one that is empty or missing is fine. */
export async function requireOwnFolder(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    const message = `Cannot write into ${out}: it is no folder that can be read; choose another one.`
    throw new FacetError('file/unwritable', message, { file: out }, { cause: error })
  })
  if (names.length === 0 || names.includes(NAMES_FILE)) return
  throw new FacetError(
    'conflict',
    `${out} is not empty and was not written by Facet (there is no ${NAMES_FILE} in it); choose a new or empty folder.`,
    { file: out },
  )
}

/**
 * Lets `write` fill a folder beside `out` and puts it in the place of `out`, which keeps its old content where `write`
 * throws. Throws `conflict` for an `out` that Facet did not write.
 */
export async function writeTree<T>(out: string, write: (temporary: string) => Promise<T>): Promise<T> {
  const target = resolve(out)
  await mkdir(dirname(target), { recursive: true })
  await recoverDirectory(target)
  await requireOwnFolder(target)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await mkdir(temporary)
    const result = await write(temporary)
    await syncTree(temporary)
    await replaceDirectory(temporary, target)
    return result
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

/** Flushes every file below `folder` to the disk; once at the end, when most were written back already. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else await syncFile(path)
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
