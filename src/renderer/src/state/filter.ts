/** @file Which rows of the image list are shown: one pass over plain arrays, so that 100,000 rows stay quick. */
import type { ImageRow } from '../../../shared/answers'
import type { Status } from '../../../shared/terms'

/** In the order in which an image goes through them; the contract's list, without its checker. */
export const STATUS_ORDER = [
  'untouched',
  'predicted',
  'corrected',
  'accepted',
  'flagged',
] as const satisfies readonly Status[]

export interface Filtered {
  /** Positions in the full list of the rows to show, ascending. */
  readonly visible: readonly number[]
  /** Rows per status that match the search, whatever statuses are chosen. */
  readonly counts: Readonly<Record<Status, number>>
  /** Golden rows that match the search. */
  readonly golden: number
  /** Rows that match the search. */
  readonly matching: number
}

/** What a search compares: lower case, and composed, since macOS hands out decomposed Hangul. */
export function searchKey(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** `keys[i]` is `searchKey` of row `i`'s name; an empty `statuses` means every status. */
export function filterRows(
  rows: readonly ImageRow[],
  keys: readonly string[],
  search: string,
  statuses: readonly Status[],
  onlyGolden = false,
): Filtered {
  const wanted = searchKey(search.trim())
  const counts: Record<Status, number> = { untouched: 0, predicted: 0, corrected: 0, accepted: 0, flagged: 0 }
  const visible: number[] = []
  let golden = 0
  let matching = 0
  for (const [index, row] of rows.entries()) {
    if (wanted !== '' && !keys[index]?.includes(wanted)) continue
    matching++
    counts[row.status]++
    if (row.golden) golden++
    else if (onlyGolden) continue
    if (statuses.length === 0 || statuses.includes(row.status)) visible.push(index)
  }
  return { visible, counts, golden, matching }
}

/** The first position in ascending `visible` whose entry is at least `index`; its length where none is. */
export function lowerBound(visible: readonly number[], index: number): number {
  let low = 0
  let high = visible.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((visible[middle] as number) < index) low = middle + 1
    else high = middle
  }
  return low
}
