/** @file The options of a run: every one is offered, within the contract's bounds, and a typed text means what it says. */
import { describe, expect, test } from 'vitest'
import {
  OPTIONS,
  readTyped,
  typedForm,
  withOption,
  type Option,
} from '../../../src/renderer/src/state/train-options'
import { TRAIN_OPTIONS, type TrainSettings } from '../../../src/shared/training'

const all: readonly Option[] = Object.values(OPTIONS).flat()
const settings: TrainSettings = {
  ...TRAIN_OPTIONS.parse({ lr_schedule: [80, 200], time_limit: 90 }),
  scope: 'full',
  epochs: 40,
  lr: 3e-4,
  train_bs: 4,
  input_resolution: 256,
  rotation: 8,
  scale: 0.1,
  colour: 0.5,
  early_stopping: 12,
  ema: 0.98,
  preserve: 'replay',
  adapt_norms: 0.75,
}

function find(name: string): Option {
  const option = all.find((item) => item.name === name)
  if (!option) throw new Error(`there is no option ${name}`)
  return option
}

function read(name: string, text: string) {
  const option = find(name)
  if (option.kind !== 'number' && option.kind !== 'list') throw new Error(`${name} is not typed`)
  return readTyped(option, text)
}

describe('the table', () => {
  test('offers every option of the contract once', () => {
    expect(all.map(({ name }) => name).sort()).toEqual(Object.keys(TRAIN_OPTIONS.shape).sort())
  })

  test.each(all.flatMap((option) => (option.kind === 'number' ? [option] : [])))(
    'the contract takes both ends of $name',
    ({ name, min, max, unit }) => {
      for (const end of [min, max])
        expect(TRAIN_OPTIONS.safeParse({ [name]: end * unit }).success, `${name} ${end}`).toBe(true)
    },
  )

  test('the contract takes every choice', () => {
    for (const option of all)
      if (option.kind === 'choice')
        for (const value of option.values) TRAIN_OPTIONS.parse({ [option.name]: value })
  })
})

describe('typing', () => {
  test('nothing leaves it to Facet, numbers within bounds count, others do not', () => {
    expect(read('epochs', '  ')).toBe('automatic')
    expect(read('epochs', '24')).toEqual({ value: 24 })
    for (const text of ['0', '2.5', '10001', 'many', '1e9']) expect(read('epochs', text), text).toBe('wrong')
    expect(read('lr', '3e-4')).toEqual({ value: 3e-4 })
    expect(read('ema', '1')).toBe('wrong')
  })

  test('minutes are seconds in the contract', () => {
    expect(read('time_limit', '1.5')).toEqual({ value: 90 })
    expect(typedForm(find('time_limit'), settings)).toBe('1.5')
  })

  test('a schedule is whole epochs that ascend', () => {
    expect(read('lr_schedule', '80, 200')).toEqual({ value: [80, 200] })
    expect(read('lr_schedule', '80 200')).toEqual({ value: [80, 200] })
    for (const text of ['200, 80', '80, x', '0', ',', '1.5'])
      expect(read('lr_schedule', text), text).toBe('wrong')
    expect(typedForm(find('lr_schedule'), settings)).toBe('80, 200')
    expect(typedForm(find('lr_schedule'), { ...settings, lr_schedule: null })).toBeNull()
  })

  test('only what was set is asked for', () => {
    const set = withOption(withOption({}, 'epochs', 24), 'flip', false)
    expect(set).toEqual({ epochs: 24, flip: false })
    expect(withOption(set, 'epochs', undefined)).toEqual({ flip: false })
  })
})
