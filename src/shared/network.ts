/**
 * @file What Facet must know of a network that it did not build itself: how pictures go in and which classes come out.
 * SegFace's own networks all have the same description.
 */
import type { Channel } from './labels'

/** Datasets that face parsers are trained on; `other` is one that Facet knows nothing of. */
export const CLASS_SETS = ['celebamask-hq', 'lapa', 'helen', 'other'] as const
export type ClassSet = (typeof CLASS_SETS)[number]

export const DATASET_NAMES: Readonly<Record<ClassSet, string>> = {
  'celebamask-hq': 'CelebAMask-HQ',
  lapa: 'LaPa',
  helen: 'Helen',
  other: 'another dataset',
}

export const RESIZE_FILTERS = ['bicubic', 'bilinear'] as const
export const COLOUR_ORDERS = ['RGB', 'BGR'] as const
/** One number each for the three colours. */
export type Triple = [number, number, number]

/** A picture's bytes to numbers: resized to R x R as Pillow does, divided by 255, then (x - mean) / std by channel. */
export interface Preprocessing {
  resize: (typeof RESIZE_FILTERS)[number]
  /** In the order of `colours`, of values in 0..1; a standard deviation of 1/255 gives bytes as they are. */
  mean: Triple
  std: Triple
  colours: (typeof COLOUR_ORDERS)[number]
}

/** An ONNX file's ends: a float32 picture [1, 3, R, R] in, float32 logits [1, C, h, w] out, which are upsampled. */
export interface OnnxPorts {
  input: string
  output: string
  /** The class of each of the C channels; null where it is none of ours. */
  classes: Channel[]
}

export interface OnnxDescription extends OnnxPorts {
  preprocessing: Preprocessing
}

/** The sides R that a network may be used at. */
export const MIN_SIDE = 32
export const MAX_SIDE = 4096

/** How an ONNX file of others is fed and read, and at which side. */
export interface OnnxUse {
  resolution: number
  onnx: OnnxDescription
}

/** Published face parsers whose ONNX exports Facet knows how to use. */
export const PRESET_NAMES = ['segformer', 'bisenet', 'farl-celebm', 'farl-lapa'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

/** torchvision's constants of ImageNet, red, green, blue: what SegFace and most others normalise with. */
export const IMAGENET_MEAN: Triple = [0.485, 0.456, 0.406]
export const IMAGENET_STD: Triple = [0.229, 0.224, 0.225]

export const NORMALISATION_NAMES = ['imagenet', 'unit', 'signed', 'bytes'] as const
export type Normalisation = (typeof NORMALISATION_NAMES)[number]
/** Usual ways to scale a picture's red, green and blue: to ImageNet's statistics, to 0..1, to -1..1, not at all (0..255). */
export const NORMALISATIONS: Readonly<
  Record<Normalisation, { readonly mean: Triple; readonly std: Triple }>
> = {
  imagenet: { mean: IMAGENET_MEAN, std: IMAGENET_STD },
  unit: { mean: [0, 0, 0], std: [1, 1, 1] },
  signed: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  bytes: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
}

export const SEGFACE_PREPROCESSING: Preprocessing = {
  resize: 'bicubic',
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  colours: 'RGB',
}
