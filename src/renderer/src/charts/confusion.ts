/** @file A confusion matrix as shares of what is truly there, and which mistakes weigh most. */

/** Each row of pixel counts [true][predicted] divided by its sum; null for a class that is not there. */
export function rowShares(confusion: readonly (readonly number[])[]): (readonly number[] | null)[] {
  return confusion.map((row) => {
    const sum = row.reduce((total, count) => total + count, 0)
    return sum === 0 ? null : row.map((count) => count / sum)
  })
}

export interface Mistake {
  /** Class numbers. */
  readonly truth: number
  readonly taken: number
  /** Part of the true class' pixels, 0..1. */
  readonly share: number
}

/** The `count` largest shares off the diagonal, largest first, leaving out those below `least`. */
export function worstMistakes(
  confusion: readonly (readonly number[])[],
  count: number,
  least = 0.01,
): Mistake[] {
  return rowShares(confusion)
    .flatMap((row, truth) => (row ?? []).map((share, taken): Mistake => ({ truth, taken, share })))
    .filter(({ truth, taken, share }) => truth !== taken && share >= least)
    .sort((a, b) => b.share - a.share)
    .slice(0, count)
}
