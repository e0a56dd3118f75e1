/** @file Masks: run lengths there and back, painting orders, areas, rectangles, against slow models. */
import { describe, expect, test } from 'vitest'
import {
  ALL_PARTS,
  CLASS_NAMES,
  PAINT_ORDERS,
  PAINT_ORDER_NAMES,
  PART_INDEX,
  PART_NAMES,
} from '../../../src/shared/labels'
import {
  createPartMap, drawRuns, encodeParts, encodeRuns, flatten, partAreas, partMapFromLabels, type PartMap,
} from '../../../src/shared/mask' // prettier-ignore
import { VarintReader, VarintWriter } from '../../../src/shared/varint'
import { seeded } from '../../store/strokes'

const varints = (...numbers: number[]) => numbers.reduce((w, n) => w.varint(n), new VarintWriter()).finish()

/** Blobs and speckle, up to 40 pixels a side. */
function randomMap(seed: number): PartMap {
  const random = seeded(seed)
  const map = createPartMap(1 + random(40), 1 + random(40))
  const run = 1 + random(30)
  for (let i = 0, bits = 0; i < map.bits.length; i++) {
    if (random(run) === 0) bits = random(4) === 0 ? 0 : random(ALL_PARTS + 1)
    map.bits[i] = bits
  }
  return map
}

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1)

/** One part at a time, pixel by pixel. */
function slowRuns(map: PartMap, part: number): Uint8Array {
  const runs: number[] = []
  let length = 0
  let present = false
  for (const bits of map.bits) {
    if ((Math.floor(bits / 2 ** part) % 2 === 1) !== present) {
      runs.push(length)
      length = 0
      present = !present
    }
    length++
  }
  return varints(...(present ? [...runs, length] : runs))
}

describe('run lengths', () => {
  test.each(SEEDS)('of all parts at once, of some and of one are the slow ones, seed %i', (seed) => {
    const map = randomMap(seed)
    const some = seeded(seed)(ALL_PARTS + 1)
    const slow = PART_NAMES.map((_, part) => slowRuns(map, part))
    expect(encodeParts(map)).toEqual(slow)
    expect(PART_NAMES.map((_, part) => encodeRuns(map, part))).toEqual(slow)
    expect(encodeParts(map, some)).toEqual(
      slow.map((runs, part) => (Math.floor(some / 2 ** part) % 2 ? runs : new Uint8Array(0))),
    )
  })

  test.each(SEEDS)('come back as the same pixels, seed %i', (seed) => {
    const map = randomMap(seed)
    const again = createPartMap(map.width, map.height)
    for (let part = 0; part < 18; part++) drawRuns(again, part, encodeRuns(map, part))
    expect(again).toEqual(map)
  })

  test('are absent and present in turn, without the last absent run', () => {
    const map = partMapFromLabels(Uint8Array.of(0, 0, 2, 2, 2, 0, 2, 0), 4, 2)
    expect(encodeRuns(map, PART_INDEX.skin)).toEqual(varints(2, 3, 1, 1))
    expect(encodeRuns(map, PART_INDEX.hair)).toEqual(new Uint8Array(0))
    map.bits.fill(1 << PART_INDEX.hair)
    expect(encodeRuns(map, PART_INDEX.hair)).toEqual(varints(0, 8))
  })

  test('that leave the grid are refused, naming the part', () => {
    for (const runs of [varints(5, 4), varints(9), varints(0, 4294967295), varints(4, 4, 1)])
      expect(() => drawRuns(createPartMap(4, 2), PART_INDEX.hair, runs)).toThrow(
        /mask of hair is damaged.*4 x 2/,
      )
    expect(() => drawRuns(createPartMap(4, 2), 0, Uint8Array.of(0x80))).toThrow('middle of a number')
  })

  test.each(SEEDS)('of random bytes draw inside the grid or are refused, seed %i', (seed) => {
    const random = seeded(seed)
    const runs = Uint8Array.from({ length: random(40) }, () => random(seed % 2 ? 256 : 12))
    const map = createPartMap(13, 7)
    try {
      drawRuns(map, 3, runs)
    } catch (error) {
      expect(error).toMatchObject({ code: 'file/malformed' })
    }
    expect(map.bits.every((bits) => bits === 0 || bits === 8)).toBe(true)
  })
})

describe('one class per pixel', () => {
  test.each(SEEDS.slice(0, 20))('is what painting part after part leaves, seed %i', (seed) => {
    const map = randomMap(seed)
    for (const order of PAINT_ORDER_NAMES) {
      const painted = new Uint8Array(map.bits.length)
      for (const name of PAINT_ORDERS[order]) {
        const part = PART_INDEX[name]
        map.bits.forEach((bits, i) => {
          if (Math.floor(bits / 2 ** part) % 2 === 1) painted[i] = CLASS_NAMES.indexOf(name)
        })
      }
      expect(flatten(map, order)).toEqual(painted)
    }
  })

  test('becomes parts and flattens back, whatever the order; unknown classes are background', () => {
    const labels = Uint8Array.from({ length: 256 }, (_, i) => i)
    const known = labels.map((label) => (label < 19 ? label : 0))
    const map = partMapFromLabels(labels, 16, 16)
    for (const order of PAINT_ORDER_NAMES) expect(flatten(map, order)).toEqual(known)
    expect(partAreas(map)).toEqual(new Array(18).fill(1))
  })

  test('every order paints every part once', () => {
    for (const order of PAINT_ORDER_NAMES)
      expect([...PAINT_ORDERS[order]].sort()).toEqual([...PART_NAMES].sort())
  })
})

test.each(SEEDS.slice(0, 20))('areas count pixels and agree with the runs, seed %i', (seed) => {
  const map = randomMap(seed)
  const areas = partAreas(map)
  for (let part = 0; part < 18; part++) {
    let fromRuns = 0
    const reader = new VarintReader(encodeRuns(map, part), 'runs')
    for (let present = false; !reader.done; present = !present) fromRuns += reader.varint() * Number(present)
    expect(areas[part]).toBe(fromRuns)
    expect(areas[part]).toBe(map.bits.filter((bits) => Math.floor(bits / 2 ** part) % 2 === 1).length)
  }
})
