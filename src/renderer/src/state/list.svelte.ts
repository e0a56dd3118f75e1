/**
 * @file The images of the open workspace, what of them is shown and which one is current. Rows live in plain arrays
 * beside a version counter: a proxy around 100,000 rows would cost more than the list itself.
 */
import type { ImageRow, Status } from '../../../shared/api'
import { filterRows, lowerBound, searchKey } from './filter'

export class ImageList {
  search = $state('')
  /** Statuses shown; none chosen means all. */
  statuses: ReadonlySet<Status> = $state.raw(new Set<Status>())
  /** Id of the image on the canvas. */
  current: number | null = $state(null)
  private version = $state(0)
  private rows: ImageRow[] = []
  private keys: string[] = []
  private places = new Map<number, number>()

  readonly filtered = $derived.by(() => {
    void this.version
    return filterRows(this.rows, this.keys, this.search, this.statuses)
  })
  /** All images of the workspace. */
  readonly total = $derived.by(() => {
    void this.version
    return this.rows.length
  })
  readonly currentRow = $derived(this.current === null ? null : this.row(this.current))
  /** Position of the current image among the shown ones; -1 where the filter hides it. */
  readonly position = $derived.by(() => {
    const place = this.placeOf(this.current)
    if (place < 0) return -1
    const position = lowerBound(this.filtered.visible, place)
    return this.filtered.visible[position] === place ? position : -1
  })

  row(id: number): ImageRow | null {
    void this.version
    return this.rows[this.places.get(id) ?? -1] ?? null
  }

  /** The row at a position among the shown ones. */
  shownAt(position: number): ImageRow | null {
    return this.rows[this.filtered.visible[position] ?? -1] ?? null
  }

  clear(): void {
    this.rows = []
    this.keys = []
    this.places = new Map()
    this.current = null
    this.search = ''
    this.statuses = new Set()
    this.version++
  }

  /** The backend's full list; rows that an event brought in the meantime stay, at the end. */
  replace(rows: readonly ImageRow[]): void {
    const early = this.rows
    this.rows = []
    this.keys = []
    this.places = new Map()
    this.put(rows)
    this.put(early.filter((row) => !this.places.has(row.id)))
  }

  /** Adds new rows at the end and renews known ones. */
  put(rows: readonly ImageRow[]): void {
    for (const row of rows) {
      const place = this.places.get(row.id) ?? this.rows.length
      this.places.set(row.id, place)
      this.rows[place] = row
      this.keys[place] = searchKey(row.name)
    }
    this.version++
  }

  setStatus(id: number, status: Status): void {
    const row = this.row(id)
    if (row && row.status !== status) this.put([{ ...row, status }])
  }

  toggleStatus(status: Status): void {
    const statuses = new Set(this.statuses)
    if (!statuses.delete(status)) statuses.add(status)
    this.statuses = statuses
  }

  /**
   * The shown row `step` rows from the current one, held at the ends; null where there is none other. With `open`, the
   * nearest in that direction that is not accepted. A current image that the filter hides counts from its own place.
   */
  neighbour(step: number, open = false): ImageRow | null {
    const { visible } = this.filtered
    const place = this.placeOf(this.current)
    const hidden = this.position < 0
    const from = lowerBound(visible, place)
    if (open) {
      for (let i = hidden && step > 0 ? from : from + step; i >= 0 && i < visible.length; i += step) {
        const row = this.shownAt(i)
        if (row && row.status !== 'accepted') return row
      }
      return null
    }
    const to = hidden && step > 0 ? from + step - 1 : from + step
    const row = this.shownAt(Math.min(Math.max(to, 0), visible.length - 1))
    return row?.id === this.current ? null : row
  }

  /** Ids of the next untouched rows after the current one: what to predict ahead. */
  upcoming(count: number): number[] {
    const { visible } = this.filtered
    const ids: number[] = []
    const start = lowerBound(visible, this.placeOf(this.current) + 1)
    for (let i = start; i < Math.min(visible.length, start + 4 * count) && ids.length < count; i++) {
      const row = this.shownAt(i)
      if (row?.status === 'untouched') ids.push(row.id)
    }
    return ids
  }

  private placeOf(id: number | null): number {
    void this.version
    return id === null ? -1 : (this.places.get(id) ?? -1)
  }
}
