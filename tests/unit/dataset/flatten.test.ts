import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { readItemMasks } from '../../../src/main/dataset/celebamask/importer'
import { parseMaskFileName } from '../../../src/main/dataset/celebamask/format'
import { isPartName, PAINT_ORDER_NAMES, type PartName } from '../../../src/shared/labels'
import { flatten } from '../../../src/shared/mask'

// Made by ../shared/reference: 18 masks that overlap, and what three published loaders make of them.
const FIXTURES = 'tests/fixtures/flatten'

describe('flatten', () => {
  it.each(PAINT_ORDER_NAMES)('paints like the published code: %s', async (order) => {
    const masks = new Map<PartName, string>()
    for (const name of readdirSync(FIXTURES)) {
      const part = parseMaskFileName(name)?.part
      if (part !== undefined && isPartName(part)) masks.set(part, join(FIXTURES, name))
    }
    expect(masks.size).toBe(18)
    const { map, complaints } = await readItemMasks({ id: 0, image: '', masks, split: null })
    expect(complaints).toEqual([])
    if (!map) return expect.fail('no mask was read')
    const expected = await sharp(join(FIXTURES, `expected_${order}.png`))
      .toColourspace('b-w')
      .raw()
      .toBuffer()
    const labels = flatten(map, order)
    expect(labels.length).toBe(expected.length)
    expect(labels.findIndex((label, i) => label !== expected[i])).toBe(-1)
  })
})
