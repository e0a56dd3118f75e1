/** @file The image list: what a search and the chosen statuses show, and where next and previous lead. */
import { describe, expect, test } from 'vitest'
import { filterRows, lowerBound, searchKey } from '../../../src/renderer/src/state/filter'
import { ImageList } from '../../../src/renderer/src/state/list.svelte'
import type { ImageRow } from '../../../src/shared/answers'
import { STATUSES, type Status } from '../../../src/shared/terms'

function row(id: number, status: Status = 'untouched', name = `a/${id}.jpg`): ImageRow {
  return { id, name, version: '', status, split: null, golden: false, checked: null }
}

function listOf(statuses: readonly Status[], current: number | null = null): ImageList {
  const list = new ImageList()
  list.put(statuses.map((status, i) => row(i + 1, status)))
  list.current = current
  return list
}

describe('filterRows', () => {
  const rows = [
    row(1, 'accepted', 'Anna.JPG'),
    row(2, 'untouched', 'ben.jpg'),
    row(3, 'flagged', 'annex/민아.png'),
  ]
  const keys = rows.map(({ name }) => searchKey(name))

  test('counts what the search matches, shows what the statuses allow', () => {
    const { visible, counts, matching } = filterRows(rows, keys, ' ann', ['flagged'])
    expect(visible).toEqual([2])
    expect(matching).toBe(2)
    expect(counts).toEqual({ untouched: 0, predicted: 0, corrected: 0, accepted: 1, flagged: 1 })
  })

  test('no status chosen shows all; case does not matter', () => {
    expect(filterRows(rows, keys, '', []).visible).toEqual([0, 1, 2])
    expect(filterRows(rows, keys, 'ANNA', []).visible).toEqual([0])
  })

  test('Hangul is found however it is composed', () => {
    const decomposed = [searchKey('민아.png'.normalize('NFD'))]
    expect(filterRows([row(1)], decomposed, '민아', []).visible).toEqual([0])
  })
})

test('lowerBound agrees with a plain search', () => {
  const visible = [0, 3, 4, 9, 12]
  for (let index = -1; index < 14; index++) {
    const plain = visible.findIndex((place) => place >= index)
    expect(lowerBound(visible, index)).toBe(plain < 0 ? visible.length : plain)
  }
})

describe('ImageList', () => {
  test('rows that events bring are appended, known ones renewed', () => {
    const list = listOf(['untouched', 'untouched'])
    expect(list.filtered.counts.untouched).toBe(2)
    list.put([row(2, 'predicted'), row(3)])
    expect(list.total).toBe(3)
    expect(list.row(2)?.status).toBe('predicted')
    expect(list.filtered.counts).toMatchObject({ untouched: 2, predicted: 1 })
    list.setStatus(3, 'corrected')
    expect(list.shownAt(2)).toEqual(row(3, 'corrected'))
  })

  test('the full list keeps its order and what came before it', () => {
    const list = new ImageList()
    list.put([row(7), row(2)])
    list.replace([row(1), row(2, 'accepted')])
    expect([0, 1, 2].map((position) => list.shownAt(position)?.id)).toEqual([1, 2, 7])
    expect(list.row(2)?.status).toBe('accepted')
  })

  test('an event that comes while the full list is on its way is newer than the list', async () => {
    const list = new ImageList()
    await list.load(async () => {
      list.put([row(2, 'predicted'), row(3)])
      return [row(1), row(2)]
    })
    expect([0, 1, 2].map((position) => list.shownAt(position)?.id)).toEqual([1, 2, 3])
    expect(list.row(2)?.status).toBe('predicted')
  })

  test('next and previous stop at the ends, ten steps too', () => {
    const list = listOf(['untouched', 'accepted', 'untouched', 'flagged'], 2)
    expect(list.neighbour(1)?.id).toBe(3)
    expect(list.neighbour(-1)?.id).toBe(1)
    expect(list.neighbour(10)?.id).toBe(4)
    list.current = 4
    expect(list.neighbour(1)).toBeNull()
    expect(new ImageList().neighbour(1)).toBeNull()
  })

  test('skips what is accepted', () => {
    const list = listOf(['flagged', 'accepted', 'untouched', 'accepted', 'accepted', 'predicted'], 3)
    expect(list.nextOpen(1)?.id).toBe(6)
    expect(list.nextOpen(-1)?.id).toBe(1)
    list.current = 6
    expect(list.nextOpen(1)).toBeNull()
  })

  test('an image that falls out of the filter still has neighbours', () => {
    const list = listOf(['predicted', 'accepted', 'predicted', 'predicted'], 3)
    list.toggleStatus('predicted')
    expect(list.position).toBe(1)
    list.setStatus(3, 'accepted')
    expect(list.position).toBe(-1)
    expect(list.neighbour(1)?.id).toBe(4)
    expect(list.neighbour(-1)?.id).toBe(1)
    expect(list.nextOpen(1)?.id).toBe(4)
    list.toggleStatus('predicted')
    expect(list.position).toBe(2)
  })

  test('what comes next to predict has a status that was asked for and is after the current one', () => {
    const list = listOf(['untouched', 'untouched', 'predicted', 'untouched', 'untouched', 'untouched'], 2)
    expect(list.upcoming(2, ['untouched'])).toEqual([4, 5])
    expect(list.upcoming(9, ['untouched'])).toEqual([4, 5, 6])
    expect(list.upcoming(2, ['untouched', 'predicted'])).toEqual([3, 4])
  })

  test('golden faces can be shown alone, and are counted by the search', () => {
    const list = listOf(['untouched', 'predicted', 'predicted'])
    list.put([
      { ...row(2, 'predicted'), golden: true },
      { ...row(3, 'accepted'), golden: true },
    ])
    expect(list.filtered.golden).toBe(2)
    list.onlyGolden = true
    expect(list.shownIds()).toEqual([2, 3])
    list.toggleStatus('accepted')
    expect(list.shownIds()).toEqual([3])
    expect(list.filtered.counts).toMatchObject({ untouched: 1, predicted: 1, accepted: 1 })
    list.clear()
    expect(list.onlyGolden).toBe(false)
  })

  test('100,000 rows that arrive in batches are all there', () => {
    const list = new ImageList()
    for (let batch = 0; batch < 100; batch++)
      list.put(Array.from({ length: 1000 }, (_, i) => row(batch * 1000 + i + 1, STATUSES[i % 5])))
    list.current = 99_999
    list.search = '9999'
    expect(list.filtered.matching).toBe(19)
    expect(list.position).toBe(18)
    list.search = ''
    expect(list.filtered.counts).toEqual({
      untouched: 20_000,
      predicted: 20_000,
      corrected: 20_000,
      accepted: 20_000,
      flagged: 20_000,
    })
  })
})
