/** @file What a comparison comes to: which parts got better or worse, and what that advises. */
import { describe, expect, test } from 'vitest'
import { differencesOf, verdictOf } from '../../../src/renderer/src/state/differences'
import { CLASS_NAMES, type PartName } from '../../../src/shared/labels'
import type { ClassScores, ModelComparison, ValidationScores } from '../../../src/shared/training'

type Scores = Partial<Record<PartName, number | null>>

/** Every class scores 0.5 but for those named. */
function scores(mean_f1: number, named: Scores = {}): ValidationScores {
  const plain = Object.fromEntries(CLASS_NAMES.map((name) => [name, 0.5])) as ClassScores
  return { mean_f1, f1: { ...plain, ...named } }
}

function comparison(
  val: [ValidationScores, ValidationScores],
  golden?: [ValidationScores, ValidationScores],
  worse: ModelComparison['worse'] = [],
): ModelComparison {
  const setOf = (set: 'val' | 'golden', [baseline, candidate]: [ValidationScores, ValidationScores]) => ({
    set,
    baseline,
    candidate,
    confusion: [],
  })
  return {
    baseline: 'old',
    candidate: 'new',
    images: { val: 6, golden: golden ? 3 : 0 },
    sets: [setOf('val', val), ...(golden ? [setOf('golden', golden)] : [])],
    worse,
    tolerance: 0.01,
    notes: [],
  }
}

const trends = (made: ModelComparison): Record<string, string> =>
  Object.fromEntries(differencesOf(made).map(({ part, trend }) => [part, trend]))

describe('differencesOf', () => {
  test('a change within the tolerance is none', () => {
    const made = comparison([
      scores(0.5, { hair: 0.6 }),
      scores(0.5, { hair: 0.605, nose: 0.52, skin: 0.48 }),
    ])
    expect(trends(made)).toMatchObject({ hair: 'same', nose: 'better', skin: 'worse', hat: 'same' })
  })

  test('worse on one set outweighs better on the other', () => {
    const made = comparison(
      [scores(0.5), scores(0.6, { hair: 0.9, nose: 0.9 })],
      [scores(0.5), scores(0.6, { hair: 0.4 })],
    )
    expect(trends(made)).toMatchObject({ hair: 'worse', nose: 'better' })
    expect(differencesOf(made).find(({ part }) => part === 'hair')?.sets).toEqual({
      val: { from: 0.5, to: 0.9, trend: 'better' },
      golden: { from: 0.5, to: 0.4, trend: 'worse' },
    })
  })

  test('a part of none of the faces is worse where only the new model finds it, better where it does no more', () => {
    const made = comparison([
      scores(0.5, { hat: null, eye_g: 0, nose: null }),
      scores(0.6, { hat: 0, eye_g: null, nose: null }),
    ])
    expect(trends(made)).toMatchObject({ hat: 'worse', eye_g: 'better', nose: 'same' })
    expect(verdictOf(made)).toBe('mixed')
  })

  test('a part that is nowhere has no trend, and one that the backend calls worse brings its faces', () => {
    const examples = [{ image: 'a.jpg', id: 1 }]
    const made = comparison([scores(0.5, { hat: null }), scores(0.6, { hat: null })], undefined, [
      { part: 'nose', from: 0.5, to: 0.495, examples },
    ])
    expect(trends(made)).toMatchObject({ hat: 'same', nose: 'worse' })
    expect(differencesOf(made).find(({ part }) => part === 'nose')?.examples).toEqual(examples)
  })
})

describe('verdictOf', () => {
  test('better needs every set to rise and no part to fall', () => {
    expect(verdictOf(comparison([scores(0.5), scores(0.6)]))).toBe('better')
    expect(verdictOf(comparison([scores(0.5), scores(0.6, { hat: 0.1 })]))).toBe('mixed')
    expect(verdictOf(comparison([scores(0.5), scores(0.6)], [scores(0.5), scores(0.4)]))).toBe('worse')
    expect(verdictOf(comparison([scores(0.5), scores(0.5)]))).toBe('worse')
  })

  test('without faces there is no verdict', () => {
    expect(verdictOf({ ...comparison([scores(0), scores(0)]), images: { val: 0, golden: 0 } })).toBe(
      'unscored',
    )
  })
})
