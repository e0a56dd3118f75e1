/** @file Writes leave the old or the new: files, folders, and what a crash between two renames leaves behind. */
import { mkdir, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  isInside,
  openForReading,
  readAt,
  recoverDirectory,
  removeHalfWritten,
  replaceDirectory,
  requireOther,
  writeFileAtomic,
} from '../../../src/main/base/fs'
import { makeFolder } from '../../helpers/folder'

async function makeModel(path: string, content: string): Promise<string> {
  await mkdir(path)
  await writeFile(join(path, 'model.json'), content)
  return path
}

const readModel = (path: string): Promise<string> => readFile(join(path, 'model.json'), 'utf8')

describe('writeFileAtomic', () => {
  it('replaces a file, from bytes or from a function, and leaves nothing beside', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'a.json')
    await writeFileAtomic(path, 'one')
    expect(await readFile(path, 'utf8')).toBe('one')
    await writeFileAtomic(path, async (handle) => {
      await handle.writeFile('two, ')
      await handle.writeFile('three')
    })
    expect(await readFile(path, 'utf8')).toBe('two, three')
    expect(await readdir(folder)).toEqual(['a.json'])
  })

  it('keeps the old file where the content fails', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'a.json')
    await writeFileAtomic(path, 'old')
    const failing = writeFileAtomic(path, async (handle) => {
      await handle.writeFile('half')
      throw new Error('stopped')
    })
    await expect(failing).rejects.toThrow('stopped')
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['a.json'])
  })

  it('says why a path cannot be written', async () => {
    const path = join(await makeFolder(), 'none', 'a.json')
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `Cannot write ${path}: there is no such file or folder.`,
    })
    const file = join(await makeFolder(), 'file')
    await writeFile(file, '')
    await expect(writeFileAtomic(join(file, 'a.pt'), 'x')).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `Cannot write ${join(file, 'a.pt')}: a part of its path is a file, not a folder.`,
    })
  })
})

describe('requireOther', () => {
  it('refuses a file that is read, by its path, by another path to it, and before it is there', async () => {
    const folder = await makeFolder()
    const [read, link] = [join(folder, 'a.pt'), join(folder, 'b.pt')]
    await writeFile(read, 'weights')
    await symlink(read, link)
    await requireOther(join(folder, 'c.pt'), [read])
    for (const output of [read, link, join(folder, 'sub', '..', 'a.pt')])
      await expect(requireOther(output, [read])).rejects.toMatchObject({
        code: 'conflict',
        message: `Writing ${output} would replace ${read}, which this command needs; choose another file to write.`,
      })
    const absent = join(folder, 'gone')
    await expect(requireOther(absent, [absent])).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('replaceDirectory', () => {
  it('puts a folder in a new place, and in the place of an old one', async () => {
    const folder = await makeFolder()
    const target = join(folder, 'model')
    await replaceDirectory(await makeModel(join(folder, 'first'), 'one'), target)
    expect(await readModel(target)).toBe('one')
    await replaceDirectory(await makeModel(join(folder, 'second'), 'two'), target)
    expect(await readModel(target)).toBe('two')
    expect(await readdir(folder)).toEqual(['model'])
  })

  it('keeps the old folder where the new one is not there', async () => {
    const folder = await makeFolder()
    const target = await makeModel(join(folder, 'model'), 'old')
    await expect(replaceDirectory(join(folder, 'none'), target)).rejects.toMatchObject({
      code: 'file/unwritable',
    })
    expect(await readModel(target)).toBe('old')
  })

  it('recovers from a crash before and after the second rename', async () => {
    const folder = await makeFolder()
    const target = join(folder, 'model')
    const parked = join(folder, '.model.previous')
    await rename(await makeModel(target, 'old'), parked)
    await recoverDirectory(target)
    expect(await readModel(target)).toBe('old')

    await makeModel(parked, 'older')
    await recoverDirectory(target)
    expect(await readModel(target)).toBe('old')
    expect(await readdir(folder)).toEqual(['model'])
  })
})

it('reads by position, and says where a file ends early', async () => {
  const path = join(await makeFolder(), 'a.bin')
  await writeFile(path, 'abcdef')
  const { handle, size } = await openForReading(path)
  try {
    expect(size).toBe(6)
    expect(Buffer.from(await readAt(handle, 2, 3)).toString()).toBe('cde')
    await expect(readAt(handle, 4, 4)).rejects.toMatchObject({
      code: 'file/malformed',
      message: expect.stringContaining('ends 2 bytes early'),
    })
  } finally {
    await handle.close()
  }
  await expect(openForReading(await makeFolder())).rejects.toMatchObject({ code: 'file/unreadable' })
})

it('removes what killed writers left, and nothing else', async () => {
  const folder = await makeFolder()
  const killed = writeFileAtomic(join(folder, 'best.safetensors'), async () => {
    await removeHalfWritten(folder)
    expect(await readdir(folder)).toEqual([])
  })
  await expect(killed).rejects.toMatchObject({ code: 'file/unwritable' })
  for (const name of ['.hidden', 'best.safetensors', '.notes.tmp']) await writeFile(join(folder, name), '')
  await removeHalfWritten(folder)
  expect(await readdir(folder)).toHaveLength(3)
})

it.each([
  ['/a', '/a', true],
  ['/a', '/a/b/c', true],
  ['/a', '/a/..b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
  ['/a/b', '/a/c', false],
])('%s holds %s: %s', (folder, path, is) => {
  expect(isInside(folder, path)).toBe(is)
})
