/**
 * @file The images of the open workspace, what of them is shown and which one is current. Rows stay plain, with a
 * version counter beside them: a proxy around 100,000 rows would cost more than the list itself.
 */
import type { ImageRow } from '../../../shared/answers'
import type { Status } from '../../../shared/terms'
import { filterRows, lowerBound } from './filter'
import { Rows } from './rows'

export class ImageList {
  search = $state('')
  /** Statuses shown; none chosen means all. */
  statuses: readonly Status[] = $state.raw([])
  /** Only golden faces are shown. */
  onlyGolden = $state(false)
  /** Id of the image on the canvas. */
  current: number | null = $state(null)
  private readonly plain = new Rows()
  /** Rows put while the full list is on its way; null while none is. */
  private newer: ImageRow[] | null = null
  private version = $state(0)

  readonly filtered = $derived.by(() => {
    const { items, keys } = this.rows()
    return filterRows(items, keys, this.search, this.statuses, this.onlyGolden)
  })
  /** All images of the workspace. */
  readonly total = $derived.by(() => this.rows().items.length)
  readonly currentRow = $derived.by(() => (this.current === null ? null : this.row(this.current)))
  /** Position of the current image among the shown ones; -1 where the filter hides it. */
  readonly position = $derived.by(() => {
    const { visible } = this.filtered
    const place = this.rows().placeOf(this.current)
    const position = lowerBound(visible, place)
    return place >= 0 && visible[position] === place ? position : -1
  })

  row(id: number): ImageRow | null {
    return this.rows().get(id)
  }

  /** The row at a position among the shown ones. */
  shownAt(position: number): ImageRow | null {
    return this.rows().items[this.filtered.visible[position] ?? -1] ?? null
  }

  /** Ids of all shown rows. */
  shownIds(): number[] {
    const { items } = this.rows()
    return this.filtered.visible.flatMap((place) => items[place]?.id ?? [])
  }

  /** Empties the list and what was searched in it. */
  clear(): void {
    this.plain.clear()
    this.current = null
    this.search = ''
    this.statuses = []
    this.onlyGolden = false
    this.version++
  }

  /** Takes the backend's full list when `read` has it; what events brought in the meantime is newer and stays. */
  async load(read: () => Promise<readonly ImageRow[]>): Promise<void> {
    const newer: ImageRow[] = []
    this.newer = newer
    try {
      this.replace(await read())
    } finally {
      if (this.newer === newer) this.newer = null
    }
    this.put(newer)
  }

  /** Takes the backend's full list; rows that it does not have stay, at the end. */
  replace(rows: readonly ImageRow[]): void {
    this.plain.replace(rows)
    this.version++
  }

  /** Adds new rows at the end and renews known ones. */
  put(rows: readonly ImageRow[]): void {
    this.newer?.push(...rows)
    this.plain.put(rows)
    this.version++
  }

  setStatus(id: number, status: Status): void {
    const row = this.plain.get(id)
    if (row && row.status !== status) this.put([{ ...row, status }])
  }

  toggleStatus(status: Status): void {
    this.statuses = this.statuses.includes(status)
      ? this.statuses.filter((item) => item !== status)
      : [...this.statuses, status]
  }

  /**
   * The shown row `step` rows from the current one, held at the ends; null where there is none other. A current image
   * that the filter hides counts from its own place between the others.
   */
  neighbour(step: number): ImageRow | null {
    const last = this.filtered.visible.length - 1
    const row = this.shownAt(Math.min(Math.max(this.towards(step), 0), last))
    return row?.id === this.current ? null : row
  }

  /** The nearest shown row in a direction (1 or -1) that is not accepted. */
  nextOpen(direction: 1 | -1): ImageRow | null {
    for (let position = this.towards(direction); ; position += direction) {
      const row = position < 0 ? null : this.shownAt(position)
      if (row?.status !== 'accepted') return row
    }
  }

  /** Ids of the next rows after the current one that have such a status: what to predict ahead. */
  upcoming(count: number, statuses: readonly Status[]): number[] {
    const start = lowerBound(this.filtered.visible, this.rows().placeOf(this.current) + 1)
    const near = Array.from({ length: 4 * count }, (_, i) => this.shownAt(start + i))
    return near.flatMap((row) => (row && statuses.includes(row.status) ? [row.id] : [])).slice(0, count)
  }

  /** The position `step` rows from the current image, which need not be shown itself. */
  private towards(step: number): number {
    if (this.position >= 0) return this.position + step
    const from = lowerBound(this.filtered.visible, this.rows().placeOf(this.current))
    return step > 0 ? from + step - 1 : from + step
  }

  /** The rows, in a way that what reads them runs again when they change. */
  private rows(): Rows {
    void this.version
    return this.plain
  }
}
