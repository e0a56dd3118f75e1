/** @file A folder that is filled as a whole: new or empty before, and the same again where that fails. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FacetError } from '../../shared/errors'
import { isInside, unwritable } from './fs'

/** Where the content grows: inside, for what is beside may be another disk. One whose writer was killed holds nothing of use. */
const UNFINISHED = /^\.unfinished-[0-9a-f]{12}$/

/**
 * Lets `write` fill a folder inside `out`, an absolute path, which then holds the same. Throws `conflict` where `out` holds something
 * already, `file/unwritable` where it cannot be made; what `write` throws passes through.
 */
export async function fillNewFolder<T>(out: string, write: (folder: string) => Promise<T>): Promise<T> {
  await requireEmpty(out)
  const unfinished = join(out, `.unfinished-${randomBytes(6).toString('hex')}`)
  const made = await mkdir(unfinished, { recursive: true }).catch((error: unknown) => {
    throw unwritable(out, error)
  })
  const moved: string[] = []
  try {
    const result = await write(unfinished)
    await requireEmpty(out)
    for (const name of await readdir(unfinished)) {
      await rename(join(unfinished, name), join(out, name))
      moved.push(name)
    }
    for (const name of await readdir(out))
      if (UNFINISHED.test(name)) await rm(join(out, name), { recursive: true, force: true })
    return result
  } catch (error) {
    for (const path of [unfinished, ...moved.map((name) => join(out, name))])
      await rm(path, { recursive: true, force: true })
    // Those that were not there before, unless somebody else has put something there since.
    for (let folder = out; isInside(made ?? unfinished, folder); folder = dirname(folder))
      await rmdir(folder).catch(() => undefined)
    throw error
  }
}

async function requireEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new FacetError(
      'file/unwritable',
      `${out} is no folder that can be read; choose a new or empty folder.`,
      { file: out },
      { cause: error },
    )
  })
  const other = names.find((name) => !UNFINISHED.test(name))
  if (other === undefined) return
  throw new FacetError('conflict', `${out} is not empty (it holds ${other}); choose a new or empty folder.`, {
    file: out,
  })
}
