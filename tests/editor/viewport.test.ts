/** @file The view's arithmetic: zoom holds the point under the cursor, both ways between the grids agree. */
import { describe, expect, it } from 'vitest'
import {
  canvasToMask,
  centreView,
  fitView,
  keepInSight,
  maskToCanvas,
  panBy,
  zoomAt,
} from '../../src/renderer/src/editor/viewport'
import { Random } from './random'

const image = { width: 1500, height: 1000 }
const canvas = { width: 800, height: 600 }

describe('viewport', () => {
  it('fits the whole picture into the middle of the canvas', () => {
    const view = fitView(image, canvas)
    expect(view.scale).toBeCloseTo((800 - 32) / 1500)
    expect(view.x).toBeCloseTo(16)
    expect(view.y).toBeCloseTo((600 - 1000 * view.scale) / 2)
  })

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('zooms around the cursor, seed %i', (seed) => {
    const random = new Random(seed)
    const grid = { width: random.whole(1, 4096), height: random.whole(1, 4096) }
    let view = fitView(image, canvas)
    for (let i = 0; i < 30; i++) {
      const cursor = { x: random.between(0, 800), y: random.between(0, 600) }
      const before = canvasToMask(view, image, grid, cursor)
      view = zoomAt(view, random.between(0.5, 2), cursor)
      const after = canvasToMask(view, image, grid, cursor)
      expect(after.x).toBeCloseTo(before.x, 6)
      expect(after.y).toBeCloseTo(before.y, 6)
    }
  })

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('goes to mask points and back, seed %i', (seed) => {
    const random = new Random(seed)
    const grid = { width: random.whole(1, 4096), height: random.whole(1, 4096) }
    const view = {
      scale: random.between(0.05, 40),
      x: random.between(-500, 500),
      y: random.between(-500, 500),
    }
    const point = { x: random.between(0, grid.width), y: random.between(0, grid.height) }
    const back = canvasToMask(view, image, grid, maskToCanvas(view, image, grid, point))
    expect(back.x).toBeCloseTo(point.x, 6)
    expect(back.y).toBeCloseTo(point.y, 6)
  })

  it('stretches a mask grid of another size over the photo', () => {
    const view = { scale: 2, x: 10, y: 20 }
    expect(maskToCanvas(view, image, { width: 750, height: 500 }, { x: 100, y: 50 })).toEqual({
      x: 410,
      y: 220,
    })
  })

  it('stops zooming at both ends without moving the picture', () => {
    const anchor = { x: 100, y: 100 }
    const near = zoomAt(centreView(image, canvas, 1), 1e9, anchor)
    expect(zoomAt(near, 2, anchor)).toEqual(near)
    const far = zoomAt(centreView(image, canvas, 1), 1e-9, anchor)
    expect(zoomAt(far, 0.5, anchor)).toEqual(far)
  })

  it('never lets the picture be pushed out of sight', () => {
    const lost = keepInSight(panBy(fitView(image, canvas), 1e6, -1e6), image, canvas)
    expect(lost.x).toBeLessThan(canvas.width)
    expect(lost.y + image.height * lost.scale).toBeGreaterThan(0)
  })
})
