/**
 * @file The store's history told the slow way, for the fuzz: a face as a list of pixels, undo as whole states kept in
 * two stacks. Shares no code with the store but the part names' count.
 */
import type { PartOrigin } from '../../src/shared/answers'
import type { Status } from '../../src/shared/terms'
import { PART_COUNT } from '../../src/shared/labels'
import type { MaskPatch } from '../../src/shared/patch'

interface State {
  pixels: number[]
  origins: PartOrigin[]
}

const parts = Array.from({ length: PART_COUNT }, (_, part) => part)
const has = (bits: number | undefined, part: number) => Math.floor((bits ?? 0) / 2 ** part) % 2 === 1

export class SlowFace {
  now: State
  #past: State[] = []
  #future: State[] = []
  review: 'accepted' | 'flagged' | null = null

  constructor(
    readonly width: number,
    height: number,
  ) {
    this.now = { pixels: new Array<number>(width * height).fill(0), origins: parts.map(() => 'none') }
  }

  get canUndo(): boolean {
    return this.#past.length > 0
  }

  get canRedo(): boolean {
    return this.#future.length > 0
  }

  get status(): Status {
    if (this.review) return this.review
    if (this.now.origins.some((origin) => origin === 'hand' || origin === 'import')) return 'corrected'
    return this.now.origins.includes('model') ? 'predicted' : 'untouched'
  }

  get areas(): number[] {
    return parts.map((part) => this.now.pixels.filter((bits) => has(bits, part)).length)
  }

  commit({ rect, set, clear }: MaskPatch, edited: number): void {
    const pixels = this.now.pixels.slice()
    for (let y = 0; y < rect.height; y++) {
      for (let x = 0; x < rect.width; x++) {
        const from = y * rect.width + x
        const to = (rect.y + y) * this.width + rect.x + x
        for (const part of parts) {
          const was = has(pixels[to], part)
          const is = has(set[from], part) || (was && !has(clear[from], part))
          pixels[to] = (pixels[to] ?? 0) + (Number(is) - Number(was)) * 2 ** part
        }
      }
    }
    const touched = parts.filter((part) =>
      pixels.some((bits, i) => has(bits, part) !== has(this.now.pixels[i], part)),
    )
    if (touched.length === 0) return
    const origins = this.now.origins.map((origin, part) =>
      touched.includes(part) || part === edited ? 'hand' : origin,
    )
    this.#advance({ pixels, origins }, true)
  }

  predict(labels: ArrayLike<number>, force: boolean): void {
    const kept = parts.filter((part) => !force && ['hand', 'import'].includes(this.now.origins[part] ?? ''))
    const pixels = this.now.pixels.map((bits, i) => {
      const held = kept.filter((part) => has(bits, part))
      if (held.length > 0) return held.reduce((sum, part) => sum + 2 ** part, 0)
      const part = (labels[i] ?? 0) - 1
      return part >= 0 && !kept.includes(part) ? 2 ** part : 0
    })
    this.#replace({
      pixels,
      origins: this.now.origins.map((origin, part) => (kept.includes(part) ? origin : 'model')),
    })
  }

  import(bits: ArrayLike<number>): void {
    this.#replace({ pixels: Array.from(bits), origins: parts.map(() => 'import') })
  }

  undo(): boolean {
    return this.#walk(this.#past, this.#future)
  }

  redo(): boolean {
    return this.#walk(this.#future, this.#past)
  }

  #walk(from: State[], to: State[]): boolean {
    const state = from.pop()
    if (!state) return false
    to.push(this.now)
    this.#become(state)
    return true
  }

  #replace(next: State): void {
    const before = this.now
    const nothing = before.origins.every((origin) => origin === 'none')
    const samePixels = before.pixels.every((bits, i) => bits === next.pixels[i])
    const sameDecisions = before.origins.every(
      (origin, part) => origin === 'none' || origin === next.origins[part],
    )
    if (!nothing && !(samePixels && sameDecisions)) return this.#advance(next, true)
    if (samePixels) {
      // Only parts that nobody had decided are decided now; that holds for the states before and after as well.
      for (const state of [...this.#past, ...this.#future]) {
        for (const part of parts) {
          if (before.origins[part] === 'none' && state.origins[part] === 'none')
            state.origins[part] = next.origins[part] ?? 'none'
        }
      }
    }
    this.#advance(next, false)
  }

  #advance(next: State, undoable: boolean): void {
    if (undoable) this.#past.push(this.now)
    if (undoable || next.pixels.some((bits, i) => bits !== this.now.pixels[i])) this.#future = []
    this.#become(next)
  }

  #become(next: State): void {
    const changed = next.pixels.some((bits, i) => bits !== this.now.pixels[i])
    if (changed && this.review === 'accepted') this.review = null
    this.now = next
  }
}
