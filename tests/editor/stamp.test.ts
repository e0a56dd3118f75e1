/** @file The brush's shape against a slow model that tests every pixel of the grid. */
import { describe, expect, it } from 'vitest'
import { BrushPath, dabAt, visitCapsule, type Dab } from '../../src/renderer/src/editor/stamp'
import { Random } from './random'
import { slowCapsule } from './slow'

/** A picture of a disc, for the eye. */
function picture(size: number): string {
  const grid = { width: 9, height: 9 }
  const rows = Array.from({ length: 9 }, () => '.'.repeat(9))
  visitCapsule(grid, dabAt(4.4, 4.4, size), dabAt(4.4, 4.4, size), null, (y, start, end) => {
    const row = rows[y] ?? ''
    rows[y] = row.slice(0, start) + '#'.repeat(end - start) + row.slice(end)
  })
  return rows.filter((row) => row.includes('#')).join('\n')
}

describe('stamp', () => {
  it('draws small discs as one expects', () => {
    expect(picture(1)).toBe('....#....')
    expect(picture(2)).toBe('...##....\n...##....')
    expect(picture(3)).toBe('...###...\n...###...\n...###...')
    expect(picture(4)).toBe('...##....\n..####...\n..####...\n...##....')
    expect(picture(5)).toBe('...###...\n..#####..\n..#####..\n..#####..\n...###...')
  })

  it.each([
    [1, 7.2, 15], [1, 7.9, 15], [2, 7.4, 14], [2, 7.6, 16], [3, 7.9, 15], [64, 7.5, 16],
  ])('centres a brush of %i at %f on half pixel %i', (size, at, half) => {
    expect(dabAt(at, at, size)).toEqual({ x: half, y: half, size })
  }) // prettier-ignore

  it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'disc of %i equals the slow model and is symmetric',
    (size) => {
      const grid = { width: size + 4, height: size + 4 }
      const dab = dabAt(grid.width / 2, grid.height / 2, size)
      const pixels = new Uint8Array(grid.width * grid.height)
      visitCapsule(grid, dab, dab, null, (y, start, end) =>
        pixels.fill(1, y * grid.width + start, y * grid.width + end),
      )
      expect(pixels).toEqual(slowCapsule(grid, dab, dab))
      const area = pixels.reduce((sum, pixel) => sum + pixel, 0)
      expect(Math.abs(area - (Math.PI * size * size) / 4)).toBeLessThan(2 + size)
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const at = (u: number, v: number): number | undefined => {
            const corner = (dab.x - size) / 2
            return pixels[(corner + v) * grid.width + corner + u]
          }
          expect(at(x, y)).toBe(at(y, x))
          expect(at(x, y)).toBe(at(size - 1 - x, y))
        }
      }
    },
  )

  it.each(Array.from({ length: 300 }, (_, seed) => seed))(
    'capsule equals the slow model, seed %i',
    (seed) => {
      const random = new Random(seed)
      const grid = { width: random.whole(1, 90), height: random.whole(1, 90) }
      const size = random.of([1, 2, 3, 4, 5, 8, 13, 40, 90])
      const point = (): Dab => dabAt(random.between(-60, 150), random.between(-60, 150), size)
      const from = point()
      const to =
        random.unit() < 0.1
          ? { ...point(), y: from.y }
          : random.unit() < 0.1
            ? { ...point(), x: from.x }
            : point()
      const pixels = new Uint8Array(grid.width * grid.height)
      let twice = 0
      visitCapsule(grid, from, to, null, (y, start, end) => {
        expect(start).toBeLessThan(end)
        for (let i = y * grid.width + start; i < y * grid.width + end; i++) {
          twice += pixels[i] ?? 0
          pixels[i] = 1
        }
      })
      expect(pixels).toEqual(slowCapsule(grid, from, to))
      expect(twice).toBe(0)
    },
  )

  it.each(Array.from({ length: 100 }, (_, seed) => seed))(
    'a path leaves nothing out and no gaps, seed %i',
    (seed) => {
      const random = new Random(seed)
      const grid = { width: 120, height: 80 }
      const path = new BrushPath(grid)
      const pixels = new Uint8Array(grid.width * grid.height)
      const expected = new Uint8Array(grid.width * grid.height)
      const pressed = random.unit() < 0.4
      let size = random.whole(1, 20)
      let last: { x: number; y: number } | null = null
      for (let i = 0; i < 12; i++) {
        const at = { x: random.between(-10, 130), y: random.between(-10, 90) }
        if (pressed) size = random.whole(1, 20)
        path.extend(at.x, at.y, size, (y, start, end) =>
          pixels.fill(1, y * grid.width + start, y * grid.width + end),
        )
        const to = dabAt(at.x, at.y, size)
        const from = last ? dabAt(last.x, last.y, size) : to
        slowCapsule(grid, from, to).forEach((inside, p) => (expected[p] = (expected[p] ?? 0) | inside))
        last = at
      }
      expect(pixels).toEqual(expected)
    },
  )

  it('joins far samples of the thinnest brush into an unbroken line', () => {
    const random = new Random(7)
    const grid = { width: 400, height: 400 }
    for (let i = 0; i < 200; i++) {
      const rows: { y: number; start: number; end: number }[] = []
      const from = dabAt(random.between(0, 400), random.between(0, 400), 1)
      const to = dabAt(random.between(0, 400), random.between(0, 400), 1)
      visitCapsule(grid, from, to, null, (y, start, end) => rows.push({ y, start, end }))
      expect(rows.length).toBe(Math.abs(to.y - from.y) / 2 + 1)
      rows.slice(1).forEach((row, n) => {
        const above = rows[n] ?? row
        expect(row.start).toBeLessThanOrEqual(above.end)
        expect(row.end).toBeGreaterThanOrEqual(above.start)
      })
    }
  })
})
