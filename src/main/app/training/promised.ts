/** @file Where a run's `model_N.pt` was promised to be written, kept with the run, so that who resumes it need not say it again. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../../shared/errors'
import { unreadable, writeFileAtomic } from '../../base/fs'

const PROMISED_FILE = 'checkpoints.json'
const promised = z.object({ folder: z.string() })

/** Keeps with the run in `runFolder` that its checkpoint goes to `folder`. Throws `file/unwritable`. */
export function promiseCheckpoint(runFolder: string, folder: string): Promise<void> {
  return writeFileAtomic(join(runFolder, PROMISED_FILE), JSON.stringify({ folder }))
}

/** Where the checkpoint of that run goes; null where none was asked for. Throws `file/unreadable` or `file/malformed`. */
export async function promisedFolder(runFolder: string): Promise<string | null> {
  const file = join(runFolder, PROMISED_FILE)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw unreadable(file, error)
  })
  if (text === null) return null
  try {
    return promised.parse(JSON.parse(text)).folder
  } catch (cause) {
    throw new FacetError(
      'file/malformed',
      `${file} does not say where model_N.pt goes: delete it, and name the folder with --ckpt_path and --expt_name.`,
      { file },
      { cause },
    )
  }
}
