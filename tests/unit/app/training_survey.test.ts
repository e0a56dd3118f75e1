/** @file What a training says of its dataset: complaints, told together where they are alike, and why nothing is left to learn. */
import { expect, test } from 'vitest'
import { chooseFaces } from '../../../src/main/app/training/faces'
import { complaintNotes, survey } from '../../../src/main/app/training/survey'
import type { Sample } from '../../../src/main/dataset/samples'
import { noteIn } from '../../../src/shared/notes'
import { TRAIN_OPTIONS } from '../../../src/shared/training'

const LIST = { file: 'list_eval_partition.txt', message: "It is CelebA's own list; put a mapping beside it." }

test('a list of splits that is not used is told first, in the language of the window', () => {
  const bare = [3, 4, 5].map((id) => ({ file: `CelebA-HQ-img/${id}.jpg`, message: 'It has no masks.' }))
  const notes = complaintNotes([...bare, LIST])
  expect(notes).toEqual([
    "In the dataset, list_eval_partition.txt: It is CelebA's own list; put a mapping beside it.",
    'In the dataset, CelebA-HQ-img/3.jpg and 2 more: It has no masks.',
  ])
  expect(notes.map((note) => noteIn('ko', note))).toEqual([
    "데이터셋의 list_eval_partition.txt: It is CelebA's own list; put a mapping beside it.",
    '데이터셋의 CelebA-HQ-img/3.jpg 외 2개: It has no masks.',
  ])
})

test('complaints that differ in numbers are one note, and there are never many', () => {
  const misplaced = [1, 2].map((id) => ({
    file: `CelebAMask-HQ-mask-anno/7/0000${id}_hair.png`,
    message: `A second mask of hair of 0000${id}; left out.`,
  }))
  expect(complaintNotes(misplaced)).toEqual([
    'In the dataset, CelebAMask-HQ-mask-anno/7/00001_hair.png and 1 more: A second mask of hair of 00001; left out.',
  ])
  const odd = [...'abcdefghijklmn'].map((part) => ({ file: `a/${part}.png`, message: `${part} is no part.` }))
  const notes = complaintNotes([...odd, LIST])
  expect(notes).toHaveLength(11)
  expect(notes[0]).toContain('list_eval_partition.txt')
  expect(notes.at(-1)).toBe('The dataset gives cause for 5 more complaints.')
  expect(complaintNotes([])).toEqual([])
})

test('says what it is that leaves nothing to learn from', () => {
  const sample = (name: string, facts: Pick<Sample, 'status' | 'split'>): Sample => ({
    ...{ name, id: 1, image: `/${name}`, parts: 1, golden: false, checked: null, ...facts },
    read: () => Promise.resolve({ map: null, unread: new Map(), complaints: [] }),
  })
  const base = { id: 'mobilenet', arch: 'mobilenet', model: null, notes: [] } as const
  const warningOf = (samples: readonly Sample[], only: 'corrected' | 'accepted'): string =>
    survey(base, chooseFaces(samples, only), TRAIN_OPTIONS.parse({}), 0, [], []).warnings[0] ?? 'none'
  const val = sample('val', { status: 'corrected', split: 'val' })
  const corrected = ['a', 'b'].map((name) => sample(name, { status: 'corrected', split: 'train' }))
  const predicted = sample('c', { status: 'predicted', split: null })
  const none = warningOf([val, ...corrected], 'accepted')
  expect(none).toMatch(
    /of the 2 faces that could be learned from, none is .* \(accepted\)\. Ask for others \(--only\)/,
  )
  expect(noteIn('ko', none)).toContain('얼굴 2장 중 고른 대상(accepted)')
  expect(warningOf(corrected, 'accepted')).toBe(none)
  expect(warningOf([val, predicted], 'corrected')).toMatch(/the 1 face that .*\(corrected\)/)
  expect(warningOf([val], 'corrected')).toMatch(/1 faces are for validation, 0 for test/)
  expect(warningOf([predicted], 'corrected')).toMatch(/correct or accept some images first/)
})
