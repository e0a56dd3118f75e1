import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { readCelebAMask, readItemMasks } from '../../../src/main/dataset/celebamask/importer'
import { findCelebAMask } from '../../../src/main/dataset/celebamask/detect'
import { readEnv } from '../../../src/main/dataset/env'
import { makeCelebAMask, partsIn } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { writeCut } from '../../helpers/pictures'

const MASKS = 'CelebAMask-HQ-mask-anno'

describe('readCelebAMask', () => {
  it.each([
    { flat: false, channels: 3 },
    { flat: true, channels: 1 },
  ] as const)('reads masks, pictures and splits of a tree: %j', async (kind) => {
    const root = await makeFolder()
    const maps = await makeCelebAMask(root, {
      ids: [0, 7, 2001],
      partition: '00000 0\n00007 1\n02001 2\n',
      ...kind,
    })
    const { items, complaints } = await readCelebAMask(root)
    expect(complaints).toEqual([])
    expect(items.map(({ id, split }) => [id, split])).toEqual([
      [0, 'train'],
      [7, 'val'],
      [2001, 'test'],
    ])
    for (const item of items) {
      const { map, complaints: found } = await readItemMasks(item)
      expect(found).toEqual([])
      expect(map).toEqual(maps.get(item.id))
      expect([...item.masks.keys()].sort()).toEqual(partsIn(map ?? expect.fail('no masks')).sort())
      expect(item.image).toBe(join(root, 'CelebA-HQ-img', `${item.id}.jpg`))
    }
  })

  it('finds the tree one folder down, and under its misspelt name', async () => {
    const folder = await makeFolder()
    const root = join(folder, 'CelebAMask-HQ')
    await makeCelebAMask(root, { ids: [1] })
    expect((await findCelebAMask(folder))?.root).toBe(root)
    await rename(join(root, MASKS), join(root, 'CelebAMaskHQ-mask-anno'))
    const { items, complaints } = await readCelebAMask(folder)
    expect(items[0]?.masks.size).toBeGreaterThan(0)
    expect(complaints.map(({ message }) => message)).toEqual([expect.stringMatching(/rename it/)])
    await rm(join(root, 'CelebA-HQ-img'), { recursive: true })
    expect(await findCelebAMask(folder)).toBeNull()
    await expect(readCelebAMask(folder)).rejects.toMatchObject({ code: 'dataset/malformed' })
  })

  it('complains about what does not belong, and reads the rest', async () => {
    const root = await makeFolder()
    await makeCelebAMask(root, { ids: [3, 4, 5] })
    const image = (name: string): string => join(root, 'CelebA-HQ-img', name)
    const mask = (name: string): string => join(root, MASKS, '0', name)
    const { items: before } = await readCelebAMask(root)
    const some = before[0]?.masks.values().next().value ?? expect.fail('no masks')
    const bytes = await readFile(some)
    await rm(image('4.jpg'))
    await writeFile(image('portrait.jpg'), '')
    await writeFile(image('00003.png'), '')
    await writeFile(image('9.jpg'), '')
    await writeFile(mask('00003_moustache.png'), bytes)
    await writeFile(mask('hair.png'), bytes)
    await mkdir(join(root, MASKS, '4'))
    await writeFile(join(root, MASKS, '4', '00009_hair.png'), bytes)
    await writeFile(join(root, MASKS, '00009_hair.png'), bytes)
    const { items, complaints } = await readCelebAMask(root)
    expect(items.map(({ id }) => id)).toEqual([3, 5, 9])
    expect(items[0]?.masks.size).toBe(before[0]?.masks.size)
    const told = complaints.map(({ file, message }) => `${file}: ${message}`).sort()
    for (const pattern of [
      /^CelebA-HQ-img\/\S+: A second picture of 00003/,
      /^CelebA-HQ-img\/4\.jpg: The picture of \d+ masks of 00004 is missing/,
      /^CelebA-HQ-img\/portrait\.jpg: Its name is no number/,
      /\/0\/00003_moustache\.png: moustache is no part/,
      /\/0\/hair\.png: Its name is not of the form/,
      /anno\/00009_hair\.png: A second mask of hair/,
      /\/4\/00009_hair\.png: It belongs in folder 0/,
    ]) {
      expect(
        told.filter((line) => pattern.test(line)),
        `${pattern}`,
      ).toHaveLength(1)
    }
    expect(told).toHaveLength(7)
  })

  it('says which pictures have no masks', async () => {
    const root = await makeFolder()
    await makeCelebAMask(root, { ids: [3] })
    await rm(join(root, MASKS, '0'), { recursive: true })
    const { items, complaints } = await readCelebAMask(root)
    expect(complaints).toEqual([{ file: 'CelebA-HQ-img/3.jpg', message: 'It has no masks.' }])
    expect((await readItemMasks(items[0] ?? expect.fail('no item'))).map).toBeNull()
  })
})

describe('readItemMasks', () => {
  it('leaves out masks that are damaged or of another size, and tells of empty ones', async () => {
    const root = await makeFolder()
    const maps = await makeCelebAMask(root, { ids: [0], side: 40 })
    const whole = maps.get(0) ?? expect.fail('no map')
    const item = (await readCelebAMask(root)).items[0] ?? expect.fail('no item')
    const [damaged, larger, empty] = [...item.masks]
    if (!damaged || !larger || !empty) return expect.fail('too few masks')
    await writeCut(damaged[1], await readFile(damaged[1]), 0.7)
    await sharp({ create: { width: 41, height: 40, channels: 3, background: 'white' } })
      .png()
      .toFile(larger[1])
    await sharp({ create: { width: 40, height: 40, channels: 3, background: 'black' } })
      .png()
      .toFile(empty[1])
    const { map, complaints } = await readItemMasks(item)
    const parts = partsIn(map ?? expect.fail('no map'))
    const gone = new Set([damaged[0], larger[0], empty[0]] as string[])
    expect(parts).toEqual(partsIn(whole).filter((part) => !gone.has(part)))
    const told = Object.fromEntries(complaints.map(({ file, message }) => [file, message]))
    expect(told[damaged[1]]).toMatch(/damaged or cut short/)
    expect(told[larger[1]]).toMatch(/It is 41 x 40 where the other masks of 00000 are 40 x 40/)
    expect(told[empty[1]]).toMatch(/is empty/)
    expect(complaints).toHaveLength(3)
  })

  it('never crashes on a mask cut short anywhere', async () => {
    const root = await makeFolder()
    await makeCelebAMask(root, { ids: [0], side: 24 })
    const item = (await readCelebAMask(root)).items[0] ?? expect.fail('no item')
    const [first] = item.masks.values()
    const bytes = await readFile(first ?? expect.fail('no mask'))
    // The last tenth of so small a file is its end mark, which the pixels do not need.
    for (const part of [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) {
      await writeCut(first as string, bytes, part)
      const { complaints } = await readItemMasks(item)
      expect(complaints, `${part}`).toEqual([
        { file: first, message: expect.stringContaining(first as string) },
      ])
    }
  })
})

describe('readEnv', () => {
  it('reads the known names', async () => {
    const folder = await makeFolder()
    expect(await readEnv(folder)).toEqual({})
    await writeFile(
      join(folder, '.env'),
      '# lab\nDATA_PATH=/data/faces # here\nexport ROOT_PATH="/a b"\nTOKEN=x\nLOG_PATH=\n',
    )
    expect(await readEnv(folder)).toEqual({ DATA_PATH: '/data/faces', ROOT_PATH: '/a b' })
  })
})
