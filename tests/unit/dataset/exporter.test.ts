import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { exportCelebAMask } from '../../../src/main/dataset/celebamask/exporter'
import {
  readCelebAMask,
  readItemMasks,
  type CelebAMaskDataset,
} from '../../../src/main/dataset/celebamask/importer'
import { exportIndexPng } from '../../../src/main/dataset/index_png'
import type { ExportItem } from '../../../src/main/dataset/item'
import { readPicture } from '../../../src/main/imaging/picture'
import { PART_NAMES } from '../../../src/shared/labels'
import { makeCelebAMask, overlappingParts } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { digestFolder } from '../../helpers/folder_digest'
import { drawPortrait, noisePicture, asSharp, writeJpeg, writeOriented } from '../../helpers/pictures'
import { shared } from '../../helpers/shared'

/** The faces of a tree as they go out again; `ids` keeps only some. */
async function* itemsOf({ items }: CelebAMaskDataset, ids?: ReadonlySet<number>): AsyncGenerator<ExportItem> {
  for (const item of items) {
    if (ids && !ids.has(item.id)) continue
    const { map } = await readItemMasks(item)
    if (map) yield { id: item.id, name: basename(item.image), imagePath: item.image, map, split: item.split }
  }
}

/** Grey pixels of a mask file, however many channels it has. */
async function maskPixels(path: string): Promise<Buffer> {
  return sharp(path).toColourspace('b-w').raw().toBuffer()
}

async function item(folder: string, id: number, name = `${id}.jpg`): Promise<ExportItem> {
  const imagePath = join(folder, name)
  await writeJpeg(imagePath, await drawPortrait(60, 60))
  return { id, name, imagePath, map: overlappingParts(name, 30, 30), split: null }
}

