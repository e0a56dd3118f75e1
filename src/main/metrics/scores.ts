/**
 * @file What a confusion matrix comes to, as face parsing's papers count: F1 and IoU of each class, and their means. Of a
 * dataset's matrix, not means over images. Definitions: SegFace's inference.py (Kartik-3004/SegFace), except that a class
 * nobody drew is left out where it says NaN.
 */
import { CLASS_NAMES, type ClassName } from '../../shared/labels'
import { classCounts, type ClassCounts, type Confusion } from './confusion'

/** Fractions 0..1. Null where there is nothing to count. */
export interface Scores {
  /** 2 I / (A + B); null for a class that is in neither truth nor prediction. */
  readonly f1: Readonly<Record<ClassName, number | null>>
  /** I / (A + B - I); null likewise. */
  readonly iou: Readonly<Record<ClassName, number | null>>
  /** Pixels of the truth. */
  readonly support: Readonly<Record<ClassName, number>>
  /** Over the 18 parts, without background and absent parts. */
  readonly meanF1: number | null
  /** As papers print it: over all 19 classes, background among them, an absent one as 0. */
  readonly meanIouPaper: number
  /** The mean of I / A over all 19 classes, an absent one as 0. */
  readonly meanAccuracy: number
  readonly pixelAccuracy: number | null
}

export function scoresOf(confusion: Confusion): Scores {
  const counts = classCounts(confusion)
  const f1 = counts.map(({ both, truth, predicted }) => ratio(2 * both, truth + predicted))
  const iou = counts.map(({ both, truth, predicted }) => ratio(both, truth + predicted - both))
  const accuracy = counts.map(({ both, truth }) => ratio(both, truth))
  const sumOf = (key: keyof ClassCounts): number => counts.reduce((sum, count) => sum + count[key], 0)
  return {
    f1: byClass(f1),
    iou: byClass(iou),
    support: byClass(counts.map(({ truth }) => truth)),
    meanF1: mean(f1.slice(1).filter((value) => value !== null)),
    meanIouPaper: meanWithZeros(iou),
    meanAccuracy: meanWithZeros(accuracy),
    pixelAccuracy: ratio(sumOf('both'), sumOf('truth')),
  }
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function mean(values: readonly number[]): number | null {
  return ratio(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  )
}

function meanWithZeros(values: readonly (number | null)[]): number {
  return mean(values.map((value) => value ?? 0)) ?? 0
}

/** Values in SegFace's order under their classes' names. */
function byClass<T>(values: readonly T[]): Record<ClassName, T> {
  return Object.fromEntries(CLASS_NAMES.map((name, k) => [name, values[k]])) as Record<ClassName, T>
}
