/** @file Reads a CelebAMask-HQ tree as it is found in the wild: what is there, and a complaint for whatever is wrong. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname, join, parse } from 'node:path'
import type { Complaint } from '../../../shared/answers'
import type { Split } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import { noteOf } from '../../../shared/notes'
import { isPartName, PART_INDEX, PART_NAMES, type PartName } from '../../../shared/labels'
import { createPartMap, MAX_GRID, type PartMap } from '../../../shared/mask'
import { readMaskPng, type BinaryMask } from '../../imaging/mask'
import { isPicture, naturalSort } from '../../imaging/scan'
import { findCelebAMask, type CelebAMaskTree } from './detect'
import {
  IMAGE_FOLDER,
  MAPPING_FILE,
  MASK_FOLDER,
  maskFolderOf,
  paddedId,
  parseId,
  parseMaskFileName,
  PARTITION_FILE,
} from './format'
import { readPartition } from './partition'

/** One face: its picture and the files of its masks; parts without a file are absent. */
export interface CelebAMaskItem {
  readonly id: number
  /** Path of the picture. */
  readonly image: string
  /** Paths of the masks. */
  readonly masks: ReadonlyMap<PartName, string>
  readonly split: Split | null
}

export interface CelebAMaskDataset {
  readonly tree: CelebAMaskTree
  /** In ascending order of id. */
  readonly items: readonly CelebAMaskItem[]
  readonly complaints: Complaint[]
}

/**
 * Lists the tree at `folder` (or directly inside) without opening pictures or masks; `complaints` name files as paths
 * below its root. Throws `dataset/malformed` where there is no such tree.
 */
export async function readCelebAMask(folder: string): Promise<CelebAMaskDataset> {
  const tree = await findCelebAMask(folder)
  if (!tree) {
    throw new FacetError(
      'dataset/malformed',
      `${folder} is no CelebAMask-HQ dataset: expected the folders ${IMAGE_FOLDER} and ${MASK_FOLDER} in it.`,
      { file: folder },
    )
  }
  const complaints: Complaint[] = []
  if (basename(tree.masks) !== MASK_FOLDER) {
    complaints.push({
      file: basename(tree.masks),
      message: `SegFace looks for masks in ${MASK_FOLDER}; rename it.`,
    })
  }
  const images = await listImages(tree, complaints)
  const masks = await listMasks(tree, complaints)
  const ids = [...images.keys()].sort((a, b) => a - b)
  const splits = await listSplits(tree, ids, complaints)
  for (const [id, parts] of masks) {
    if (images.has(id)) continue
    const file = `${IMAGE_FOLDER}/${id}.jpg`
    complaints.push({ file, message: `The picture of ${parts.size} masks of ${paddedId(id)} is missing.` })
  }
  const items = ids.map((id) => {
    const parts = masks.get(id) ?? new Map<PartName, string>()
    if (parts.size === 0) complaints.push({ file: `${IMAGE_FOLDER}/${id}.jpg`, message: 'It has no masks.' })
    return { id, image: images.get(id) as string, masks: parts, split: splits.get(id) ?? null }
  })
  return { tree, items, complaints }
}

/** Paths of the pictures by id. */
async function listImages(tree: CelebAMaskTree, complaints: Complaint[]): Promise<Map<number, string>> {
  const images = new Map<number, string>()
  for (const name of naturalSort(await readdir(tree.images))) {
    if (!isPicture(name)) continue
    const file = `${IMAGE_FOLDER}/${name}`
    const id = parseId(parse(name).name)
    if (id === null)
      complaints.push({ file, message: 'Its name is no number, so no masks can belong to it.' })
    else if (images.has(id))
      complaints.push({ file, message: `A second picture of ${paddedId(id)}; left out.` })
    else images.set(id, join(tree.images, name))
  }
  return images
}

/** Paths of the masks by id and part, from the folders by number and then from the mask folder itself. */
async function listMasks(
  tree: CelebAMaskTree,
  complaints: Complaint[],
): Promise<Map<number, Map<PartName, string>>> {
  const masks = new Map<number, Map<PartName, string>>()
  const entries = await readdir(tree.masks, { withFileTypes: true })
  const folders = entries
    .filter((entry) => !entry.isFile() && /^\d+$/.test(entry.name))
    .map(({ name }) => name)
  const listing: [folder: string, files: string[]][] = []
  for (const folder of naturalSort(folders)) {
    const files = await readdir(join(tree.masks, folder)).catch((error: Error) => {
      complaints.push({ file: `${MASK_FOLDER}/${folder}`, message: `It cannot be read (${error.message}).` })
      return []
    })
    listing.push([folder, files])
  }
  listing.push(['', entries.filter((entry) => entry.isFile()).map(({ name }) => name)])
  for (const [folder, files] of listing) {
    for (const name of files.sort()) {
      if (extname(name).toLowerCase() === '.png') addMask(tree, folder, name, masks, complaints)
    }
  }
  return masks
}

