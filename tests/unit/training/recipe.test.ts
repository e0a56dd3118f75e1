/** @file What Facet chooses where nobody says: by how many faces there are, how long they take, and what could be forgotten. */
import { describe, expect, test } from 'vitest'
import { chooseSettings, duration, RECIPE, type Situation } from '../../../src/main/training/recipe'
import { scheduleOf } from '../../../src/main/training/schedule'
import { TRAIN_OPTIONS, TRAIN_SETTINGS, type TrainOptionsInput } from '../../../src/shared/training'

const SITUATION: Situation = { train: 20, val: 12, others: 2, resolution: 256, pace: () => null }

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
  const slow = {
    pace: ({ scope }: { scope: string }) => ({
      secondsPerStep: scope === 'full' ? 10 : 1,
      secondsPerFace: 0,
    }),
  }

  test('is the decoder only where the whole network would not be done in time', () => {
    expect(choose().settings.scope).toBe(RECIPE.scope)
    expect(choose({ time_limit: 1 }).settings.scope).toBe('full')
    const { settings, notes, seconds } = choose({ time_limit: 60 }, slow)
    expect([settings.scope, settings.lr]).toEqual(['decoder', RECIPE.lr.decoder])
    expect(notes.join()).toContain('and the limit is 60 s')
    expect(seconds).toBe(scheduleOf(settings, SITUATION.train).steps)
    expect(choose({ time_limit: 1e6 }, slow).settings.scope).toBe('full')
  })

  test('counts steps and looks apart: a trial of few steps and as many looks is no measure of a long run', () => {
    const pace = () => ({ secondsPerStep: 0.25, secondsPerFace: 0.1 })
    // 240 steps, and a look before the first and after each of twelve epochs.
    const asked = { epochs: 12, train_bs: 1, preserve: 'none' } as const
    const { seconds, settings } = choose({ ...asked, time_limit: 80 }, { pace })
    expect([seconds, settings.scope]).toEqual([240 * 0.25 + 13 * SITUATION.val * 0.1, 'full'])
    expect(choose({ ...asked, time_limit: 70 }, { pace }).settings.scope).toBe('decoder')
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

test('a factor without epochs at which it counts is told to have no effect', () => {
  const told = (options: TrainOptionsInput): boolean =>
    choose(options).notes.some((note) => note.includes('lr_schedule_gamma has no effect'))
  expect([told({}), told({ lr_schedule_gamma: 0.5 })]).toEqual([false, true])
  expect(told({ lr_schedule_gamma: 0.5, lr_schedule: [2] })).toBe(false)
})
