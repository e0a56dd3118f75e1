/** @file What a training says of its dataset: the complaints about it, told together where they are alike. */
import { expect, test } from 'vitest'
import { complaintNotes } from '../../../src/main/app/training/survey'
import { noteIn } from '../../../src/shared/notes'

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
