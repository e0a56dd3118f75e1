/** @file What a bundle says that people copy into a shell. */
import { execFileSync } from 'node:child_process'
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleReadme, shellWord } from '../../../src/main/app/training/bundle_scripts'
import { makeFolder } from '../../helpers/folder'

test.each(['/data/bundle-2/train.sh', '/자료/train.sh', 'C:/a_b/train.sh'])('%s stays as it is', (path) => {
  expect(shellWord(path)).toBe(path)
})

describe.skipIf(process.platform === 'win32')('a shell reads', () => {
  test.each(["/my bundle '한글'/train.sh", '/$HOME/`a`/"b"', '/a&b;c*', '~/x', '', 'a\\b', 'two\nlines'])(
    '%j as it is',
    (path) => {
      expect(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })).toBe(path)
    },
  )

  test("the bundle's paths for train.py, which runs in another folder", async () => {
    const folder = await realpath(await makeFolder())
    await mkdir(join(folder, 'PATH_TO_SEGFACE'))
    const command = {
      ...{ model: 'mobilenet', name: 'x', epochs: 2, lr: 1e-4, lr_schedule: [1], lr_schedule_gamma: 0.1 },
      ...{ weight_decay: 0, train_bs: 2, input_resolution: 64, seed: 0, isFresh: true },
    }
    const readme = bundleReadme(command, { train: 2, val: 1, test: 0 }, 19)
    const [advice] = /^export .*$/m.exec(readme) ?? expect.fail('no advice')
    const echo = 'cd / && echo "$DATA_PATH|$LOG_PATH|$ROOT_PATH"'
    const told = execFileSync('sh', ['-c', `${advice}\n${echo}`], { cwd: folder, encoding: 'utf8' })
    expect(told.trim().split('|')).toEqual(
      ['data/SegFace', 'logs', 'PATH_TO_SEGFACE'].map((name) => join(folder, name)),
    )
  })
})