function addMask(
  tree: CelebAMaskTree,
  folder: string,
  name: string,
  masks: Map<number, Map<PartName, string>>,
  complaints: Complaint[],
): void {
  const file = [MASK_FOLDER, folder, name].filter(Boolean).join('/')
  const parsed = parseMaskFileName(name)
  if (!parsed) {
    complaints.push({ file, message: 'Its name is not of the form 00012_hair.png; left out.' })
    return
  }
  const { id, part } = parsed
  if (!isPartName(part)) {
    complaints.push({ file, message: `${part} is no part; known are ${PART_NAMES.join(', ')}. Left out.` })
    return
  }
  if (folder !== '' && folder !== maskFolderOf(id)) {
    const message = `It belongs in folder ${maskFolderOf(id)}, where SegFace looks for it; it is read all the same.`
    complaints.push({ file, message })
  }
  const parts = masks.get(id) ?? new Map<PartName, string>()
  masks.set(id, parts)
  if (parts.has(part))
    complaints.push({ file, message: `A second mask of ${part} of ${paddedId(id)}; left out.` })
  else parts.set(part, join(tree.masks, folder, name))
}

async function listSplits(
  tree: CelebAMaskTree,
  ids: readonly number[],
  complaints: Complaint[],
): Promise<ReadonlyMap<number, Split>> {
  const text = await readOptional(join(tree.root, PARTITION_FILE))
  if (text === null) return new Map()
  const partition = readPartition(text, await readOptional(join(tree.root, MAPPING_FILE)), ids)
  complaints.push(...partition.complaints)
  return partition.splits
}

async function readOptional(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}

export interface ItemMasks {
  /** Null where no mask could be read. */
  readonly map: PartMap | null
  /** Parts that have a mask which could not be taken, and why: where they are, nobody knows. */
  readonly unread: ReadonlyMap<PartName, Complaint>
  readonly complaints: Complaint[]
}

/** Says which parts count as unchecked where the masks are imported, since theirs could not be taken; null where all could. */
export function leftOpen({ unread }: ItemMasks): string | null {
  return unread.size === 0 ? null : noteOf('leftOpen', { parts: [...unread.keys()].join(', ') })
}

/**
 * Reads the masks of one face into one map. A mask that is damaged, or whose size is not that of most masks of the face,
 * is left out with a complaint; an empty one counts as absent, with a complaint. Complaints name files by their path.
 */
export async function readItemMasks(item: CelebAMaskItem): Promise<ItemMasks> {
  const empty: Complaint[] = []
  const unread = new Map<PartName, Complaint>()
  const read = await Promise.all([...item.masks].map(([part, path]) => readOne(part, path, unread)))
  const found = read.filter((mask) => mask !== null)
  const sorted = (): Complaint[] => [...empty, ...unread.values()].sort((a, b) => (a.file < b.file ? -1 : 1))
  const size = commonSize(found)
  if (!size) return { map: null, unread, complaints: sorted() }
  const map = createPartMap(size.width, size.height)
  for (const { part, path, mask, width, height } of found) {
    if (width !== size.width || height !== size.height) {
      const message = `It is ${width} x ${height} where the other masks of ${paddedId(item.id)} are ${size.width} x ${size.height}; left out.`
      unread.set(part, { file: path, message })
    } else if (!drawMask(map, part, mask)) {
      empty.push({ file: path, message: `The mask of ${part} is empty; it counts as absent.` })
    }
  }
  return { map, unread, complaints: sorted() }
}

type FoundMask = BinaryMask & { readonly part: PartName; readonly path: string }

async function readOne(
  part: PartName,
  path: string,
  unread: Map<PartName, Complaint>,
): Promise<FoundMask | null> {
  try {
    const mask = await readMaskPng(path)
    if (mask.width <= MAX_GRID && mask.height <= MAX_GRID) return { ...mask, part, path }
    const message = `It is ${mask.width} x ${mask.height}; masks go up to ${MAX_GRID}.`
    unread.set(part, { file: path, message })
  } catch (error) {
    if (!(error instanceof FacetError)) throw error
    unread.set(part, { file: path, message: error.message })
  }
  return null
}

/** The size that most masks have; of equals the first. */
function commonSize(masks: readonly FoundMask[]): { width: number; height: number } | null {
  const counts = new Map<string, number>()
  for (const { width, height } of masks) {
    const key = `${width}x${height}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const most = Math.max(...counts.values())
  return masks.find(({ width, height }) => counts.get(`${width}x${height}`) === most) ?? null
}

/** Sets the part's bit where `mask` is; false where it is nowhere. */
function drawMask(map: PartMap, part: PartName, mask: Uint8Array): boolean {
  const bit = 1 << PART_INDEX[part]
  let any = false
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue
    map.bits[i] = (map.bits[i] as number) | bit
    any = true
  }
  return any
}
