/** @file Painting, filling and finishing an edit against slow models, and what they cost. */
import { describe, expect, it } from 'vitest'
import { MaskDocument } from '../../src/renderer/src/editor/document'
import { inked, mixInk, OVERLAPS, pickPart } from '../../src/renderer/src/editor/ink'
import { BrushPath } from '../../src/renderer/src/editor/stamp'
import { ALL_PARTS, PAINT_ORDERS, PART_NAMES } from '../../src/shared/labels'
import { createPartMap, partAreas, type PartMap } from '../../src/shared/mask'
import { decodePatch, diffPatch, encodePatch, invertPatch, patchParts } from '../../src/shared/patch'
import { Random } from './random'
import { bitsOf, slowInk, slowPaint, slowRegion } from './slow'

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed)

/** Blobs of a few overlapping parts. */
export function randomMap(random: Random, width: number, height: number): PartMap {
  const map = createPartMap(width, height)
  for (let i = 0; i < 12; i++) {
    const bit = 1 << random.whole(0, 4)
    const [x, y] = [random.whole(0, width - 1), random.whole(0, height - 1)]
    const right = Math.min(width, x + random.whole(1, 40))
    for (let v = y; v < Math.min(height, y + random.whole(1, 40)); v++) {
      for (let u = x; u < right; u++) map.bits[v * width + u] = (map.bits[v * width + u] ?? 0) | bit
    }
  }
  return map
}

describe('ink', () => {
  it.each(OVERLAPS)('%s equals the rule in words for every pixel and every lock', (overlap) => {
    const four = [0, 3, 7, 17]
    const subsets = seeds(16).map((n) => new Set(four.filter((_part, i) => (n >>> i) & 1)))
    for (const part of four) {
      for (const locked of subsets) {
        for (const erase of [false, true]) {
          const ink = mixInk(part, erase, overlap, bitsOf(locked))
          expect(ink === null).toBe(locked.has(part))
          for (const parts of subsets) {
            const expected = bitsOf(slowInk(parts, { part, erase, overlap, locked }))
            const got = ink ? inked(bitsOf(parts), ink) : bitsOf(parts)
            expect(got).toBe(expected)
            if (ink) expect(inked(got, ink)).toBe(got)
            const kept = bitsOf(locked)
            expect(got & kept).toBe(bitsOf(parts) & kept)
          }
        }
      }
    }
  })

  it('paints in the order of the bits, as the shader supposes', () => {
    expect(PAINT_ORDERS.segface).toEqual(PART_NAMES)
  })

  it('picks the topmost visible part, then the ones below, then the topmost again', () => {
    const bits = bitsOf(new Set([1, 4, 9]))
    expect(pickPart(bits, ALL_PARTS, null)).toBe(9)
    expect(pickPart(bits, ALL_PARTS, 9)).toBe(4)
    expect(pickPart(bits, ALL_PARTS, 4)).toBe(1)
    expect(pickPart(bits, ALL_PARTS, 1)).toBe(9)
    expect(pickPart(bits, ALL_PARTS & ~(1 << 9), null)).toBe(4)
    expect(pickPart(0, ALL_PARTS, 4)).toBeNull()
  })
})

