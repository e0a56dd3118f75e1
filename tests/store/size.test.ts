/** @file How large faces are on disk: 18 parts at 512 within 20 kB, revisions aside. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { isPartName, PART_INDEX } from '../../src/shared/labels'
import { createPartMap, type PartMap } from '../../src/shared/mask'
import { applyPatch } from '../../src/shared/patch'
import { shared } from '../helpers/shared'
import { addFace, seeded, tamper, temporaryStore } from './helpers'
import { randomStroke } from './strokes'

const SIDE = 512
const LIMIT = 20_000

/** Bytes of mask rows per face: the blobs and 40 for the other columns and the index, which is more than they take. */
function storedBytes(maps: readonly PartMap[]): number[] {
  const store = temporaryStore()
  maps.forEach((map, i) => {
    const { face } = addFace(store, `${i}.jpg`, SIDE, SIDE)
    store.writeImport({ face, map, source: 'size' })
    expect(store.readFace(face).map).toEqual(map)
  })
  store.close()
  return tamper(store.file, (database) =>
    database.prepare<[], number>('SELECT sum(length(runs) + 40) FROM mask GROUP BY face_id').pluck().all(),
  )
}

/** The first faces of a CelebAMask-HQ folder, their masks as they are (512 x 512). */
async function realFaces(folder: string, count: number): Promise<PartMap[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.png'))
  const ids = [...new Set(files.map((name) => name.slice(0, 5)))].sort().slice(0, count)
  return Promise.all(
    ids.map(async (id) => {
      const map = createPartMap(SIDE, SIDE)
      for (const file of files.filter((name) => name.startsWith(id))) {
        const part = file.slice(6, -4)
        if (!isPartName(part)) throw new Error(`${file} is no part`)
        const pixels = await sharp(join(folder, file)).extractChannel(0).raw().toBuffer()
        const bit = 1 << PART_INDEX[part]
        for (let i = 0; i < map.bits.length; i++) if (pixels[i]) map.bits[i] = (map.bits[i] ?? 0) | bit
      }
      return map
    }),
  )
}

describe('a face of 18 parts at 512 takes at most 20 kB', () => {
  test('where every part is made of discs', () => {
    const random = seeded(7)
    const map = createPartMap(SIDE, SIDE)
    for (let part = 0; part < 18; part++)
      for (let i = 0; i < 4; i++) applyPatch(map, randomStroke(random, map, part))
    const [bytes] = storedBytes([map])
    expect(bytes).toBeGreaterThan(1000)
    expect(bytes).toBeLessThan(LIMIT)
  })

  const masks = shared('faces', 'CelebAMask-HQ', 'CelebAMask-HQ-mask-anno', '0')
  test.runIf(masks.present)('of CelebAMask-HQ', async () => {
    const bytes = storedBytes(await realFaces(masks.path, 24))
    expect(bytes).toHaveLength(24)
    const mean = bytes.reduce((sum, value) => sum + value, 0) / bytes.length
    console.info(`stored: mean ${Math.round(mean)}, largest ${Math.max(...bytes)} bytes a face`)
    expect(Math.max(...bytes)).toBeLessThan(LIMIT)
  })
})
