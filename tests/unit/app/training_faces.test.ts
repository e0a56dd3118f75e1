/** @file Which faces are learned from and which are judged on: by status, checked parts, partition, name; never moving. */
import { describe, expect, test } from 'vitest'
import { chooseFaces } from '../../../src/main/app/training/faces'
import { MAX_VALIDATION } from '../../../src/main/training/plan'
import type { Sample } from '../../../src/main/dataset/samples'

function sample(name: string, facts: Partial<Sample> = {}): Sample {
  const read = () => Promise.resolve({ map: null, unread: new Map(), complaints: [] })
  return {
    ...{
      name,
      id: null,
      image: `/${name}`,
      split: null,
      status: 'corrected',
      parts: 1,
      golden: false,
      checked: null,
      read,
    },
    ...facts,
  }
}

const many = (count: number, facts: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: count }, (_, i) => sample(`${i}.jpg`, { id: i + 1, ...facts }))
const names = (samples: readonly Sample[]): string[] => samples.map(({ name }) => name)

describe('faces to learn from', () => {
  test('are all there are where these are few, whatever their names', () => {
    for (const one of many(40)) expect(names(chooseFaces([one], 'corrected').train)).toEqual([one.name])
  })

  test('are those of the status that is asked for', () => {
    const samples = (['predicted', 'corrected', 'accepted', 'flagged'] as const).map((status) =>
      sample(`${status}.jpg`, { status, split: 'train' }),
    )
    expect(names(chooseFaces(samples, 'accepted').train)).toEqual(['accepted.jpg'])
    expect(names(chooseFaces(samples, 'corrected').train)).toEqual(['corrected.jpg', 'accepted.jpg'])
    const all = chooseFaces(samples, 'all')
    expect(names(all.train)).toEqual(['predicted.jpg', 'corrected.jpg', 'accepted.jpg'])
    expect(all.notes).toEqual([expect.stringContaining('1 of 3 images hold only what a model predicted')])
  })

  test('are those that are chosen, whatever their status', () => {
    const samples = many(3, { status: 'flagged', split: 'train' })
    expect(names(chooseFaces(samples, [2, 3]).train)).toEqual(['1.jpg', '2.jpg'])
  })

  test('are never golden, of the test split, or unchecked', () => {
    const samples = [
      sample('a', { split: 'train' }),
      sample('b', { split: 'train', golden: true }),
      sample('c', { split: 'test' }),
      sample('d', { split: 'train', checked: 0 }),
      sample('e', { split: 'val', golden: true }),
      sample('f', { split: 'train', checked: 4 }),
    ]
    const { train, val, golden } = chooseFaces(samples, 'corrected')
    expect([train, val, golden].map(names)).toEqual([['a', 'f'], [], ['b', 'e']])
  })

  test('are the first so many in the dataset, without those for validation', () => {
    const samples = many(40)
    const whole = chooseFaces(samples, 'corrected')
    const few = chooseFaces(samples, 'corrected', 5)
    expect(names(few.train)).toEqual(names(whole.train).slice(0, 5))
    expect(names(few.val)).toEqual(names(whole.val))
  })
})

describe('faces that are kept apart', () => {
  test('are golden, flagged, for test, and for validation beyond those that are scored', () => {
    const samples = [
      sample('a', { split: 'train' }),
      sample('b', { golden: true }),
      sample('c', { split: 'test' }),
      sample('d', { status: 'flagged' }),
      sample('e', { status: 'predicted', split: 'val' }),
      sample('f', { status: 'predicted' }),
    ]
    expect(names(chooseFaces(samples, 'corrected').apart)).toEqual(['b', 'c', 'd', 'e'])
    const chosen = many(3, { status: 'flagged', split: 'train' })
    expect(names(chooseFaces(chosen, [2, 3]).apart)).toEqual(['0.jpg'])
  })

  test('what is told of validation is what is looked at', () => {
    const samples = [...many(60, { split: 'val' }), sample('a', { split: 'train' })]
    const { val, apart, notes } = chooseFaces(samples, 'corrected')
    expect([val.length, apart.length]).toEqual([MAX_VALIDATION, 60 - MAX_VALIDATION])
    expect(notes).toEqual([`Of 60 validation faces, ${MAX_VALIDATION} are scored.`])
  })
})

