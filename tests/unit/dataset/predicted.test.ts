import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { exportIndexPng } from '../../../src/main/dataset/index_png'
import {
  assignIds,
  createIndexNamer,
  readNames,
  writeNames,
  type NamedPicture,
} from '../../../src/main/dataset/names'
import { createPredictionWriter } from '../../../src/main/dataset/predicted'
import { readMaskPng } from '../../../src/main/imaging/mask'
import { PAINT_ORDER_NAMES, PART_INDEX } from '../../../src/shared/labels'
import { createPartMap, flatten, partMapFromLabels } from '../../../src/shared/mask'
import { overlappingParts } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { digestFolder } from '../../helpers/folder_digest'
import { asSharp, noisePicture } from '../../helpers/pictures'

const labels = Uint8Array.from({ length: 20 * 12 }, (_, i) => i % 19)

async function greyPixels(path: string): Promise<number[]> {
  return [...(await sharp(path).toColourspace('b-w').raw().toBuffer())]
}

/** Where the photos are. */
const ROOT = '/photos'

describe('names', () => {
  it('keeps numbers, once, and numbers the rest behind them', () => {
    expect(assignIds(['0.jpg', '00012.jpg', 'anna.jpg', 'sub/12.png', 'bea.jpg'])).toEqual([
      0, 12, 13, 14, 15,
    ])
    expect(assignIds(['anna.jpg', 'IMG_7.jpg'])).toEqual([0, 1])
    expect(assignIds(['20240131123456.jpg', '5.jpg'])).toEqual([6, 5])
    expect(assignIds(['new.jpg', 'anna.jpg', '3.jpg'], new Map([['anna.jpg', 3]]))).toEqual([4, 3, 5])
    expect(assignIds([])).toEqual([])
  })

  it('names index PNGs, no two alike on any system', () => {
    const names = ['a.jpg', 'A.png', 'sub/a.jpg', 'a.b.tiff', 'a.webp']
    expect(names.map(createIndexNamer())).toEqual([
      'a.png',
      'A.png.png',
      'sub/a.png',
      'a.b.png',
      'a.webp.png',
    ])
  })

  it('reads back what it writes', async () => {
    const folder = await makeFolder()
    expect(await readNames(folder)).toBeNull()
    const pictures: NamedPicture[] = [
      { id: 0, name: 'a, "b".jpg', folder: null },
      { id: 7, name: 'sub/ü\u{1f600}.png', folder: '/a, "place"' },
    ]
    for (const some of [pictures, pictures.slice(0, 1)]) {
      await writeFile(join(folder, 'facet-names.csv'), writeNames(some))
      expect([...((await readNames(folder)) ?? []).values()]).toEqual(some)
    }
    expect(writeNames(pictures.slice(0, 1))).toBe('id,name\r\n0,"a, ""b"".jpg"\r\n')
  })
})

describe('createPredictionWriter', () => {
  it('writes part masks by number, and takes away those of parts that a later run does not find', async () => {
    const out = join(await makeFolder(), 'new', 'out')
    const names = ['2001.jpg', 'anna.png']
    const writer = await createPredictionWriter(out, 'celebamask-hq', { root: ROOT, names })
    await writer.write('anna.png', partMapFromLabels(labels, 20, 12))
    await writer.write('2001.jpg', partMapFromLabels(labels, 20, 12))
    const files = Object.keys(await digestFolder(out))
    expect(files).toHaveLength(2 * 18 + 1)
    const nose = await readMaskPng(join(out, 'CelebAMask-HQ-mask-anno', '1', '02002_nose.png'))
    expect([...nose.mask]).toEqual([...labels].map((label) => (label === PART_INDEX.nose + 1 ? 1 : 0)))
    const later = await createPredictionWriter(out, 'celebamask-hq', {
      root: ROOT,
      names: ['anna.png', 'bea.jpg'],
    })
    const onlyHair = createPartMap(4, 4)
    onlyHair.bits[5] = 1 << PART_INDEX.hair
    await later.write('anna.png', onlyHair)
    await later.write('bea.jpg', onlyHair)
    const after = Object.keys(await digestFolder(out))
    expect(after.filter((file) => file.includes('02002_'))).toEqual([
      'CelebAMask-HQ-mask-anno/1/02002_hair.png',
    ])
    expect(after.filter((file) => file.includes('02003_'))).toEqual([
      'CelebAMask-HQ-mask-anno/1/02003_hair.png',
    ])
    expect(after.filter((file) => file.includes('02001_'))).toHaveLength(18)
    expect([...((await readNames(out)) ?? []).values()]).toEqual([
      { id: 2001, name: '2001.jpg', folder: ROOT },
      { id: 2002, name: 'anna.png', folder: ROOT },
      { id: 2003, name: 'bea.jpg', folder: ROOT },
    ])
  })

  it('writes index PNGs by name', async () => {
    const out = await makeFolder()
    const writer = await createPredictionWriter(out, 'index', {
      root: ROOT,
      names: ['b/1.jpg', '1.jpg', '1.png'],
    })
    for (const name of ['b/1.jpg', '1.jpg', '1.png'])
      await writer.write(name, partMapFromLabels(labels, 20, 12))
    expect(Object.keys(await digestFolder(out))).toEqual(['1.png', '1.png.png', 'b/1.png', 'facet-names.csv'])
    expect(await greyPixels(join(out, 'b', '1.png'))).toEqual([...labels])
  })

  it('refuses a folder of other things, the photos themselves among them', async () => {
    const out = await makeFolder()
    await writeFile(join(out, '1.png'), 'a photo')
    await expect(
      createPredictionWriter(out, 'index', { root: ROOT, names: ['1.png'] }),
    ).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(join(out, '1.png'), 'utf8')).toBe('a photo')
  })
})

