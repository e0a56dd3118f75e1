/** @file The gate's list of parts that got worse: by the fall of their F1, also of parts that are invented, with the faces that show it. */
import { expect, test } from 'vitest'
import { worstOf } from '../../../src/main/app/compare'
import type { ScoredFace } from '../../../src/main/app/scoring'
import type { Sample } from '../../../src/main/dataset/samples'
import { countPixels } from '../../../src/main/metrics/confusion'
import { CLASS_NAMES, type ClassName } from '../../../src/shared/labels'

const sample = (name: string): Sample => ({
  ...{
    name,
    id: null,
    image: name,
    split: 'val',
    status: 'corrected',
    parts: 0,
    golden: false,
    checked: null,
  },
  read: () => Promise.reject(new Error('Nobody reads it here.')),
})
const [A, B] = [sample('a.jpg'), sample('b.jpg')]

/** A face of as many pixels as classes are named, by what each is and what it was taken for. */
function face(of: Sample, truth: readonly ClassName[], predicted: readonly ClassName[]): ScoredFace {
  const labels = (names: readonly ClassName[]): Uint8Array =>
    Uint8Array.from(names, (name) => CLASS_NAMES.indexOf(name))
  return { sample: of, confusion: countPixels(labels(truth), labels(predicted)) }
}

const right = [face(A, ['hair', 'skin'], ['hair', 'skin']), face(B, ['skin', 'skin'], ['skin', 'skin'])]
const invents = [face(A, ['hair', 'skin'], ['hair', 'skin']), face(B, ['skin', 'skin'], ['hat', 'skin'])]

test('a part that is in no face and that only the new model finds is worse, with the face where it does', () => {
  expect(worstOf('hat', [{ baseline: right, candidate: invents }])).toEqual([
    { part: 'hat', from: null, to: 0, examples: [{ image: 'b.jpg', id: null }] },
  ])
  expect(worstOf('nose', [{ baseline: right, candidate: invents }])).toEqual([])
})

test('a part that the new model invents no more is not worse', () => {
  expect(worstOf('hat', [{ baseline: invents, candidate: right }])).toEqual([])
})

test('of two sets that tells where it fell most', () => {
  const bald = [face(A, ['hair', 'hair'], ['hair', 'skin'])]
  const full = [face(A, ['hair', 'hair'], ['hair', 'hair'])]
  const [worst] = worstOf('hair', [
    { baseline: full, candidate: bald },
    { baseline: full, candidate: [face(A, ['hair', 'hair'], ['skin', 'skin'])] },
  ])
  expect(worst).toMatchObject({ from: 1, to: 0 })
})