describe('faces to judge on', () => {
  test("are the partition's, where there is one", () => {
    const samples = many(10).map((one, i) => ({
      ...one,
      split: i < 3 ? ('val' as const) : ('train' as const),
    }))
    const { train, val, assigned } = chooseFaces(samples, 'corrected')
    expect([train.length, val.length, assigned.length]).toEqual([7, 3, 0])
  })

  test('are about a sixth of the others, always the same, whatever else there is', () => {
    const samples = many(600)
    const { val, assigned, train } = chooseFaces(samples, 'corrected')
    expect(assigned).toHaveLength(600)
    const all = assigned.filter(({ split }) => split === 'val')
    expect(all.length).toBeGreaterThan(75)
    expect(all.length).toBeLessThan(140)
    expect(train.length).toBe(600 - all.length)
    const half = chooseFaces(
      samples.filter((_, i) => i % 2 === 0),
      'corrected',
    )
    for (const face of half.assigned)
      expect(assigned.find(({ sample }) => sample.name === face.sample.name)?.split).toBe(face.split)
    expect(val.length).toBeLessThanOrEqual(MAX_VALIDATION)
  })

  test('are at least one from four on, and none before', () => {
    for (let count = 1; count <= 12; count++) {
      const { val, train } = chooseFaces(many(count), 'corrected')
      expect(val.length + train.length).toBe(count)
      if (count >= 4) expect(val.length, String(count)).toBeGreaterThan(0)
    }
    // Names of which none falls into the part for validation by itself.
    const unlucky = many(200).filter((one) => chooseFaces([one], 'corrected').val.length === 0)
    expect(chooseFaces(unlucky.slice(0, 3), 'corrected').val).toEqual([])
    expect(chooseFaces(unlucky.slice(0, 4), 'corrected').val).toHaveLength(1)
  })

  test('stay so when images come and go, once the splits are remembered', () => {
    let samples = many(4)
    const seen = new Map<string, string>()
    for (let round = 0; round < 20; round++) {
      const { assigned, train, val } = chooseFaces(samples, 'corrected')
      const given = new Map(assigned.map(({ sample, split }) => [sample.name, split]))
      samples = samples.map((one) => ({ ...one, split: one.split ?? given.get(one.name) ?? null }))
      for (const [split, faces] of [
        ['train', train],
        ['val', val],
      ] as const)
        for (const { name } of faces) {
          expect(seen.get(name) ?? split, name).toBe(split)
          seen.set(name, split)
        }
      samples = [...samples, ...Array.from({ length: 3 }, (_, i) => sample(`more ${round} ${i}.jpg`))]
    }
  })

  test('stay what they were in earlier runs, where the dataset cannot remember it', () => {
    const samples = many(4)
    const before = chooseFaces(samples, 'corrected').assigned
    const turned = before.map(
      ({ sample, split }) => [sample.image, split === 'val' ? 'train' : 'val'] as const,
    )
    const { train, val, assigned } = chooseFaces(samples, 'corrected', Infinity, new Map(turned))
    expect(assigned.map(({ sample, split }) => [sample.image, split])).toEqual(turned)
    expect([train.length, val.length]).toEqual([1, 3])
    // What was learned from is not judged on, even if nothing else is left; new faces are.
    const learned = new Map(samples.map(({ image }) => [image, 'train' as const]))
    expect(chooseFaces(samples, 'corrected', Infinity, learned).val).toEqual([])
    const more = [...samples, sample('new.jpg')]
    expect(names(chooseFaces(more, 'corrected', Infinity, learned).val)).toEqual(['new.jpg'])
    // The partition of a dataset wins.
    const partition = samples.map((one) => ({ ...one, split: 'val' as const }))
    expect(chooseFaces(partition, 'corrected', Infinity, learned).val).toHaveLength(4)
  })

  test('never hold only a prediction, and include those put aside earlier', () => {
    const samples = [
      ...many(8, { status: 'predicted' }),
      sample('old.jpg', { split: 'val', status: 'accepted' }),
    ]
    const { train, val } = chooseFaces(samples, 'all')
    expect(names(val)).toEqual(['old.jpg'])
    expect(train).toHaveLength(8)
    expect(names(chooseFaces(samples, [1]).val)).toEqual(['old.jpg'])
  })
})