describe('exportCelebAMask', () => {
  it.each([{ flat: true }, { flat: false }])(
    'gives back what was imported, pixel for pixel: %j',
    async (kind) => {
      const folder = await makeFolder()
      const [from, out] = [join(folder, 'from'), join(folder, 'to', 'out')]
      const partition = '00000 0\n00012 1\n01999 2\n02000 0\n29999 1\n'
      const maps = await makeCelebAMask(from, { ids: [0, 12, 1999, 2000, 29_999], partition, ...kind })
      let done = 0
      const summary = await exportCelebAMask({
        items: itemsOf(await readCelebAMask(from)),
        out,
        progress: (n) => (done = n),
      })
      const masks = Object.keys(await digestFolder(join(from, 'CelebAMask-HQ-mask-anno'))).length
      expect(summary).toEqual({
        out,
        images: 5,
        masks,
        splits: { train: 2, val: 2, test: 1 },
        complaints: [],
      })
      expect(done).toBe(5)
      const again = await readCelebAMask(out)
      expect(again.complaints).toEqual([])
      for (const item of again.items) expect((await readItemMasks(item)).map).toEqual(maps.get(item.id))
      expect(await readFile(join(out, 'list_eval_partition.txt'), 'utf8')).toBe(partition)
      const [before, after] = [
        await digestFolder(join(from, 'CelebA-HQ-img')),
        await digestFolder(join(out, 'CelebA-HQ-img')),
      ]
      expect(after).toEqual(before)
      for (const file of Object.keys(await digestFolder(join(out, 'CelebAMask-HQ-mask-anno')))) {
        expect(file).toMatch(/^(0\/0(0000|0012|1999)|1\/02000|14\/29999)_\w+\.png$/)
      }
    },
  )

  it('writes the same bytes each time, over its own earlier export', async () => {
    const folder = await makeFolder()
    const [from, out] = [join(folder, 'from'), join(folder, 'out')]
    await makeCelebAMask(from, { ids: [1, 2, 3], partition: '1 0\n2 1\n3 2\n' })
    const dataset = await readCelebAMask(from)
    await exportCelebAMask({ items: itemsOf(dataset), out })
    const first = await digestFolder(out)
    await exportCelebAMask({ items: itemsOf(dataset), out })
    expect(await digestFolder(out)).toEqual(first)
    await exportCelebAMask({ items: itemsOf(dataset, new Set([2])), out })
    expect(Object.keys(await digestFolder(join(out, 'CelebA-HQ-img')))).toEqual(['2.jpg'])
    expect((await readdir(folder)).sort()).toEqual(['from', 'out'])
  })

  it('never writes over a folder that is not its own', async () => {
    const out = await makeFolder()
    await writeFile(join(out, 'thesis.txt'), 'years of work')
    await expect(exportCelebAMask({ items: [], out })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(out) as string,
    })
    expect(await digestFolder(out)).toHaveProperty(['thesis.txt'])
    await expect(exportCelebAMask({ items: [], out: join(out, 'thesis.txt') })).rejects.toMatchObject({
      code: 'file/unwritable',
    })
    expect((await readdir(dirname(out))).filter((name) => name.includes(`${basename(out)}.`))).toEqual([])
  })

  it('never deletes what someone put into its own folder', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const items = [await item(folder, 0)]
    await exportCelebAMask({ items, out })
    await writeFile(join(out, '.DS_Store'), '')
    await exportCelebAMask({ items, out })
    await mkdir(join(out, '.facet'))
    await writeFile(join(out, '.facet', 'workspace.db'), 'corrections')
    await expect(exportCelebAMask({ items, out })).rejects.toThrow(/holds \.facet, which is no part/)
    expect(await readFile(join(out, '.facet', 'workspace.db'), 'utf8')).toBe('corrections')
  })

  it('leaves the old export where the new one is cancelled or fails', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const items = [await item(folder, 0), await item(folder, 1)]
    await exportCelebAMask({ items, out })
    const before = await digestFolder(out)
    const files = await readdir(folder)
    const controller = new AbortController()
    const cancelled = exportCelebAMask({
      items,
      out,
      signal: controller.signal,
      progress: () => controller.abort(),
    })
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    const failing = async function* (): AsyncGenerator<ExportItem> {
      yield items[0] as ExportItem
      throw new Error('the store went away')
    }
    await expect(exportCelebAMask({ items: failing(), out })).rejects.toThrow('the store went away')
    expect(await digestFolder(out)).toEqual(before)
    expect(await readdir(folder)).toEqual(files)
  })

  it('leaves out a face whose photo is gone or broken, and says so', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const items = [await item(folder, 0), await item(folder, 1), await item(folder, 2)]
    await writeFile(join(folder, '1.jpg'), 'no picture')
    const gone = { ...(items[2] as ExportItem), imagePath: join(folder, 'gone.jpg') }
    const summary = await exportCelebAMask({
      items: [items[0] as ExportItem, items[1] as ExportItem, gone],
      out,
    })
    expect(summary.images).toBe(1)
    expect(summary.complaints.map(({ file }) => file)).toEqual(['1.jpg', '2.jpg'])
    expect((await readCelebAMask(out)).complaints).toEqual([])
  })

  it('leaves out a face whose photo is cut short, in either form', async () => {
    const folder = await makeFolder()
    const items = [await item(folder, 0), await item(folder, 1), await item(folder, 2, '2.png')]
    for (const { imagePath } of items.slice(1)) {
      const bytes = await readFile(imagePath)
      await writeFile(imagePath, bytes.subarray(0, bytes.length / 2))
    }
    const tree = await exportCelebAMask({ items, out: join(folder, 'tree') })
    const index = await exportIndexPng({ items, out: join(folder, 'index'), order: 'segface' })
    for (const summary of [tree, index]) {
      expect(summary.images).toBe(1)
      expect(summary.complaints.map(({ file }) => file)).toEqual(['1.jpg', '2.png'])
      expect(summary.complaints[0]?.message).toContain('cut short')
    }
    expect((await readdir(join(folder, 'index'))).sort()).toEqual(['0.png', 'facet-names.csv'])
  })

  it('says in a sentence that it cannot make the folder', async () => {
    const folder = await makeFolder()
    const items = [await item(folder, 0)]
    for (const out of [join(folder, '0.jpg', 'out'), join(folder, '0.jpg', 'deep', 'out')]) {
      await expect(exportCelebAMask({ items, out })).rejects.toMatchObject({
        code: 'file/unwritable',
        message: expect.stringMatching(
          /^Cannot write .*out: .* a folder.*\. Choose another folder\.$/,
        ) as string,
      })
    }
  })

  it('turns photos upright and encodes them as JPEG only where it must', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const picture = await drawPortrait(80, 50)
    const names = ['turned.jpg', 'plain.jpg', 'deep.png']
    await writeOriented(join(folder, 'turned.jpg'), picture, 6, 'jpeg')
    await writeJpeg(join(folder, 'plain.jpg'), picture)
    await asSharp(picture).png().toFile(join(folder, 'deep.png'))
    const map = overlappingParts('x', 40, 25)
    const items = names.map((name, id) => ({ id, name, imagePath: join(folder, name), map, split: null }))
    await exportCelebAMask({ items, out })
    for (const id of [0, 1, 2]) {
      const path = join(out, 'CelebA-HQ-img', `${id}.jpg`)
      const metadata = await sharp(path).metadata()
      expect(metadata).toMatchObject({ format: 'jpeg', width: 80, height: 50 })
      expect(metadata.orientation ?? 1).toBe(1)
      const { rgb } = await readPicture(path)
      const mean =
        rgb.reduce((sum, value, i) => sum + Math.abs(value - (picture.rgb[i] as number)), 0) / rgb.length
      expect(mean).toBeLessThan(3)
    }
    const copied = await readFile(join(out, 'CelebA-HQ-img', '1.jpg'))
    expect(copied.equals(await readFile(join(folder, 'plain.jpg')))).toBe(true)
    expect(await readFile(join(out, 'facet-names.csv'), 'utf8')).toBe(
      'id,name\r\n0,"turned.jpg"\r\n1,"plain.jpg"\r\n2,"deep.png"\r\n',
    )
  })

  it('resizes pictures by the cubic and masks by the nearest pixel', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const source = await item(folder, 4)
    await exportCelebAMask({ items: [source], out, size: 15 })
    const [read] = (await readCelebAMask(out)).items
    if (!read) return expect.fail('no item')
    expect(await sharp(read.image).metadata()).toMatchObject({ width: 15, height: 15 })
    const { map } = await readItemMasks(read)
    const expected = Array.from({ length: 225 }, (_, i) => {
      const [x, y] = [i % 15, Math.floor(i / 15)]
      return source.map.bits[(2 * y + 1) * 30 + 2 * x + 1]
    })
    expect([...(map?.bits ?? [])]).toEqual(expected)
  })

  it('writes no file for an absent part and no list where no split is known', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const bare = { ...(await item(folder, 3)), map: overlappingParts('none', 8, 8) }
    bare.map.bits.fill(0)
    expect(await exportCelebAMask({ items: [bare], out })).toMatchObject({ images: 1, masks: 0 })
    expect(Object.keys(await digestFolder(out))).toEqual(['CelebA-HQ-img/3.jpg', 'facet-names.csv'])
  })

  it('keeps the parts of the masks at photos of another size, and noise as it is', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const source = await item(folder, 0)
    const random = noisePicture('bits', 64, 64).rgb
    const bits = Uint32Array.from({ length: 64 * 64 }, (_, i) => {
      return (
        ((random[i * 3] as number) << 10) |
        ((random[i * 3 + 1] as number) << 2) |
        ((random[i * 3 + 2] as number) >> 6)
      )
    })
    await exportCelebAMask({ items: [{ ...source, map: { width: 64, height: 64, bits } }], out })
    const [read] = (await readCelebAMask(out)).items
    expect(read?.masks.size).toBe(PART_NAMES.length)
    expect((await readItemMasks(read ?? expect.fail('no item'))).map?.bits).toEqual(bits)
  })
})