describe('what is there', () => {
  const refusal = async (out: string, root: string, ...names: string[]): Promise<unknown> =>
    createPredictionWriter(out, 'index', { root, names }).then(
      () => null,
      (error: unknown) => error,
    )

  it('is not written over where it is of another folder, and is added to otherwise', async () => {
    const out = await makeFolder()
    const writer = await createPredictionWriter(out, 'index', { root: ROOT, names: ['a.jpg'] })
    await writer.write('a.jpg', createPartMap(4, 4))
    const before = await digestFolder(out)
    expect(await refusal(out, '/others', 'b.jpg', 'a.jpg')).toMatchObject({
      code: 'conflict',
      message: `${out} holds the masks of ${join(ROOT, 'a.jpg')}, which has the same name; choose a new or empty folder.`,
    })
    expect(await digestFolder(out)).toEqual(before)
    expect(await refusal(out, '/others', 'b.jpg')).toBeNull()
    expect(await refusal(out, ROOT, 'a.jpg', 'c.jpg')).toBeNull()
  })

  it('is not written over where it was exported: it may be the work of a hand', async () => {
    const out = await makeFolder()
    await writeFile(join(out, 'facet-names.csv'), writeNames([{ id: 0, name: 'a.jpg', folder: null }]))
    expect(await refusal(out, ROOT, 'b.jpg')).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('holds masks that Facet exported'),
    })
  })
})

describe('a place that cannot be written', () => {
  it('is named, whether it is the folder or one in it', async () => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    // A folder cannot be made here, whoever runs the tests.
    await symlink(join(folder, 'nowhere', 'else'), out)
    await expect(
      createPredictionWriter(out, 'index', { root: ROOT, names: ['a.jpg'] }),
    ).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `Cannot write ${out}: there is no such file or folder.`,
    })
    const writer = await createPredictionWriter(join(folder, 'new'), 'index', {
      root: ROOT,
      names: ['sub/deep/a.jpg'],
    })
    await writeFile(join(folder, 'new', 'sub'), 'a file in the way')
    await expect(writer.write('sub/deep/a.jpg', createPartMap(4, 4))).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `Cannot write ${join(folder, 'new', 'sub', 'deep')}: a part of its path is a file, not a folder.`,
    })
  })
})

describe('exportIndexPng', () => {
  it.each(PAINT_ORDER_NAMES)('flattens overlapping parts in the order %s', async (order) => {
    const folder = await makeFolder()
    const out = join(folder, 'out')
    await mkdir(out)
    const names = ['x/0.jpg', 'y.png']
    await mkdir(join(folder, 'x'))
    for (const name of names) await asSharp(noisePicture(name, 33, 21)).toFile(join(folder, name))
    const items = names.map((name, id) => ({
      id,
      name,
      imagePath: join(folder, name),
      map: overlappingParts(name, 33, 21),
      split: null,
    }))
    const summary = await exportIndexPng({ items, out, order })
    expect(summary).toMatchObject({ images: 2, complaints: [], out })
    expect(await exportIndexPng({ items, out, order })).toEqual(summary)
    for (const [i, file] of ['x/0.png', 'y.png'].entries()) {
      const map = items[i]?.map ?? expect.fail('no map')
      const expected = [...flatten(map, order)]
      expect(new Set(expected).size).toBeGreaterThan(3)
      expect(await greyPixels(join(out, file))).toEqual(expected)
    }
  })
})
