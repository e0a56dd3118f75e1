/** @file CelebAMask-HQ trees that tests make themselves: drawn portraits, overlapping parts, lists of splits. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { CLASS_NAMES, PART_COUNT, PART_NAMES } from '../../src/shared/labels'
import { createPartMap, type PartMap } from '../../src/shared/mask'
import { noise } from './named_tensors'
import { drawPortrait, writeJpeg } from './pictures'

/** Ellipses of noisy place and size, one for each of some 12 of the 18 parts; they overlap. */
export function overlappingParts(name: string, width: number, height: number): PartMap {
  const map = createPartMap(width, height)
  const random = noise(name, PART_COUNT * 5)
  for (let part = 0; part < PART_COUNT; part++) {
    const [keep, cx, cy, rx, ry] = random.subarray(part * 5, part * 5 + 5).map((u) => (u + 1) / 2)
    if (keep === undefined || cx === undefined || cy === undefined || rx === undefined || ry === undefined)
      break
    if (keep > 0.66) continue
    for (let i = 0; i < map.bits.length; i++) {
      const dx = ((i % width) / width - cx) / (0.08 + rx * 0.3)
      const dy = (Math.floor(i / width) / height - cy) / (0.08 + ry * 0.3)
      if (dx * dx + dy * dy < 1) map.bits[i] = (map.bits[i] as number) | (1 << part)
    }
  }
  return map
}

export interface TreeOptions {
  readonly ids: readonly number[]
  /** Masks directly in the mask folder, not in folders of 2000. */
  readonly flat?: boolean
  /** Masks as 1 or, like the dataset's own, 3 channels. */
  readonly channels?: 1 | 3
  readonly side?: number
  /** The same masks for every face, which can be learned. */
  readonly alike?: boolean
  /** Text of list_eval_partition.txt. */
  readonly partition?: string
  readonly mapping?: string
}

/** Writes a tree into `root` and gives the masks that are in it by id. */
export async function makeCelebAMask(root: string, options: TreeOptions): Promise<Map<number, PartMap>> {
  const { ids, flat = false, channels = 3, side = 48, alike = false } = options
  const maps = new Map<number, PartMap>()
  const portrait = await drawPortrait(side * 2, side * 2)
  await mkdir(join(root, 'CelebA-HQ-img'), { recursive: true })
  for (const id of ids) {
    const map = overlappingParts(alike ? 'face' : `face ${id}`, side, side)
    maps.set(id, map)
    await writeJpeg(join(root, 'CelebA-HQ-img', `${id}.jpg`), portrait, 60 + (id % 40))
    for (const [part, name] of PART_NAMES.entries()) {
      if (!map.bits.some((bits) => (bits >>> part) & 1)) continue
      const file = `${String(id).padStart(5, '0')}_${name}.png`
      const folder = flat ? '' : String(Math.floor(id / 2000))
      await writeMask(join(root, 'CelebAMask-HQ-mask-anno', folder, file), map, part, channels)
    }
  }
  if (options.partition !== undefined)
    await writeFile(join(root, 'list_eval_partition.txt'), options.partition)
  if (options.mapping !== undefined)
    await writeFile(join(root, 'CelebA-HQ-to-CelebA-mapping.txt'), options.mapping)
  return maps
}

async function writeMask(path: string, map: PartMap, part: number, channels: 1 | 3): Promise<void> {
  const values = Uint8Array.from({ length: map.bits.length * channels }, (_, i) =>
    ((map.bits[Math.floor(i / channels)] as number) >>> part) & 1 ? 255 : 0,
  )
  await mkdir(dirname(path), { recursive: true })
  await sharp(values, { raw: { width: map.width, height: map.height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(path)
}

/** The classes that a map holds anywhere, background left out. */
export function partsIn(map: PartMap): string[] {
  return CLASS_NAMES.slice(1).filter((_, part) => map.bits.some((bits) => (bits >>> part) & 1))
}
