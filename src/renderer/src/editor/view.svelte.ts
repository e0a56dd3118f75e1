/** @file The view of the open photo as runes: where it lies on the canvas, how far in, and the way between the grids. */
import { canvasToMask, centreView, fitView, keepInSight, maskToCanvas, panBy, zoomAt } from './viewport'
import type { Point, Size, Viewport } from './viewport'

export class ViewState {
  /** The mask grid, in pixels; 0 while nothing is open. */
  width = $state(0)
  height = $state(0)
  /** The upright photo, in pixels; 0 while nothing is open. */
  imageWidth = $state(0)
  imageHeight = $state(0)
  view: Viewport = $state.raw({ scale: 1, x: 0, y: 0 })
  /** CSS pixels. */
  #canvas: Size = $state.raw({ width: 0, height: 0 })
  /** Device pixels per CSS pixel. */
  #ratio = $state(1)
  /** The view follows the canvas' size until the user zooms or pans. */
  #fitted = true

  get imageSize(): Size {
    return { width: this.imageWidth, height: this.imageHeight }
  }

  /** Device pixels per image pixel. */
  get zoom(): number {
    return this.view.scale * this.#ratio
  }

  /** CSS pixels per mask pixel. */
  get maskScale(): number {
    return this.width === 0 ? 1 : (this.view.scale * this.imageWidth) / this.width
  }

  /** The whole picture, and again whenever the canvas changes its size. */
  fit(): void {
    this.#fitted = true
    if (this.imageWidth > 0 && this.#canvas.width > 0) this.view = fitView(this.imageSize, this.#canvas)
  }

  /** One image pixel on one pixel of the screen. */
  actualSize(): void {
    this.#move(centreView(this.imageSize, this.#canvas, 1 / this.#ratio))
  }

  /** Zooms at `anchor`, a canvas point, or at the middle. */
  zoomBy(factor: number, anchor?: Point): void {
    const middle = { x: this.#canvas.width / 2, y: this.#canvas.height / 2 }
    this.#move(zoomAt(this.view, factor, anchor ?? middle))
  }

  panBy(dx: number, dy: number): void {
    this.#move(panBy(this.view, dx, dy))
  }

  /** The mask point under a canvas point. */
  toMask(point: Point): Point {
    return canvasToMask(this.view, this.imageSize, this, point)
  }

  /** The canvas point of a mask point. */
  toCanvas(point: Point): Point {
    return maskToCanvas(this.view, this.imageSize, this, point)
  }

  /** The canvas has another size, in CSS pixels of `ratio` device pixels each. */
  resized(canvas: Size, ratio: number): void {
    this.#canvas = canvas
    this.#ratio = ratio
    if (this.#fitted) this.fit()
  }

  /** Another photo is shown: of the same size, it is seen in the same place, so that faces can be compared. */
  showSizes(grid: Size, image: Size): void {
    const same = this.imageWidth === image.width && this.imageHeight === image.height
    this.width = grid.width
    this.height = grid.height
    this.imageWidth = image.width
    this.imageHeight = image.height
    if (this.#fitted || !same) this.fit()
  }

  #move(view: Viewport): void {
    if (this.imageWidth === 0) return
    this.#fitted = false
    this.view = keepInSight(view, this.imageSize, this.#canvas)
  }
}
