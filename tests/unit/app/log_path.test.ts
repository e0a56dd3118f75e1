/** @file Where SegFace's checkpoints go: named by LOG_PATH, and tried before a training begins. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import {
  checkpointFolder,
  exptName,
  makeCheckpointFolder,
  writeNewCheckpoint,
} from '../../../src/main/app/training/log_path'
import { makeFolder } from '../../helpers/folder'

afterEach(() => void vi.unstubAllEnvs())

test("a training's name is one folder's, whatever stands in it", async () => {
  vi.stubEnv('LOG_PATH', '/logs')
  const names = ['Night faces', 'slash/../../up', '..', '.', '', '-x', 'C:\\up', '한글 이름', 'v1.2']
  expect(names.map(exptName)).toEqual([
    ...['Night_faces', 'slash_.._.._up', '_', '_', 'facet', '_x', 'C_up', '한글_이름', 'v1.2'],
  ])
  expect(await checkpointFolder('/', 'slash/../../up', { ckpt_path: 'mine' })).toBe(
    resolve('/logs/mine/slash_.._.._up'),
  )
  // What somebody says is taken as SegFace takes it.
  expect(await checkpointFolder('/', 'x', { expt_name: 'of/two' })).toBe(resolve('/logs/ckpts/of/two'))
})

test('an empty LOG_PATH of the environment is none', async () => {
  vi.stubEnv('LOG_PATH', '')
  const folder = await makeFolder()
  await expect(checkpointFolder(folder, 'x', { ckpt_path: 'ckpts' })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('Set LOG_PATH') as string,
  })
  await writeFile(join(folder, '.env'), 'LOG_PATH=logs\n')
  expect(await checkpointFolder(folder, 'x', { ckpt_path: 'ckpts' })).toBe(join(folder, 'logs', 'ckpts', 'x'))
})

test('of two trainings that end at once, one writes, and none that is there is written over', async () => {
  const folder = await makeFolder()
  const file = join(folder, 'model_1.pt')
  const ended = await Promise.allSettled(
    ['one', 'two'].map((text) => writeNewCheckpoint(file, () => writeFile(file, text))),
  )
  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const winner = ended[0]?.status === 'fulfilled' ? 'one' : 'two'
  await expect(writeNewCheckpoint(file, () => writeFile(file, 'three'))).rejects.toMatchObject({
    code: 'conflict',
    details: { file },
  })
  expect(await readFile(file, 'utf8')).toBe(winner)
})

test('a checkpoint that cannot be written leaves no file', async () => {
  const folder = await makeFolder()
  const failing = writeNewCheckpoint(join(folder, 'model_1.pt'), () => Promise.reject(new Error('full')))
  await expect(failing).rejects.toThrow('full')
  expect(await readdir(folder)).toEqual([])
})

test('the folder is made with those above it, and may be there already', async () => {
  const folder = join(await makeFolder(), 'logs', 'ckpts', 'night')
  await makeCheckpointFolder(folder)
  await makeCheckpointFolder(folder)
  expect((await stat(folder)).isDirectory()).toBe(true)
})

test('a file in its place, or in that of a folder above it, is told with what to change', async () => {
  const folder = await makeFolder()
  await mkdir(join(folder, 'logs'))
  const file = join(folder, 'logs', 'taken')
  await writeFile(file, '')
  await expect(makeCheckpointFolder(file)).rejects.toMatchObject({
    code: 'file/unwritable',
    message: `Cannot write ${file}: it is a file, not a folder. It is made of LOG_PATH, --ckpt_path and --expt_name: change one of them, so that model_N.pt can be written there.`,
  })
  await expect(makeCheckpointFolder(join(file, 'night'))).rejects.toMatchObject({
    code: 'file/unwritable',
    message: expect.stringMatching(/taken\/night: a part of its path is a file.*LOG_PATH/) as string,
  })
})