describe('an edit', () => {
  it.each(seeds(60))('is the patch that the whole states give, seed %i', (seed) => {
    const random = new Random(seed)
    const width = random.whole(1, 200)
    const height = random.whole(1, 200)
    const before = randomMap(random, width, height)
    const document = new MaskDocument({ ...before, bits: before.bits.slice() })
    document.begin()
    for (let i = random.whole(0, 4); i >= 0; i--) {
      const ink = mixInk(random.whole(0, 5), random.unit() < 0.4, random.of(OVERLAPS), 0)
      const path = new BrushPath(document.map)
      for (let n = random.whole(1, 5); n > 0; n--) {
        path.extend(
          random.between(0, width),
          random.between(0, height),
          random.whole(1, 30),
          (y, start, end) => {
            if (ink) document.paint(y, start, end, ink)
          },
        )
      }
    }
    const after = { width, height, bits: document.map.bits.slice() }
    const edit = document.finish()
    const whole = diffPatch(before, after, { x: 0, y: 0, width, height })
    if (whole.rect.width === 0) expect(edit).toBeNull()
    else {
      expect(edit?.bytes).toEqual(encodePatch(whole))
      expect(edit?.parts).toBe(patchParts(whole))
    }
    expect(document.areas).toEqual(partAreas(after))
    if (!edit) return
    document.apply(invertPatch(decodePatch(edit.bytes, width, height)))
    expect(document.map.bits).toEqual(before.bits)
    expect(document.areas).toEqual(partAreas(before))
  })

  it.each(seeds(60))('fills what breadth-first search finds, seed %i', (seed) => {
    const random = new Random(seed)
    const map = randomMap(random, random.whole(1, 150), random.whole(1, 150))
    const settings = {
      part: random.whole(0, 5),
      erase: random.unit() < 0.3,
      overlap: random.of(OVERLAPS),
      locked: new Set(seeds(5).filter(() => random.unit() < 0.2)),
    }
    const document = new MaskDocument({ ...map, bits: map.bits.slice() })
    const [x, y] = [random.whole(0, map.width - 1), random.whole(0, map.height - 1)]
    const ink = mixInk(settings.part, settings.erase, settings.overlap, bitsOf(settings.locked))
    document.begin()
    if (ink) document.fill(x, y, ink)
    document.finish()
    slowPaint(map, slowRegion(map, x, y), settings)
    expect(document.map.bits).toEqual(map.bits)
  })

  it('fills a checkerboard, a comb and a spiral without running out of anything', () => {
    const size = 301
    for (const wall of [
      (x: number, y: number) => (x + y) % 2 === 0,
      (x: number, y: number) => x % 2 === 1 && y > 0,
      (x: number, y: number) => Math.max(Math.abs(x - 150), Math.abs(y - 150)) % 2 === 1 && x - y !== 1,
    ]) {
      const map = createPartMap(size, size)
      for (let i = 0; i < map.bits.length; i++) if (wall(i % size, Math.floor(i / size))) map.bits[i] = 2
      const region = slowRegion(map, 1, 0)
      const document = new MaskDocument({ ...map, bits: map.bits.slice() })
      const ink = mixInk(0, false, 'leave', 0)
      document.begin()
      if (ink) document.fill(1, 0, ink)
      document.finish()
      slowPaint(map, region, { part: 0, erase: false, overlap: 'leave', locked: new Set() })
      expect(document.map.bits).toEqual(map.bits)
    }
  })

  it('that is bailed out of leaves no trace', () => {
    const map = randomMap(new Random(3), 150, 150)
    const document = new MaskDocument({ ...map, bits: map.bits.slice() })
    const ink = mixInk(2, false, 'take', 0)
    document.begin()
    for (let y = 10; ink && y < 140; y++) document.paint(y, 5, 145, ink)
    document.bail()
    expect(document.editing).toBe(false)
    expect(document.map.bits).toEqual(map.bits)
    document.begin()
    expect(document.finish()).toBeNull()
  })
})

describe('the cost of a move', () => {
  /** Pixels visited by each of many small moves, after a stroke of `earlier` moves over the same ground. */
  function costs(grid: number, size: number, earlier: number): number[] {
    const document = new MaskDocument(createPartMap(grid, grid))
    const ink = mixInk(0, false, 'take', 0)
    if (!ink) throw new Error('an unlocked part has ink')
    const path = new BrushPath(document.map)
    const extend = (x: number, y: number): number => {
      const before = document.visited
      path.extend(x, y, size, (row, start, end) => document.paint(row, start, end, ink))
      return document.visited - before
    }
    document.begin()
    for (let i = 0; i < earlier; i++) extend(grid / 2 + 40 * Math.sin(i), grid / 2 + 40 * Math.cos(i))
    extend(grid / 2, grid / 2)
    return seeds(50).map((i) => extend(grid / 2 + i + 1, grid / 2 + (i + 1) / 2))
  }

  it('does not grow with the stroke before it, nor with the grid', () => {
    const first = costs(512, 100, 0)
    expect(costs(512, 100, 500)).toEqual(first)
    expect(costs(2048, 100, 0)).toEqual(first)
  })

  it('is what the move adds, not the area of the brush', () => {
    for (const cost of costs(2048, 1000, 3)) expect(cost).toBeLessThan(1000 * 4)
  })

  it('sends only the tiles that changed', () => {
    const document = new MaskDocument(createPartMap(4096, 4096))
    const ink = mixInk(0, false, 'take', 0)
    const path = new BrushPath(document.map)
    document.begin()
    path.extend(0, 0, 3, () => undefined)
    path.extend(4096, 4096, 3, (row, start, end) => {
      if (ink) document.paint(row, start, end, ink)
    })
    const sent = document.unseen.rects().reduce((sum, rect) => sum + rect.width * rect.height, 0)
    expect(sent).toBeLessThanOrEqual(3 * 64 * 64 * 64)
  })
})
