/**
 * @file A folder that holds masks beside photos, as a CelebAMask-HQ tree does: which of its pictures are photos, and which masks
 * and which split belong to one.
 */
import { access } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { Split } from '../../shared/terms'
import { findCelebAMask } from '../dataset/celebamask/detect'
import { MASK_FOLDERS } from '../dataset/celebamask/format'
import { readCelebAMask, readItemMasks, type ItemMasks } from '../dataset/celebamask/importer'
import { NAMES_FILE } from '../dataset/names'
import { scanPictures, type FoundPicture } from '../imaging/scan'

export interface TreeItem {
  readonly split: Split | null
  /** Where the masks come from, for the history. */
  readonly source: string
  /** The masks, as far as they can be read. */
  read(): Promise<ItemMasks>
}

export interface Tree {
  readonly complaints: readonly string[]
  /** What the tree holds for the picture at this path below the workspace. */
  itemOf(name: string): TreeItem | undefined
}

interface PhotoOptions {
  readonly signal?: AbortSignal
  /** True for a folder, by its path, that is walked through although Facet wrote it. */
  readonly keeps?: (path: string) => boolean
}

/**
 * Batches of the photos below `folder`, without its masks: neither a tree's, nor what Facet wrote into a sub-folder as
 * predictions or as an export. A tree that Facet wrote is walked through where there is nothing else: then it is what was
 * meant. Errors as for `scanPictures`.
 */
export async function* scanPhotos(
  folder: string,
  { signal, keeps = () => false }: PhotoOptions = {},
): AsyncGenerator<FoundPicture[]> {
  const tree = await findCelebAMask(folder)
  const isOther = async (path: string): Promise<boolean> =>
    (tree !== null && MASK_FOLDERS.includes(basename(path))) || ((await isWritten(path)) && !keeps(path))
  let isEmpty = true
  for await (const batch of scanPictures(folder, { signal, skipFolder: isOther })) {
    isEmpty = false
    yield batch
  }
  if (!isEmpty || tree === null) return
  yield* scanPictures(folder, { signal, skipFolder: async (path) => path !== tree.root && isOther(path) })
}

/** True for a folder that bears the mark of what Facet writes. */
async function isWritten(folder: string): Promise<boolean> {
  return access(join(folder, NAMES_FILE)).then(
    () => true,
    () => false,
  )
}

/** Lists the tree's masks and splits, seconds for the whole dataset; null where `folder` holds no tree. */
export async function openTree(folder: string): Promise<Tree | null> {
  if (!(await findCelebAMask(folder))) return null
  const { tree, items, complaints } = await readCelebAMask(folder)
  const byName = new Map(items.map((item) => [relative(folder, item.image).split(sep).join('/'), item]))
  return {
    complaints: complaints.map(({ file, message }) => `${file}: ${message}`),
    itemOf(name) {
      const item = byName.get(name)
      if (!item || (item.masks.size === 0 && item.split === null)) return undefined
      return {
        split: item.split,
        source: basename(tree.root),
        read: () => readItemMasks(item),
      }
    },
  }
}
