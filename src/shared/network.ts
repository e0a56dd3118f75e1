/**
 * @file What Facet must know of a network that it did not build itself: how pictures go in and which classes come out. A
 * declarative description, checked where it crosses a border; SegFace's own networks all have the same one.
 */
import { z } from 'zod'
import { CLASS_NAMES } from './labels'

/** Datasets that face parsers are trained on; `other` is one that Facet knows nothing of. */
export const CLASS_SETS = ['celebamask-hq', 'lapa', 'helen', 'other'] as const
export type ClassSet = (typeof CLASS_SETS)[number]

export const DATASET_NAMES: Readonly<Record<ClassSet, string>> = {
  'celebamask-hq': 'CelebAMask-HQ',
  lapa: 'LaPa',
  helen: 'Helen',
  other: 'another dataset',
}

const three = <T extends z.ZodType>(of: T) => z.tuple([of, of, of])

export const RESIZE_FILTERS = ['bicubic', 'bilinear'] as const
export const COLOUR_ORDERS = ['RGB', 'BGR'] as const

/** A picture's bytes to numbers: resized to R x R as Pillow does, divided by 255, then (x - mean) / std by channel. */
export const PREPROCESSING = z.object({
  resize: z.enum(RESIZE_FILTERS),
  /** In the order of `colours`, of values in 0..1; a standard deviation of 1/255 gives bytes as they are. */
  mean: three(z.number().min(-255).max(255)),
  std: three(z.number().min(1e-6).max(255)),
  colours: z.enum(COLOUR_ORDERS).default('RGB'),
})
export type Preprocessing = z.output<typeof PREPROCESSING>

/** An ONNX file's ends: a float32 picture [1, 3, R, R] in, float32 logits [1, C, h, w] out, which are upsampled. */
export const ONNX_PORTS = z.object({
  input: z.string().min(1).max(200),
  output: z.string().min(1).max(200),
  /** The class of each of the C channels; null where it is none of ours. */
  classes: z.array(z.enum(CLASS_NAMES).nullable()).min(2).max(256),
})

export const ONNX_DESCRIPTION = ONNX_PORTS.extend({ preprocessing: PREPROCESSING })
export type OnnxDescription = z.output<typeof ONNX_DESCRIPTION>

/** Published face parsers whose ONNX exports Facet knows how to use. */
export const PRESET_NAMES = ['segformer', 'bisenet', 'farl-celebm', 'farl-lapa'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

/** torchvision's constants of ImageNet, red, green, blue: what SegFace and most others normalise with. */
export const IMAGENET_MEAN: Preprocessing['mean'] = [0.485, 0.456, 0.406]
export const IMAGENET_STD: Preprocessing['std'] = [0.229, 0.224, 0.225]

export const SEGFACE_PREPROCESSING: Preprocessing = {
  resize: 'bicubic',
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  colours: 'RGB',
}
