/** @file Writes one index PNG a photo: a pixel's value is SegFace's class number, 0 background to 18 necklace. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { WrittenDataset } from '../../shared/answers'
import type { PaintOrder } from '../../shared/labels'
import { flatten } from '../../shared/mask'
import { encodeLabelPng } from '../imaging/mask'
import { openPicture } from '../imaging/open'
import { checkPicture } from '../imaging/picture'
import { exportEach, type ExportOptions } from './item'
import { createIndexNamer, NAMES_FILE, writeNames } from './names'
import { writeTree } from './tree'

/**
 * `out/{name}.png` for each face (the photo's path with another ending) and `facet-names.csv`; where parts overlap, the
 * later one of `order` shows. `out` is replaced as a whole at the end, under `exportCelebAMask`'s conditions.
 */
export function exportIndexPng(
  options: ExportOptions & { readonly order: PaintOrder },
): Promise<WrittenDataset> {
  return writeTree(options.out, async (root) => {
    const fileOf = createIndexNamer()
    const { written, summary } = await exportEach(options, async ({ name, imagePath, map }) => {
      await checkPicture(await openPicture(imagePath))
      const path = join(root, fileOf(name))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, await encodeLabelPng(flatten(map, options.order), map.width, map.height))
    })
    await writeFile(join(root, NAMES_FILE), writeNames(written))
    return { ...summary, out: options.out }
  })
}
