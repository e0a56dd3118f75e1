/** @file The frame loop: gathers what changed, draws it once a frame at the screen's own resolution, and tells when it is seen. */
import { Display, type ByteMap, type Look } from './display'
import type { MaskDocument } from './document'
import { StrokeTimer } from './timing'
import type { Size, Viewport } from './viewport'

/** What is to be seen, asked for at each frame. */
export interface Scene {
  readonly view: Viewport
  /** The photo's size in image pixels; its bitmap may be smaller. */
  readonly image: Size
  readonly look: Look
}

export class Stage {
  readonly #display: Display
  readonly #resizing: ResizeObserver
  readonly #timer = new StrokeTimer()
  #document: MaskDocument | null = null
  #frame = 0
  /** The whole picture must be drawn, not only changed pixels. */
  #stale = true
  #waiting: (() => void)[] = []

  /** `onSize` hears the canvas' size in CSS pixels and the device pixels per CSS pixel. Throws as Display does. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly scene: () => Scene,
    readonly onSize: (size: Size, ratio: number) => void,
  ) {
    this.#display = new Display(canvas)
    this.#resizing = new ResizeObserver(() => {
      this.#fitCanvas()
      this.#draw() // a resized canvas is empty: fill it before it is seen
    })
    this.#resizing.observe(canvas)
    this.#fitCanvas()
  }

  /** The GPU lost its memory and works again: `listener` must `show` anew. */
  onRestored(listener: () => void): void {
    this.#display.onRestored = listener
  }

  /** Shows another photo and its masks from the next frame on. Throws where the masks are too large for the GPU. */
  show(photo: ImageBitmap, document: MaskDocument): void {
    this.#display.showPhoto(photo)
    this.#display.showMasks(document.map)
    document.unseen.clear()
    this.#document = document
    this.invalidate()
  }

  /** How sure the model is of each mask pixel, where that is to be seen; null forgets it. */
  showSureness(map: ByteMap | null): void {
    this.#display.showSureness(map)
    this.invalidate()
  }

  /** Shows nothing. */
  clear(): void {
    this.#display.dispose()
    this.#document = null
    this.invalidate()
  }

  /** Asks for a frame in which everything may look different. */
  invalidate(): void {
    this.#stale = true
    this.#request()
  }

  /** Asks for a frame for the document's unseen pixels; `timeStamp`, the pointer event's they come from, is measured. */
  painted(timeStamp: number | null = null): void {
    if (!this.#document || this.#document.unseen.isEmpty) return
    if (timeStamp !== null) this.#timer.began(timeStamp)
    this.#request()
  }

  /** Resolves when the next frame is drawn. */
  drawn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#request()
    })
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame)
    this.#resizing.disconnect()
    this.#display.dispose()
    this.#wake()
  }

  #request(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0
      if (this.canvas.width !== Math.round(this.canvas.clientWidth * devicePixelRatio)) this.#fitCanvas()
      this.#draw()
    })
  }

  #draw(): void {
    const changed = this.#document ? this.#display.update(this.#document.map, this.#document.unseen) : []
    if (this.#stale || changed.length > 0) {
      const { view, image, look } = this.scene()
      this.#display.draw(view, image, devicePixelRatio, look, this.#stale ? null : changed)
    }
    this.#stale = false
    this.#timer.drawn()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #fitCanvas(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas
    this.canvas.width = Math.round(width * devicePixelRatio)
    this.canvas.height = Math.round(height * devicePixelRatio)
    this.#stale = true
    this.onSize({ width, height }, devicePixelRatio)
  }
}
