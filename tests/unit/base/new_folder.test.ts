/** @file A folder is filled as a whole, or is as it was. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fillNewFolder } from '../../../src/main/base/new_folder'
import { makeFolder } from '../../helpers/folder'

const write = async (folder: string): Promise<string> => {
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data', 'a'), 'a')
  await writeFile(join(folder, '.env'), '')
  return 'written'
}
const fail = async (folder: string): Promise<never> => {
  await write(folder)
  throw new Error('stopped')
}

test('a new folder, and an empty one, hold all of it, and nothing of one that was killed', async () => {
  const root = await makeFolder()
  const deep = join(root, 'new', 'deep')
  expect(await fillNewFolder(deep, write)).toBe('written')
  expect((await readdir(deep, { recursive: true })).sort()).toEqual(['.env', 'data', join('data', 'a')])
  const killed = join(root, 'killed')
  await mkdir(join(killed, '.unfinished-0123456789ab', 'data'), { recursive: true })
  await fillNewFolder(killed, write)
  expect((await readdir(killed)).sort()).toEqual(['.env', 'data'])
})

test('what fails leaves what was there before', async () => {
  const root = await makeFolder()
  await expect(fillNewFolder(join(root, 'new', 'deep'), fail)).rejects.toThrow('stopped')
  expect(await readdir(root)).toEqual([])
  await mkdir(join(root, 'empty'))
  await expect(fillNewFolder(join(root, 'empty'), fail)).rejects.toThrow('stopped')
  expect(await readdir(root, { recursive: true })).toEqual(['empty'])
})

test('what came meanwhile is neither removed nor mixed with', async () => {
  const root = await makeFolder()
  const out = join(root, 'shared')
  const late = fillNewFolder(out, async (folder) => {
    await write(folder)
    await writeFile(join(out, 'of somebody else'), '')
  })
  await expect(late).rejects.toMatchObject({
    code: 'conflict',
    message: `${out} is not empty (it holds of somebody else); choose a new or empty folder.`,
  })
  expect(await readdir(root, { recursive: true })).toEqual(['shared', join('shared', 'of somebody else')])
})

test('a file in its place, or above it, is told', async () => {
  const file = join(await makeFolder(), 'file')
  await writeFile(file, '')
  for (const out of [file, join(file, 'deep')])
    await expect(fillNewFolder(out, write)).rejects.toMatchObject({
      code: 'file/unwritable',
      message: `${out} is no folder that can be read; choose a new or empty folder.`,
    })
})
