/** @file Where SegFace's checkpoints go: named by LOG_PATH, and tried before a training begins. */
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeCheckpointFolder } from '../../../src/main/app/training/log_path'
import { makeFolder } from '../../helpers/folder'

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
