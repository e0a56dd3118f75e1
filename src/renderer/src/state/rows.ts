/** @file The image rows as plain arrays with an index by id; whoever shows them counts versions beside it. */
import type { ImageRow } from '../../../shared/answers'
import { searchKey } from './filter'

export class Rows {
  /** In the list's order. */
  readonly items: ImageRow[] = []
  /** `searchKey` of each row's name, made once. */
  readonly keys: string[] = []
  private readonly places = new Map<number, number>()

  /** Where an image stands; -1 where it is not there. */
  placeOf(id: number | null): number {
    return id === null ? -1 : (this.places.get(id) ?? -1)
  }

  get(id: number): ImageRow | null {
    return this.items[this.placeOf(id)] ?? null
  }

  /** Adds new rows at the end and renews known ones. */
  put(rows: readonly ImageRow[]): void {
    for (const row of rows) {
      const place = this.places.get(row.id) ?? this.items.length
      this.places.set(row.id, place)
      this.items[place] = row
      this.keys[place] = searchKey(row.name)
    }
  }

  clear(): void {
    this.items.length = 0
    this.keys.length = 0
    this.places.clear()
  }

  /** Puts `rows` first in their order; rows known before that are not among them follow. */
  replace(rows: readonly ImageRow[]): void {
    const early = [...this.items]
    this.clear()
    this.put(rows)
    this.put(early.filter((row) => !this.places.has(row.id)))
  }
}
