/** @file Writes faces as a CelebAMask-HQ tree that SegFace's own loader reads. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { WrittenDataset } from '../../../shared/answers'
import type { Split } from '../../../shared/terms'
import { PART_NAMES } from '../../../shared/labels'
import { partAreas, type PartMap } from '../../../shared/mask'
import { encodeMaskPng } from '../../imaging/mask'
import { openPicture } from '../../imaging/open'
import { checkPicture, readPicture, resizeCubic } from '../../imaging/picture'
import { exportEach, type ExportOptions } from '../item'
import { NAMES_FILE, writeNames } from '../names'
import { writeTree } from '../tree'
import {
  IMAGE_FOLDER,
  imageFileName,
  MASK_FOLDER,
  maskFileName,
  maskFolderOf,
  PARTITION_FILE,
} from './format'
import { writePartition } from './partition'

/**
 * Pictures as `CelebA-HQ-img/{id}.jpg`, masks as `CelebAMask-HQ-mask-anno/{id // 2000}/{id:05d}_{part}.png` (0/255,
 * none for an absent part), `list_eval_partition.txt` (`00012 0`) for faces whose split is known, and
 * `facet-names.csv`. The same items give the same bytes. `out` is replaced as a whole at the end; throws `conflict`
 * where it holds files that Facet did not write.
 */
export function exportCelebAMask(options: ExportOptions): Promise<WrittenDataset> {
  return writeTree(options.out, async (root) => {
    await mkdir(join(root, IMAGE_FOLDER))
    await mkdir(join(root, MASK_FOLDER))
    const { written, summary } = await exportEach(options, async ({ id, imagePath, map }) => {
      await writeFile(
        join(root, IMAGE_FOLDER, imageFileName(id)),
        await pictureBytes(imagePath, options.size),
      )
      for (const { file, bytes } of await encodePartMasks(id, map)) {
        await mkdir(dirname(join(root, file)), { recursive: true })
        await writeFile(join(root, file), bytes)
      }
    })
    const splits = new Map(
      written.flatMap(({ id, split }): [number, Split][] => (split ? [[id, split]] : [])),
    )
    if (splits.size > 0) await writeFile(join(root, PARTITION_FILE), writePartition(splits))
    await writeFile(join(root, NAMES_FILE), writeNames(written))
    return { ...summary, out: options.out }
  })
}

/** The mask files of one face, paths below the tree's root; parts without a pixel have none. */
export async function encodePartMasks(id: number, map: PartMap): Promise<{ file: string; bytes: Buffer }[]> {
  const areas = partAreas(map)
  const present = PART_NAMES.map((name, part) => ({ name, part })).filter(({ part }) => areas[part])
  return Promise.all(
    present.map(async ({ name, part }) => ({
      file: partMaskPath(id, name),
      bytes: await encodeMaskPng({ ...map, mask: partMask(map, part) }),
    })),
  )
}

/** 1 where the part is, 0 elsewhere. */
function partMask({ bits }: PartMap, part: number): Uint8Array {
  const mask = new Uint8Array(bits.length)
  for (let i = 0; i < mask.length; i++) mask[i] = ((bits[i] as number) >>> part) & 1
  return mask
}

/** `CelebAMask-HQ-mask-anno/0/00012_hair.png`: where a mask is below the tree's root. */
export function partMaskPath(id: number, part: (typeof PART_NAMES)[number]): string {
  return join(MASK_FOLDER, maskFolderOf(id), maskFileName(id, part))
}

/** The photo as a JPEG: its own bytes where nothing about it changes, else upright and encoded anew. */
async function pictureBytes(path: string, size: number | undefined): Promise<Buffer> {
  const opened = await openPicture(path)
  const { format, orientation, width, height, bytes } = opened
  const keepsSize = size === undefined || (width === size && height === size)
  if (format === 'jpeg' && orientation === 1 && keepsSize) {
    await checkPicture(opened)
    return bytes
  }
  const picture = await readPicture(path)
  const { rgb, ...raw } = keepsSize ? picture : resizeCubic(picture, size, size)
  return sharp(rgb, { raw: { width: raw.width, height: raw.height, channels: 3 } })
    .jpeg({ quality: 97, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
