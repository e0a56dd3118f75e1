/** @file Comparing arrays of numbers within a tolerance that the caller states. */
import { expect } from 'vitest'

/** The largest absolute difference; infinite where lengths differ or anything is not finite. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity
  let worst = 0
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number))
    if (!(difference <= worst)) worst = Number.isFinite(difference) ? difference : Infinity
  }
  return worst
}

/** Fails unless |actual - expected| ≤ atol + rtol · |expected| for every element, naming the first that is not. */
export function expectAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol, rtol = 0 }: { atol: number; rtol?: number },
): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number]
    if (!(Math.abs(a - e) <= atol + rtol * Math.abs(e))) {
      expect.fail(
        `element ${i} is ${a}, expected ${e} (largest difference ${maxDifference(actual, expected)})`,
      )
    }
  }
}
