/** @file Chance that repeats: a small seeded generator for the editor's random tests (mulberry32). */

export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed * 0x9e3779b9
  }

  /** A real number in 0..1, 1 excluded. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A real number in `low`..`high`. */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  /** A whole number in `low`..`high`, both included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1))
  }

  of<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T
  }
}
