/** @file The editor without a screen, driven as a hand would: canvas points are mask points, a texture is an array. */
import type { HistoryState } from '../../src/shared/answers'
import type { PartMap } from '../../src/shared/mask'
import type { Desk, PointerInput, ToolName } from '../../src/renderer/src/editor/desk'
import { MaskDocument } from '../../src/renderer/src/editor/document'
import { mixInk, pickPart, type Ink, type Overlap } from '../../src/renderer/src/editor/ink'
import { SerialQueue } from '../../src/renderer/src/editor/queue'
import { FaceSession } from '../../src/renderer/src/editor/session'
import { Toolbox } from '../../src/renderer/src/editor/toolbox'
import type { Point } from '../../src/renderer/src/editor/viewport'
import type { MemoryStore } from './memory-store'

const PLAIN: Omit<PointerInput, 'samples'> = { pen: false, button: 'left', alt: false, space: false }

export class TestEditor implements Desk {
  tool: ToolName = 'brush'
  part = 0
  overlap: Overlap = 'take'
  locked = new Set<number>()
  brushSize = 5
  readonly maskScale = 1
  panned = { x: 0, y: 0 }
  /** What the session told. */
  readonly errors: unknown[] = []
  readonly states: HistoryState[] = []
  readonly document: MaskDocument
  readonly queue = new SerialQueue()
  readonly session: FaceSession
  readonly toolbox = new Toolbox(this)
  /** The masks as the GPU has them: written by `frame` only. */
  readonly texture: Uint32Array

  constructor(readonly store: MemoryStore) {
    const { width, height, bits } = store.map
    this.document = new MaskDocument({ width, height, bits: bits.slice() })
    this.texture = bits.slice()
    this.session = new FaceSession(store, this.queue, 1, 1, this.document, {
      stored: (state) => this.states.push(state),
      changed: () => undefined,
      reread: () => undefined,
      failed: (error) => this.errors.push(error),
    })
  }

  get path(): string {
    return this.toolbox.path
  }
  get map(): PartMap {
    return this.document.map
  }

  down(x: number, y: number, how: Partial<PointerInput> = {}): this {
    this.toolbox.pointerDown({ ...PLAIN, samples: [{ x, y, pressure: 0.5 }], ...how })
    return this
  }
  move(...points: [number, number][]): this {
    this.toolbox.pointerMove({ ...PLAIN, samples: points.map(([x, y]) => ({ x, y, pressure: 0.5 })) })
    return this
  }
  up(): this {
    this.toolbox.finish()
    return this
  }
  idle(): Promise<void> {
    return this.queue.idle()
  }

  /** Sends what is unseen to the texture, tile by tile, and nothing else. */
  frame(): void {
    const { width, bits } = this.map
    for (const rect of this.document.unseen.rects()) {
      for (let y = rect.y; y < rect.y + rect.height; y++) {
        const start = y * width + rect.x
        this.texture.set(bits.subarray(start, start + rect.width), start)
      }
    }
    this.document.unseen.clear()
  }

  /** All of a part, as one operation. */
  clear(part: number): void {
    const ink = mixInk(part, true, 'take', this.#lockedBits())
    if (!ink) return
    this.document.begin()
    for (let y = 0; y < this.map.height; y++) this.document.paint(y, 0, this.map.width, ink)
    const edit = this.document.finish()
    if (edit) this.session.commit(edit, 'operation', 'clear', part)
  }

  toMask(point: Point): Point {
    return point
  }
  panBy(dx: number, dy: number): void {
    this.panned = { x: this.panned.x + dx, y: this.panned.y + dy }
  }
  mixInk(erase: boolean): Ink | null {
    return mixInk(this.part, erase, this.overlap, this.#lockedBits())
  }
  pick(point: Point): void {
    this.part = pickPart(this.document.bitsAt(point.x, point.y), -1, null) ?? this.part
  }
  commit(label: string): void {
    const edit = this.document.finish()
    if (edit) this.session.commit(edit, 'stroke', label, this.part)
  }

  #lockedBits(): number {
    return [...this.locked].reduce((bits, part) => bits | (1 << part), 0)
  }
}
