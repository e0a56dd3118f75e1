/**
 * @file Where CelebAMask-HQ keeps what: folders, file names, numbers.
 * Source: switchablenorms/CelebAMask-HQ (README and face_parsing/Data_preprocessing/g_mask.py).
 */
import type { PartName } from '../../../shared/labels'

export const IMAGE_FOLDER = 'CelebA-HQ-img'
export const MASK_FOLDER = 'CelebAMask-HQ-mask-anno'
/** The name that g_mask.py reads, a hyphen short; some copies of the dataset were renamed to suit it. */
const MISSPELT_MASK_FOLDER = 'CelebAMaskHQ-mask-anno'
export const MASK_FOLDERS: readonly string[] = [MASK_FOLDER, MISSPELT_MASK_FOLDER]

export const PARTITION_FILE = 'list_eval_partition.txt'
/** Header, then `idx orig_idx orig_file`: which CelebA file a CelebA-HQ picture was made from. */
export const MAPPING_FILE = 'CelebA-HQ-to-CelebA-mapping.txt'

/** Ids of the whole dataset are 0..29999. */
export const COMPLETE_COUNT = 30_000
const MASKS_PER_FOLDER = 2000
/** Longer numbers are no ids but dates or serial numbers of cameras. */
const MAX_ID_DIGITS = 6

/** `12.jpg`: ids of pictures are not padded. */
export function imageFileName(id: number): string {
  return `${id}.jpg`
}

/** The folder inside MASK_FOLDER: ids 0..1999 are in `0`, 2000..3999 in `1`, … */
export function maskFolderOf(id: number): string {
  return String(Math.floor(id / MASKS_PER_FOLDER))
}

/** `00012_l_eye.png`: ids of masks have five digits, more where five do not do. */
export function maskFileName(id: number, part: PartName): string {
  return `${paddedId(id)}_${part}.png`
}

export function paddedId(id: number): string {
  return String(id).padStart(5, '0')
}

/** Id and part, as they are written, of a mask's file name; null for a name of another form. */
export function parseMaskFileName(name: string): { id: number; part: string } | null {
  const match = /^(\d{1,6})_(\w+)\.png$/i.exec(name)
  return match?.[1] && match[2] ? { id: Number(match[1]), part: match[2] } : null
}

/** The id that a file's stem states (`12` and `00012` are 12); null where it is no number of at most six digits. */
export function parseId(stem: string): number | null {
  return /^\d+$/.test(stem) && stem.length <= MAX_ID_DIGITS ? Number(stem) : null
}
