/**
 * @file Where the photo lies on the canvas: pure arithmetic between three grids. Canvas points are CSS pixels from the
 * canvas' upper left corner, image points are pixels of the upright photo, mask points are pixels of the face's grid.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** `scale`: CSS pixels per image pixel; `x`, `y`: the image's upper left corner in canvas points. */
export interface Viewport {
  readonly scale: number
  readonly x: number
  readonly y: number
}

/** CSS pixels per image pixel: from a 8192 picture in a thumbnail to a pixel as large as a thumb. */
const MIN_SCALE = 1 / 64
const MAX_SCALE = 64
/** Empty CSS pixels kept around a fitted picture. */
const FIT_MARGIN = 16
/** CSS pixels of the picture that panning cannot push out of sight. */
const IN_SIGHT = 48

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)

/** The whole picture, centred, as large as the canvas lets it be. */
export function fitView(image: Size, canvas: Size): Viewport {
  const across = (canvas.width - 2 * FIT_MARGIN) / image.width
  const down = (canvas.height - 2 * FIT_MARGIN) / image.height
  return centreView(image, canvas, Math.min(across, down))
}

/** The picture centred at `scale`. */
export function centreView(image: Size, canvas: Size, scale: number): Viewport {
  const held = clamp(scale, MIN_SCALE, MAX_SCALE)
  return {
    scale: held,
    x: (canvas.width - image.width * held) / 2,
    y: (canvas.height - image.height * held) / 2,
  }
}

/** Zooms by `factor` so that the image point under `anchor` (a canvas point) stays where it is. */
export function zoomAt(view: Viewport, factor: number, anchor: Point): Viewport {
  const scale = clamp(view.scale * factor, MIN_SCALE, MAX_SCALE)
  const ratio = scale / view.scale
  return { scale, x: anchor.x - (anchor.x - view.x) * ratio, y: anchor.y - (anchor.y - view.y) * ratio }
}

/** Moves the picture by CSS pixels. */
export function panBy(view: Viewport, dx: number, dy: number): Viewport {
  return { scale: view.scale, x: view.x + dx, y: view.y + dy }
}

/** The nearest view that still shows a corner of the picture. */
export function keepInSight(view: Viewport, image: Size, canvas: Size): Viewport {
  const hold = (at: number, length: number, room: number): number =>
    clamp(at, Math.min(IN_SIGHT, room) - length, Math.max(room - IN_SIGHT, 0))
  return {
    scale: view.scale,
    x: hold(view.x, image.width * view.scale, canvas.width),
    y: hold(view.y, image.height * view.scale, canvas.height),
  }
}

/** The mask point (real numbers; pixel `i` spans `i..i+1`) under a canvas point; the grid is stretched over the photo. */
export function canvasToMask(view: Viewport, image: Size, grid: Size, point: Point): Point {
  return {
    x: ((point.x - view.x) / view.scale) * (grid.width / image.width),
    y: ((point.y - view.y) / view.scale) * (grid.height / image.height),
  }
}

/** The canvas point of a mask point. */
export function maskToCanvas(view: Viewport, image: Size, grid: Size, point: Point): Point {
  return {
    x: view.x + point.x * view.scale * (image.width / grid.width),
    y: view.y + point.y * view.scale * (image.height / grid.height),
  }
}
