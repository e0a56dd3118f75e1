/** @file What Facet chooses where nobody says: by how many faces there are, how long they take, and what could be forgotten. */
import { describe, expect, test } from 'vitest'
import { chooseSettings, duration, RECIPE, type Situation } from '../../../src/main/training/recipe'
import { scheduleOf } from '../../../src/main/training/schedule'
import { TRAIN_OPTIONS, TRAIN_SETTINGS, type TrainOptionsInput } from '../../../src/shared/training'

const SITUATION: Situation = { train: 20, val: 12, others: 2, resolution: 256, secondsPerStep: () => null }

function choose(options: TrainOptionsInput = {}, situation: Partial<Situation> = {}) {
  return chooseSettings(TRAIN_OPTIONS.parse(options), { ...SITUATION, ...situation })
}

describe('settings', () => {
  test('are whole, and told why, for any number of faces', () => {
    for (const train of [0, 1, 2, 5, 20, 100, 240, 24_183]) {
      const { settings, notes } = choose({}, { train })
      expect(TRAIN_SETTINGS.parse(settings), String(train)).toEqual(settings)
      expect(notes.length, String(train)).toBeGreaterThan(1)
      for (const note of notes) expect(note).toMatch(/^[A-Z0-9].*[.:]?$/)
      const { steps } = scheduleOf(settings, train)
      expect(steps, String(train)).toBeGreaterThanOrEqual(RECIPE.minSteps / 2)
    }
  })

  test('are what was asked for', () => {
    const asked: TrainOptionsInput = {
      ...{ scope: 'decoder', epochs: 3, lr: 0.5, train_bs: 2, input_resolution: 64, rotation: 1, scale: 0.1 },
      ...{
        colour: 0,
        early_stopping: 0,
        ema: 0,
        preserve: 'none',
        flip: false,
        seed: 7,
        lr_schedule: [1, 2],
      },
    } as const
    expect(choose(asked).settings).toMatchObject(asked)
  })

  test('have no larger batch than faces', () => {
    expect(choose({}, { train: 2 }).settings.train_bs).toBe(2)
  })
})

describe('the scope', () => {
  const slow = { secondsPerStep: ({ scope }: { scope: string }) => (scope === 'full' ? 10 : 1) }

  test('is the decoder only where the whole network would not be done in time', () => {
    expect(choose().settings.scope).toBe(RECIPE.scope)
    expect(choose({ time_limit: 1 }).settings.scope).toBe('full')
    const { settings, notes, seconds } = choose({ time_limit: 60 }, slow)
    expect([settings.scope, settings.lr]).toEqual(['decoder', RECIPE.lr.decoder])
    expect(notes.join()).toContain('and the limit is 60 s')
    expect(seconds).toBe(scheduleOf(settings, SITUATION.train).steps)
    expect(choose({ time_limit: 1e6 }, slow).settings.scope).toBe('full')
  })

  test('of a fresh network is all of it, which has nothing to keep', () => {
    const { settings } = choose({ time_limit: 60 }, { ...slow, resolution: null })
    expect(settings).toMatchObject({
      ...{ scope: 'full', lr: RECIPE.freshLr, epochs: RECIPE.freshEpochs, preserve: 'none' },
      input_resolution: RECIPE.freshResolution,
    })
  })
})

test('it stops early only where enough faces say so', () => {
  expect(choose({}, { val: RECIPE.earlyStoppingVal }).settings.early_stopping).toBeGreaterThan(0)
  for (const val of [0, 1, RECIPE.earlyStoppingVal - 1])
    expect(choose({}, { val }).settings.early_stopping, String(val)).toBe(0)
})

test('other faces come up where there are some and few new ones', () => {
  expect(choose().settings.preserve).toBe('replay')
  expect(choose({}, { others: 0 }).settings.preserve).toBe('none')
  expect(choose({}, { train: RECIPE.preserveBelow }).settings.preserve).toBe('none')
  const { settings, notes } = choose({ preserve: 'replay' }, { others: 0 })
  expect(settings.preserve).toBe('none')
  expect(notes.join()).toContain('no other faces')
  expect(choose({ train_bs: 1 }).settings.preserve).toBe('none')
})

test.each([
  [4, '4 s'],
  [89.6, '90 s'],
  [150, '3 min'],
  [5400, '1.5 h'],
])('%d seconds are %s', (seconds, said) => expect(duration(seconds)).toBe(said))
