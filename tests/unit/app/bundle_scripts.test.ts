/** @file Paths in commands that people copy into a shell. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { shellWord } from '../../../src/main/app/training/bundle_scripts'

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
})
