/** @file A few of many. */
import { at } from '../../shared/assert'

/** At most `most` of `items`, in their order, evenly over all: the first one, and one at each of `most` equal distances. */
export function spread<T>(items: readonly T[], most: number): T[] {
  const count = Math.min(items.length, most)
  return Array.from({ length: count }, (_, i) => at(items, Math.floor((i * items.length) / count)))
}
