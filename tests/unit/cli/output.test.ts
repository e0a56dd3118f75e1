/** @file Tables on a terminal: columns line up whatever script their cells are written in. */
import { expect, test } from 'vitest'
import { table } from '../../../src/main/cli/output'

test('columns line up, and no line ends in blanks', () => {
  const lines = table([
    ['id', 'name', 'default'],
    ['mine', 'My model', ''],
    ['another', 'B', 'yes'],
  ])
  expect(lines).toEqual(['id       name      default', 'mine     My model', 'another  B         yes'])
})

test.each([
  ['Korean', '얼굴 모델', 9],
  ['Korean in pieces, as macOS names files', '얼굴 모델'.normalize('NFD'), 9],
  ['Chinese and Japanese', '脸部モデル', 10],
  ['an emoji', 'a😀b', 4],
  ['accents', 'modèle'.normalize('NFD'), 6],
  ['accents that have no letter of their own', 'x\u0301y', 2],
])('%s takes as many cells as a terminal gives it', (_what, name, cells) => {
  const [, line] = table([
    ['0123456789', 'end'],
    [name, 'end'],
  ])
  expect(line).toBe(`${name}${' '.repeat(10 - cells)}  end`)
})
