import { describe, expect, it } from 'vitest'
import type { Split } from '../../../src/shared/terms'
import { readPartition, writePartition } from '../../../src/main/dataset/celebamask/partition'

/** CelebA's own list: 202,599 files, cut at the numbers that its README states. */
function officialList(): string {
  const lines: string[] = []
  for (let n = 1; n <= 202_599; n++) {
    lines.push(`${String(n).padStart(6, '0')}.jpg ${n <= 162_770 ? 0 : n <= 182_637 ? 1 : 2}`)
  }
  return lines.join('\n')
}

/** A mapping file that leads id i to CelebA's file `files[i]`. */
function mappingOf(files: readonly number[]): string {
  const rows = files.map((file, id) => `${id}       ${file - 1}     ${String(file).padStart(6, '0')}.jpg`)
  return ['idx   orig_idx    orig_file', ...rows].join('\r\n')
}

const splitsOf = (text: string, mapping: string | null, ids: number[]) => {
  const { splits, complaints } = readPartition(text, mapping, ids)
  return { splits: Object.fromEntries(splits), complaints: complaints.map(({ message }) => message) }
}

describe('readPartition', () => {
  it.each([
    ['00001 0\n00002 1\n00003 2\n', 'five digits'],
    ['1.jpg 0\r\n2.jpg 1\r\n3.jpg 2', 'with ending'],
    ['  1   0\n\n2\t1\n3,2\n', 'loosely set'],
    ['000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n', 'six digits, but no number that CelebA-HQ lacks'],
  ])('reads lists keyed by id: %j (%s)', (text) => {
    expect(splitsOf(text, null, [1, 2, 3])).toEqual({
      splits: { 1: 'train', 2: 'val', 3: 'test' },
      complaints: [],
    })
  })

  it.each([
    [
      '00001 0\n00002 1\n00001 2\n00002 1\n00003 0\n',
      null,
      /^A picture has .* \(first: 00001, line 1 train, line 3 test\)\.$/,
    ],
    [
      '1.jpg 0\n00001 0\n1.jpg 2\n2 0\n2 1\n3 0\n',
      null,
      /^2 pictures have .* \(first: 1\.jpg, line 1 train, line 3 test\)\.$/,
    ],
    [
      '000012.jpg 0\n000345.jpg 1\n006789.jpg 0\n000012.jpg 2\n',
      mappingOf([0, 12, 345, 6789]),
      /first: 000012\.jpg, line 1 train, line 4 test/,
    ],
  ])('complains of a picture with two splits: %j', (text, mapping, message) => {
    const { splits, complaints } = splitsOf(text, mapping, [1, 2, 3])
    expect(splits).toEqual({ 1: 'test', 2: 'val', 3: 'train' })
    expect(complaints).toEqual([expect.stringMatching(message)])
  })

  it("goes through the mapping for CelebA's own list", () => {
    const mapping = mappingOf([119_614, 162_771, 202_599, 162_770, 182_637, 182_638])
    const { splits, complaints } = splitsOf(officialList(), mapping, [0, 1, 2, 3, 4, 5])
    expect(splits).toEqual({ 0: 'train', 1: 'val', 2: 'test', 3: 'train', 4: 'val', 5: 'test' })
    expect(complaints).toEqual([])
  })

  it('goes through a mapping that names every file of a list of small numbers, and past one that does not', () => {
    const list = '000012.jpg 0\n000345.jpg 1\n006789.jpg 2\n'
    const mapping = mappingOf([345, 6789, 12])
    expect(splitsOf(list, mapping, [0, 1, 2])).toEqual({
      splits: { 0: 'val', 1: 'test', 2: 'train' },
      complaints: [],
    })
    const other = mappingOf([345, 6789, 119_614])
    expect(splitsOf(list, other, [12, 345, 6789]).splits).toEqual({ 12: 'train', 345: 'val', 6789: 'test' })
  })

  it("does not take CelebA's numbers for ids where the mapping is missing", () => {
    const { splits, complaints } = splitsOf(officialList(), null, [1, 2, 3])
    expect(splits).toEqual({})
    expect(complaints[0]).toMatch(/put CelebA-HQ-to-CelebA-mapping\.txt beside it/)
  })

  it('complains about a split that cannot be meant', () => {
    const all = splitsOf('1 0\n2 0\n3 0\n', null, [1, 2, 3])
    expect(all.splits).toEqual({ 1: 'train', 2: 'train', 3: 'train' })
    expect(all.complaints[0]).toMatch(/all 3 pictures in train/)
    const ids = Array.from({ length: 30_000 }, (_, id) => id)
    const halves = ids.map((id) => `${String(id).padStart(5, '0')} ${id < 15_000 ? 0 : 2}`).join('\n')
    expect(splitsOf(halves, null, ids).complaints[0]).toMatch(/papers use 24183 train, 2993 val, 2824 test/)
  })

  it('complains about lines it cannot read and pictures without a line, once each', () => {
    const { splits, complaints } = splitsOf('1 0\nnonsense\n2 7\n3 1\n9 1\n', null, [1, 2, 3])
    expect(splits).toEqual({ 1: 'train', 3: 'val' })
    expect(complaints).toHaveLength(2)
    expect(complaints[0]).toMatch(/2 lines .*first: line 2/)
    expect(complaints[1]).toMatch(/1 of 3 pictures/)
  })

  it('reads back what it writes', () => {
    const splits = new Map<number, Split>([
      [12, 'test'],
      [0, 'train'],
      [123_456, 'val'],
    ])
    const text = writePartition(splits)
    expect(text).toBe('00000 0\n00012 2\n123456 1\n')
    expect(splitsOf(text, null, [0, 12, 123_456])).toEqual({
      splits: Object.fromEntries(splits),
      complaints: [],
    })
  })
})