const real = shared('faces', 'CelebAMask-HQ')

describe.runIf(real.present)('the real tree', () => {
  it('comes out as it went in', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    const dataset = await readCelebAMask(real.path)
    expect(dataset.complaints).toEqual([])
    expect(dataset.items).toHaveLength(360)
    const ids = new Set([0, 5, 120, 240, 299, 300, 359])
    const summary = await exportCelebAMask({ items: itemsOf(dataset, ids), out })
    expect(summary).toMatchObject({ images: 7, splits: { train: 3, val: 2, test: 2 }, complaints: [] })
    for (const { id, masks, image } of dataset.items.filter(({ id }) => ids.has(id))) {
      expect((await readFile(join(out, 'CelebA-HQ-img', `${id}.jpg`))).equals(await readFile(image))).toBe(
        true,
      )
      const shard = join(out, 'CelebAMask-HQ-mask-anno', '0')
      const written = (await readdir(shard)).filter((name) =>
        name.startsWith(`${String(id).padStart(5, '0')}_`),
      )
      expect(written.sort()).toEqual([...masks.values()].map((path) => basename(path)).sort())
      for (const path of masks.values()) {
        expect((await maskPixels(join(shard, basename(path)))).equals(await maskPixels(path)), path).toBe(
          true,
        )
      }
    }
    const lines = (await readFile(join(real.path, 'list_eval_partition.txt'), 'utf8')).trim().split('\n')
    const kept = lines.filter((line) => ids.has(Number(line.split(' ')[0])))
    expect((await readFile(join(out, 'list_eval_partition.txt'), 'utf8')).trim().split('\n')).toEqual(kept)
  })
})
