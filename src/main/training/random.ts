/** @file Random numbers that follow from a seed and a place, so that a run which resumes draws what it would have drawn. */

/** A stream of numbers in [0, 1). */
export interface Random {
  uniform(): number
  /** Standard normal, by Box and Muller. */
  normal(): number
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number
}

/** The stream of `keys`, whole numbers: equal keys give equal streams. Mixing as in MurmurHash3's finaliser. */
export function randomOf(...keys: readonly number[]): Random {
  let state = keys.reduce((hash, key) => mix(hash ^ mix((key + 0x9e3779b9) | 0)), 0x243f6a88)
  const uniform = (): number => {
    state = (state + 0x9e3779b9) | 0
    return (mix(state) >>> 0) / 2 ** 32
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (below) => Math.floor(uniform() * below),
  }
}

function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** `items` in a random order, as a new list (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = [...items]
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const [a, b] = [list[i] as T, list[j] as T]
    list[i] = b
    list[j] = a
  }
  return list
}
