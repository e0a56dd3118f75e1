/**
 * @file The checkpoints that SegFace's authors publish: nine of CelebAMask-HQ's 19 classes, and four of LaPa's 11, whose faces
 * Facet does not align as they were in training (limits.ts).
 *
 * From https://huggingface.co/kartiknarayan/SegFace: names and layout from its file list; sizes and SHA-256 from the Git
 * LFS pointers that revision 7c6077e ("Upload 13 files") added and from the pages of its files. Scores: the paper's Table of
 * backbones and resolutions (Narayan et al., AAAI 2025) and the README. Where no hash is stated here, the one that the
 * server states itself is checked (see transfer.ts).
 */
import { FacetError } from '../../shared/errors'
import { DATASET_NAMES, type ClassSet } from '../../shared/network'
import type { Architecture } from '../segface/config'

export interface Published {
  /** Its folder's name in the repository, and the name of the model that is made of it. */
  readonly name: string
  readonly arch: Architecture
  readonly resolution: number
  /** What it was trained on. */
  readonly classSet: ClassSet
  /** Path below a mirror's base address. */
  readonly path: string
  /** Size in bytes; only a guide where it is not `exact`. */
  readonly bytes: number
  readonly exact: boolean
  /** Lower-case hexadecimal; null where no source states it. */
  readonly sha256: string | null
  /** Mean F1 without background on the test split, a fraction. */
  readonly score: number
  readonly licence: string
}

const REPOSITORY = 'kartiknarayan/SegFace'
/** The commit that holds them all: what is fetched cannot change under the same name. */
const REVISION = '7c6077ee6b09c0ea63ac15c5b4184db52637da78'
/** "1.09 GB" in the file list. */
const SWIN_BYTES = 1_090_000_000

type Row = readonly [
  name: string,
  arch: Architecture,
  score: number,
  bytes: number | null,
  sha256: string | null,
]

const celeba = (...row: Row): Published => published('celebamask-hq', row)
const lapa = (...row: Row): Published => published('lapa', row)

function published(classSet: ClassSet, [name, arch, score, bytes, sha256]: Row): Published {
  return {
    name,
    arch,
    resolution: Number(name.slice(name.lastIndexOf('_') + 1)),
    classSet,
    path: `${REPOSITORY}/resolve/${REVISION}/${name}/model_299.pt`,
    bytes: bytes ?? SWIN_BYTES,
    exact: bytes !== null,
    sha256,
    score,
    licence: `MIT (code and weights); trained on ${DATASET_NAMES[classSet]}, which is for non-commercial research and education only.`,
  }
}

/** Best first, by dataset. */
// prettier-ignore
export const PUBLISHED: readonly Published[] = [
  celeba('convnext_celeba_512', 'convnext_base', 0.8922, 1_102_518_358, '3cd535bfcfab4e5c67b7df7015370c2b18cb9a4044ecb00c7c1fa8555558c507'),
  celeba('swinb_celeba_512', 'swin_base', 0.8896, null, null),
  celeba('efficientnet_celeba_512', 'efficientnet', 0.8894, 686_723_577, 'f0e55c9bb276bafd20cd6d84e3d584ed5be88e759355aafebf2200664834c640'),
  celeba('swinb_celeba_448', 'swin_base', 0.8877, null, null),
  celeba('swinv2b_celeba_512', 'swinv2_base', 0.8873, null, null),
  celeba('mobilenet_celeba_512', 'mobilenet', 0.8791, 84_928_824, '4d67ea7d8c33849272b293b421fa3d20d54d9987f1bca8c1ef0eebe4534993e8'),
  celeba('swinb_celeba_256', 'swin_base', 0.8766, null, '078ac81443fe3eb2aef8aea7aed78ea2f247323e8a7c10d00fe8f7000283ad16'),
  celeba('resnet_celeba_512', 'resnet', 0.875, 568_127_582, '32f94f7bf7f9bf002481ff73d75fe63903b8da777d4bd45e37e52cb95ff71945'),
  celeba('swinb_celeba_224', 'swin_base', 0.8747, null, '911767d7e2b0d7df4f3fa903610105fe79a82ba3aca9bf99fe264ecd7c3b3cc7'),
  lapa('swinb_lapa_512', 'swin_base', 0.9303, null, null),
  lapa('swinb_lapa_448', 'swin_base', 0.9303, null, null),
  lapa('swinb_lapa_256', 'swin_base', 0.9261, null, null),
  lapa('swinb_lapa_224', 'swin_base', 0.925, null, null),
]

/** The published checkpoint of that name. Throws `model/unknown`, naming what there is. */
export function findPublished(table: readonly Published[], name: string): Published {
  const found = table.find((item) => item.name === name)
  if (found) return found
  const known = table.map((item) => item.name).join(', ')
  throw new FacetError(
    'model/unknown',
    `No published checkpoint is called ${JSON.stringify(name)}; there are ${known}.`,
    { model: name },
  )
}
