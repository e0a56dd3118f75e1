/** @file Is a folder a CelebAMask-HQ tree, or does it contain one? */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { recoverDirectory } from '../../base/fs'
import { IMAGE_FOLDER, MASK_FOLDERS } from './format'

/** Folders of a found tree. */
export interface CelebAMaskTree {
  readonly root: string
  readonly images: string
  readonly masks: string
}

/** The tree at `folder` or, failing that, in one of the folders directly inside; null where there is none. */
export async function findCelebAMask(folder: string): Promise<CelebAMaskTree | null> {
  await recoverDirectory(folder)
  const here = await treeAt(folder)
  if (here) return here
  for (const name of await foldersIn(folder)) {
    const inside = await treeAt(join(folder, name))
    if (inside) return inside
  }
  return null
}

async function treeAt(root: string): Promise<CelebAMaskTree | null> {
  const folders = await foldersIn(root)
  const masks = MASK_FOLDERS.find((name) => folders.includes(name))
  if (masks === undefined || !folders.includes(IMAGE_FOLDER)) return null
  return { root, images: join(root, IMAGE_FOLDER), masks: join(root, masks) }
}

/** Names of the folders (and links, which may lead to folders) directly inside, sorted; none where it cannot be read. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort()
}
