/** @file Where SegFace would write its checkpoints: `LOG_PATH/ckpt_path/expt_name`. */
import { access, constants, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { unwritable } from '../../base/fs'
import { readEnv } from '../../dataset/env'

/** The `--expt_name` of a training's name: one folder's, which a shell and a command line take as it is. */
export function exptName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[.-]+/, '_') || 'facet'
}

/**
 * The folder for `model_N.pt`, null where neither flag is given. LOG_PATH is the environment's, else that of the `.env`
 * in `folder`. Throws `usage` where there is none.
 */
export async function checkpointFolder(
  folder: string,
  name: string,
  { ckpt_path, expt_name }: { readonly ckpt_path?: string; readonly expt_name?: string },
): Promise<string | null> {
  if (ckpt_path === undefined && expt_name === undefined) return null
  // Set to nothing is not set, as in `.env`.
  const root = process.env.LOG_PATH || (await readEnv(folder)).LOG_PATH
  if (root !== undefined) return resolve(folder, root, ckpt_path ?? 'ckpts', expt_name ?? exptName(name))
  throw new FacetError(
    'usage',
    `Set LOG_PATH in the environment or in ${join(folder, '.env')}: --ckpt_path and --expt_name are below it.`,
  )
}

/** Makes the folder for `model_N.pt`. Throws `file/unwritable` where that cannot be, or nothing can be written into it. */
export async function makeCheckpointFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const what = isTaken
      ? `Cannot write ${folder}: it is a file, not a folder.`
      : unwritable(folder, cause).message
    throw new FacetError(
      'file/unwritable',
      `${what} It is made of LOG_PATH, --ckpt_path and --expt_name: change one of them, so that model_N.pt can be written there.`,
      { file: folder },
      { cause },
    )
  }
}

/** Throws `conflict` where `folder` holds the `model_N.pt` of an earlier training, which would be written over. */
export async function requireNoCheckpoint(folder: string): Promise<void> {
  const earlier = (await readdir(folder)).find((name) => /^model_\d+\.pt$/.test(name))
  if (earlier === undefined) return
  throw new FacetError(
    'conflict',
    `${join(folder, earlier)} is there from an earlier training; choose another --expt_name, or move it away.`,
    { file: join(folder, earlier) },
  )
}

/** Lets `write` make the file where there is none; throws `conflict` where there is, also one that is being written. */
export async function writeNewCheckpoint(file: string, write: () => Promise<void>): Promise<void> {
  const claim = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw unwritable(file, error)
    throw new FacetError(
      'conflict',
      `${file} is there already, of another training that ended meanwhile, and stays as it is.`,
      { file },
    )
  })
  await claim.close()
  try {
    await write()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}
