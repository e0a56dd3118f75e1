/**
 * @file Face parsers of others that are exported to ONNX, as declarative descriptions: what they are fed, and in which order their
 * classes come out. Facts from their repositories; class orders in shared/labels.ts.
 */
import { CLASS_ORDERS, type ClassOrder } from '../../shared/labels'
import {
  DATASET_NAMES,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type ClassSet,
  type PresetName,
  type Preprocessing,
} from '../../shared/network'

export interface Preset {
  readonly name: PresetName
  readonly title: string
  /** Where it is published. */
  readonly source: string
  /** Side it is used at where the file leaves it open. */
  readonly resolution: number
  readonly preprocessing: Preprocessing
  readonly order: ClassOrder
  readonly classSet: ClassSet
  readonly licence: string
  /** What a file of it looks like, beside its number of classes; left out where nothing tells it from others. */
  readonly looks?: { readonly input?: string; readonly maps?: number }
  /** What a user must know, for the card. */
  readonly note?: string
}

const IMAGENET_BILINEAR: Preprocessing = {
  resize: 'bilinear',
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  colours: 'RGB',
}
/** FaRL takes pictures in 0..1 as they are. */
const UNIT: Preprocessing = { resize: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1], colours: 'RGB' }

function terms(code: string, dataset: ClassSet): string {
  return `${code}; trained on ${DATASET_NAMES[dataset]}, which is for non-commercial research and education only.`
}

/** The first that fits a file is proposed. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'segformer',
    title: 'SegFormer-B5 (jonathandinu/face-parsing)',
    source: 'https://huggingface.co/jonathandinu/face-parsing',
    resolution: 512,
    preprocessing: IMAGENET_BILINEAR,
    order: 'maskgan',
    classSet: 'celebamask-hq',
    licence: terms("NVIDIA's SegFormer weights are non-commercial", 'celebamask-hq'),
    looks: { input: 'pixel_values' },
    note: 'Copies from before January 2024 name its classes wrongly in config.json; Facet goes by their true order.',
  },
  {
    name: 'bisenet',
    title: 'BiSeNet (zllrunning, yakhyo, facefusion)',
    source: 'https://github.com/zllrunning/face-parsing.PyTorch and https://github.com/yakhyo/face-parsing',
    resolution: 512,
    preprocessing: IMAGENET_BILINEAR,
    order: 'zllrunning',
    classSet: 'celebamask-hq',
    licence: terms('MIT (code and weights)', 'celebamask-hq'),
    // The map itself and two of its auxiliary heads.
    looks: { maps: 3 },
    note: "zllrunning's training mirrored faces without exchanging left and right, so its weights may confuse the sides; yakhyo's did exchange them.",
  },
  {
    name: 'farl-celebm',
    title: 'FaRL on CelebAMask-HQ (facer celebm)',
    source: 'https://github.com/FacePerceiver/facer',
    resolution: 448,
    preprocessing: UNIT,
    order: 'segface',
    classSet: 'celebamask-hq',
    licence: terms('MIT (code and weights)', 'celebamask-hq'),
  },
  {
    name: 'farl-lapa',
    title: 'FaRL on LaPa (facer lapa)',
    source: 'https://github.com/FacePerceiver/facer',
    resolution: 448,
    preprocessing: UNIT,
    order: 'lapa',
    classSet: 'lapa',
    licence: terms('MIT (code and weights)', 'lapa'),
  },
]

/** Channels of a preset's logits. */
export function channelCount({ order }: Preset): number {
  return CLASS_ORDERS[order].length
}
