/** @file What the masks must be, told the slow way: stored masks pixel by pixel, and the brush as plain geometry. */
import { expect } from 'vitest'
import type { Status } from '../../src/shared/terms'
import { PART_INDEX, PART_NAMES, type PartName } from '../../src/shared/labels'
import { createPartMap, drawRuns, type PartMap } from '../../src/shared/mask'
import type { Server } from './server'
import type { Point } from './window'

/** The bit of a part in a pixel of a PartMap. */
export const bitOf = (part: PartName): number => 1 << PART_INDEX[part]

export interface Stored {
  readonly id: number
  readonly status: Status
  readonly map: PartMap
}

/** What the backend has stored of an image. */
export async function storedMasks(server: Server, name: string): Promise<Stored> {
  const { rows } = await server.call('images.list', {})
  const row = rows.find((item) => item.name === name)
  if (!row) throw new Error(`${name} is not in the list`)
  const face = await server.call('masks.open', { image: row.id })
  const map = createPartMap(face.width, face.height)
  face.parts.forEach(({ runs }, part) => drawRuns(map, part, runs))
  return { id: row.id, status: row.status, map }
}

/**
 * True for the pixels that a round brush of odd diameter `size` covers when it is led along `way`, from pixel centre to
 * pixel centre: their own centres are nearer to the way than half the diameter.
 */
export function covered(way: readonly Point[], size: number): (pixel: Point) => boolean {
  const segments = way.length === 1 ? [[way[0], way[0]]] : way.slice(1).map((end, i) => [way[i], end])
  return ({ x, y }) =>
    segments.some(([from, to]) => {
      if (!from || !to) return false
      const [dx, dy] = [to.x - from.x, to.y - from.y]
      const length2 = dx * dx + dy * dy
      const along = length2 === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / length2
      const t = Math.min(1, Math.max(0, along))
      return (2 * (x - from.x - t * dx)) ** 2 + (2 * (y - from.y - t * dy)) ** 2 < size * size - 1e-9
    })
}

/** The map with `become` applied to the pixels that are `inside`. */
export function painted(
  map: PartMap,
  inside: (pixel: Point) => boolean,
  become: (bits: number) => number,
): PartMap {
  const bits = map.bits.map((old, i) =>
    inside({ x: i % map.width, y: Math.floor(i / map.width) }) ? become(old) : old,
  )
  return { ...map, bits }
}

/** Fails with the first pixels that differ. */
export function expectSameMasks(actual: PartMap, expected: PartMap): void {
  expect([actual.width, actual.height]).toEqual([expected.width, expected.height])
  const wrong = Array.from(actual.bits.keys()).filter((i) => actual.bits[i] !== expected.bits[i])
  const shown = wrong.slice(0, 6).map((i) => {
    const names = [actual, expected].map(({ bits }) => namesIn(bits[i] ?? 0))
    return `(${i % actual.width}, ${Math.floor(i / actual.width)}) is ${names[0]}, not ${names[1]}`
  })
  expect({ pixels: wrong.length, shown }).toEqual({ pixels: 0, shown: [] })
}

/** How many pixels differ. */
export function countChanged(before: PartMap, after: PartMap): number {
  return before.bits.reduce((sum, bits, i) => sum + Number(bits !== after.bits[i]), 0)
}

function namesIn(bits: number): string {
  return PART_NAMES.filter((_, part) => (bits >>> part) & 1).join('+') || 'nothing'
}
