/** @file What a model scores on a dataset, and by which rules: what `facet test` prints. Names and fractions as design.md promises. */
import type { Complaint } from './answers'
import type { Provider, Split } from './terms'
import type { ClassName, PaintOrder } from './labels'

export const TEST_SPLITS = ['train', 'val', 'test', 'all'] as const satisfies readonly (Split | 'all')[]
export type TestSplit = (typeof TEST_SPLITS)[number]

type ByClass<T> = Readonly<Record<ClassName, T>>

export interface TestReport {
  readonly images: number
  readonly resolution: number
  /** Painting order of the ground truth. */
  readonly order: PaintOrder
  readonly classes: readonly ClassName[]
  /** Fractions; null for a class that is in neither masks nor predictions. */
  readonly f1: ByClass<number | null>
  readonly iou: ByClass<number | null>
  /** Pixels of the ground truth at `resolution`. */
  readonly support: ByClass<number>
  /** Over the parts that are present, without background; null where there is none. */
  readonly mean_f1: number | null
  /** Over all 19 classes with background, an absent one as 0. */
  readonly mean_iou_paper: number
  readonly pixel_accuracy: number | null
  /** Pixels by true class (row) and predicted class (column), in `classes`' order. */
  readonly confusion: readonly (readonly number[])[]
  readonly protocol: TestProtocol
}

/** The card that belongs to every score: without it, two numbers cannot be compared. */
export interface TestProtocol {
  /** Whose rules these are. */
  readonly preset: 'SegFace'
  /** Registry id or file, and the SHA-256 of its weights' file, or of the digests of several (filesOf). */
  readonly model: string
  readonly weights_sha256: string
  /** What it cannot do, in sentences; a part that it does not know scores 0 where it is in the ground truth. */
  readonly limits: readonly string[]
  readonly provider: Provider
  readonly facet: string
  readonly onnxruntime: string

  readonly dataset: string
  readonly dataset_kind: 'celebamask-hq' | 'workspace'
  readonly split: TestSplit
  readonly split_chosen: string
  /** Only the first so many were scored; null for all. */
  readonly limit: number | null
  /** SHA-256 of the scored photos' names below the dataset, in its order, each ended by a line feed. */
  readonly ids_sha256: string
  /** Images whose ground truth holds the class. */
  readonly images_per_class: ByClass<number>
  readonly left_out: readonly Complaint[]

  readonly ground_truth: string
  readonly class_order: 'SegFace'
  readonly painting_order: PaintOrder
  /** Where pixels are counted, not where masks were drawn. */
  readonly resolution_scored: number
  readonly picture_kernel: string
  readonly label_kernel: string
  readonly logits_kernel: string
  readonly ignored_label: 255
  readonly background_in_mean_f1: false
  readonly background_in_mean_iou_paper: true
  readonly averaging: string
  readonly absent_class: string
}

/**
 * How far a class' F1 fell from one model to another on the same faces. Where it is in neither masks nor predictions nothing
 * is wrong: to find it there is the whole fall, to find it no more the whole rise.
 */
export function f1Fall(from: number | null, to: number | null): number {
  return (from ?? 1) - (to ?? 1)
}
