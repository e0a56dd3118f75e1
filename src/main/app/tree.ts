/** @file A workspace folder that is a CelebAMask-HQ tree: which masks and which split belong to a picture of its list. */
import { basename, relative, sep } from 'node:path'
import type { Split } from '../../shared/terms'
import type { PartMap } from '../../shared/mask'
import { findCelebAMask } from '../dataset/celebamask/detect'
import { MASK_FOLDERS } from '../dataset/celebamask/format'
import { readCelebAMask, readItemMasks } from '../dataset/celebamask/importer'

export interface TreeItem {
  readonly split: Split | null
  /** Where the masks come from, for the history. */
  readonly source: string
  /** The masks, null where there are none; sentences about files that were left out go to `complain`. */
  read(complain: (sentence: string) => void): Promise<PartMap | null>
}

export interface Tree {
  readonly complaints: readonly string[]
  /** What the tree holds for the picture at this path below the workspace. */
  itemOf(name: string): TreeItem | undefined
}

/** Cheap: true where `folder` is or holds a tree, so that its mask folders are not scanned for photos. */
export async function holdsTree(folder: string): Promise<boolean> {
  return (await findCelebAMask(folder)) !== null
}

export const isMaskFolder = (name: string): boolean => MASK_FOLDERS.includes(basename(name))

/** Lists the tree's masks and splits, seconds for the whole dataset; null where `folder` holds no tree. */
export async function openTree(folder: string): Promise<Tree | null> {
  if (!(await holdsTree(folder))) return null
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
        async read(complain) {
          const { map, complaints: found } = await readItemMasks(item)
          for (const { file, message } of found) complain(`${file}: ${message}`)
          return map
        },
      }
    },
  }
}
