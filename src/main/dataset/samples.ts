/**
 * @file Faces with masks to score or to learn from, one list for every kind of dataset: what a sample is, and those of a
 * CelebAMask-HQ tree. Masks are read when they are asked for.
 */
import { relative, sep } from 'node:path'
import type { Complaint } from '../../shared/answers'
import type { Split, Status } from '../../shared/terms'
import { PART_INDEX, type PaintOrder, type PartName } from '../../shared/labels'
import { ELSEWHERE, flatten, IGNORED, type PartMap, type Truth } from '../../shared/mask'
import { readCelebAMask, readItemMasks, type CelebAMaskItem, type ItemMasks } from './celebamask/importer'

/** A photo with the masks of the face in it. */
export interface Sample {
  /** The photo's path below the dataset's folder, with forward slashes: unique there, and the same in every run. */
  readonly name: string
  /** Id of the image in its workspace; null outside one. */
  readonly id: number | null
  /** Path of the photo. */
  readonly image: string
  readonly split: Split | null
  /** What its masks count as: those of a tree are `corrected`, as they would be in a workspace that imported it. */
  readonly status: Status
  /** Bit `p` for each part 0..17 that has a mask; a tree's masks may turn out empty when they are read. */
  readonly parts: number
  /** Pinned for comparing models: never to be learned from. */
  readonly golden: boolean
  /** Bits of the parts that a person vouches for; null: all of it, background too. */
  readonly checked: number | null
  /**
   * The masks at their own size, to be made one class a pixel by `groundTruth`; null, and a complaint, where none can be
   * read. A map may be shared: the caller must not change it.
   */
  read(): Promise<ItemMasks>
}

export interface SampleSet {
  readonly kind: 'celebamask-hq' | 'workspace'
  /** The folder that names are below. */
  readonly root: string
  /** Those with masks, in the dataset's order: a tree's by number, a workspace's by name. */
  readonly samples: readonly Sample[]
  readonly complaints: readonly Complaint[]
}

/**
 * The samples of the CelebAMask-HQ tree at `folder` (or directly inside), without opening a picture. Pictures without
 * masks are left out, with a complaint. Throws `dataset/malformed` where there is no such tree.
 */
export async function treeSamples(folder: string): Promise<SampleSet> {
  const { items, complaints } = await readCelebAMask(folder)
  const samples = items
    .filter((item) => item.masks.size > 0)
    .map((item): Sample => ({
      name: relative(folder, item.image).split(sep).join('/'),
      id: null,
      image: item.image,
      split: item.split,
      status: 'corrected',
      parts: partBits(item),
      golden: false,
      checked: null,
      read: () => readItemMasks(item),
    }))
  return { kind: 'celebamask-hq', root: folder, samples, complaints }
}

function partBits({ masks }: CelebAMaskItem): number {
  return [...masks.keys()].reduce((bits, part: PartName) => bits | (1 << PART_INDEX[part]), 0)
}

/**
 * A sample's masks as one class a pixel, at their own size: where parts overlap, the later one of `order` shows. Of a face
 * of which only some parts were checked, pixels without any of these are `ELSEWHERE`; where one of them lies below a part
 * that nobody checked, and may be right to show, pixels are `IGNORED`.
 */
export function groundTruth(
  { width, height, bits }: PartMap,
  { checked }: Pick<Sample, 'checked'>,
  order: PaintOrder,
): Truth {
  const labels = flatten({ width, height, bits }, order)
  if (checked === null) return { width, height, labels, checked }
  for (let i = 0; i < labels.length; i++) {
    const part = (labels[i] as number) - 1
    if (part >= 0 && (checked >>> part) & 1) continue
    labels[i] = ((bits[i] as number) & checked) === 0 ? ELSEWHERE : IGNORED
  }
  return { width, height, labels, checked }
}
