import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isPicture, naturalSort, scanPictures, type ScanOptions } from '../../../src/main/imaging/scan'
import { makeFolder } from '../../helpers/folder'

async function fill(root: string, names: readonly string[]): Promise<void> {
  for (const folder of new Set(names.map((name) => dirname(join(root, name)))))
    await mkdir(folder, { recursive: true })
  await Promise.all(names.map((name) => writeFile(join(root, name), name)))
}

async function scan(root: string, options?: ScanOptions): Promise<string[]> {
  const names: string[] = []
  for await (const batch of scanPictures(root, options)) names.push(...batch.map(({ name }) => name))
  return names
}

describe('scanPictures', () => {
  it('finds pictures below a folder in natural order, its own first', async () => {
    const root = await makeFolder()
    const expected = [
      '2.jpg',
      '10.JPG',
      'a.tiff',
      'B.webp',
      'set 2/1.png',
      'set 2/deep/0.bmp',
      'set 10/1.jpeg',
    ]
    await fill(root, [
      ...expected,
      'notes.txt',
      '.hidden.jpg',
      '.facet/cache/1.jpg',
      'masks/1.png',
      'jpg',
      'x.jpg.part',
    ])
    const found = await scan(root, {
      skipFolder: (path) => Promise.resolve(path === join(root, 'masks')),
    })
    expect(found).toEqual(expected)
    expect(naturalSort([...expected].reverse())).toEqual(expected)
  })

  it('tells size and time of each', async () => {
    const root = await makeFolder()
    await fill(root, ['abc.jpg'])
    for await (const [first] of scanPictures(root)) {
      expect(first).toMatchObject({ name: 'abc.jpg', bytes: 7 })
      expect(Math.abs((first?.mtimeMs ?? 0) - Date.now())).toBeLessThan(3_600_000)
    }
  })

  it('gives 3,000 pictures in batches, a small one first', async () => {
    const root = await makeFolder()
    await fill(
      root,
      Array.from({ length: 3000 }, (_, i) => `${i}.jpg`),
    )
    const batches: number[] = []
    const names: string[] = []
    for await (const batch of scanPictures(root)) {
      batches.push(batch.length)
      names.push(...batch.map(({ name }) => name))
    }
    expect(names).toEqual(Array.from({ length: 3000 }, (_, i) => `${i}.jpg`))
    expect(batches[0]).toBeLessThan(100)
    expect(batches.length).toBeGreaterThan(4)
  })

  it('follows links, once each, and survives dead ones', async () => {
    const [root, elsewhere] = [await makeFolder(), await makeFolder()]
    await fill(root, ['real.jpg'])
    await fill(elsewhere, ['1.jpg'])
    await symlink(elsewhere, join(root, 'linked'))
    await symlink(root, join(root, 'linked-to-itself'))
    await symlink(join(elsewhere, '1.jpg'), join(root, 'link.jpg'))
    await symlink(join(elsewhere, 'gone.jpg'), join(root, 'dead.jpg'))
    expect(await scan(root)).toEqual(['link.jpg', 'real.jpg', 'linked/1.jpg'])
  })

  it('stops when told to, and refuses what is no folder', async () => {
    const root = await makeFolder()
    await fill(
      root,
      Array.from({ length: 200 }, (_, i) => `${i}.jpg`),
    )
    const controller = new AbortController()
    const batches = scanPictures(root, { signal: controller.signal })
    expect((await batches.next()).done).toBe(false)
    controller.abort()
    await expect(batches.next()).rejects.toMatchObject({ code: 'cancelled' })
    await expect(scan(join(root, 'gone'))).rejects.toMatchObject({ code: 'file/unreadable' })
    await expect(scan(join(root, '1.jpg'))).rejects.toMatchObject({ code: 'file/unreadable' })
  })

  it('knows pictures by their ending', () => {
    expect(['a.JPEG', 'a.b.tif', 'a.gif', 'jpg', '.jpg', '.a.jpg'].map(isPicture)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
