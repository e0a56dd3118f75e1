/**
 * @file Which class was taken for which: pixel counts that add up over images. One image's counts are the unit, so that
 * images can be ranked, drawn anew and summed in any way; everything else a scorer says follows from them.
 */
import { at, invariant } from '../../shared/assert'
import { CLASS_NAMES } from '../../shared/labels'
import { ELSEWHERE, IGNORED } from '../../shared/mask'

const CLASSES = CLASS_NAMES.length
const BACKGROUND = 0

/**
 * Pixels by true class (row) and predicted class (column), both in SegFace's numbers, row-major [19, 19]. Floats, since
 * the counts of a dataset pass 2^32 and are exact up to 2^53.
 */
export type Confusion = Float64Array<ArrayBuffer>

export function createConfusion(): Confusion {
  return new Float64Array(CLASSES * CLASSES)
}

/**
 * The counts of one image from its label maps of equal size, SegFace's numbers; pixels whose truth is `IGNORED` are left out,
 * as in SegFace's scorer. Any other number that is no class is a bug of ours.
 *
 * Of a face of which only some parts were `checked` (bits; null: all of it), these alone count: every other class that is
 * predicted counts as background, and so does what lies `ELSEWHERE` where one of these parts is predicted; where none is, the
 * pixel is left out.
 */
export function countPixels(
  truth: Uint8Array,
  predicted: Uint8Array,
  checked: number | null = null,
): Confusion {
  invariant(
    truth.length === predicted.length,
    `${truth.length} true and ${predicted.length} predicted labels are not of one image`,
  )
  const counts = createConfusion()
  for (let i = 0; i < truth.length; i++) {
    const label = truth[i] as number
    if (label === IGNORED) continue
    const said = predicted[i] as number
    const column = checked === null || ((checked << 1) >>> said) & 1 ? said : BACKGROUND
    if (label === ELSEWHERE && column === BACKGROUND) continue
    const row = label === ELSEWHERE ? BACKGROUND : label
    invariant(row < CLASSES && column < CLASSES, `pixel ${i} has the labels ${row} and ${column}`)
    const cell = row * CLASSES + column
    counts[cell] = (counts[cell] as number) + 1
  }
  return counts
}

/** The counts of all images together: the element-wise sum. */
export function sumConfusions(confusions: Iterable<Confusion>): Confusion {
  const sum = createConfusion()
  for (const counts of confusions) {
    invariant(counts.length === sum.length, `${counts.length} counts are no confusion of ${CLASSES} classes`)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (counts[i] as number)
  }
  return sum
}

/** A class in numbers of pixels: where both say so (I), where the truth does (A), where the prediction does (B). */
export interface ClassCounts {
  readonly both: number
  readonly truth: number
  readonly predicted: number
}

/** I, A and B of each class, in SegFace's order. */
export function classCounts(confusion: Confusion): ClassCounts[] {
  return CLASS_NAMES.map((_, k) => {
    let truth = 0
    let predicted = 0
    for (let other = 0; other < CLASSES; other++) {
      truth += at(confusion, k * CLASSES + other)
      predicted += at(confusion, other * CLASSES + k)
    }
    return { both: at(confusion, k * CLASSES + k), truth, predicted }
  })
}

/** The matrix as lists, a row for each true class. */
export function confusionRows(confusion: Confusion): number[][] {
  return CLASS_NAMES.map((_, k) => [...confusion.subarray(k * CLASSES, (k + 1) * CLASSES)])
}
