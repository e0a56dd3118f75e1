/** @file How long messages stay: what must be read until it is dismissed or does not hold any more. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Toasts } from '../../../src/renderer/src/state/toasts.svelte'
import { TrainToasts } from '../../../src/renderer/src/state/train-toasts'
import { t } from '../../../src/renderer/src/i18n/i18n.svelte'
import type { RunState, TrainingRun } from '../../../src/shared/training'
import { FacetError } from '../../../src/shared/errors'

let toasts: Toasts
beforeEach(() => {
  vi.useFakeTimers()
  toasts = new Toasts()
})
afterEach(() => vi.useRealTimers())

const levels = () => toasts.items.map(({ level }) => level)

test('news goes by itself; warnings and errors wait for their reader', () => {
  toasts.add('info', 'news')
  toasts.add('warning', 'odd', 'a long sentence')
  toasts.add('error', 'bad')
  vi.advanceTimersByTime(3_600_000)
  expect(levels()).toEqual(['warning', 'error'])
})

test('an error goes when the same action goes well, or with its page; a warning stays', () => {
  toasts.fail(new FacetError('file/unwritable', 'Cannot write out.'), 'export')
  toasts.fail(new FacetError('file/unreadable', 'Cannot read in.'), 'open')
  toasts.add('warning', 'odd')
  toasts.settle('export')
  expect(toasts.items.map(({ message }) => message)).toEqual(['Cannot read in.', ''])
  toasts.dropErrors()
  expect(levels()).toEqual(['warning'])
})

test('what was said of training goes with its cause', () => {
  const training = new TrainToasts(toasts)
  const runs = (...states: readonly RunState[]) =>
    states.map((state, id) => ({ id, name: `faces ${id}`, state }) as TrainingRun)
  const failed = (id: number) => toasts.add('error', t('run.failedTitle', { name: `faces ${id}` }), 'Why.')
  training.heed(runs('running', 'failed', 'failed'))
  toasts.fail(new FacetError('conflict', 'Another training is in work.'), 'train')
  toasts.fail(new FacetError('file/unwritable', 'Cannot write out.'), 'export')
  failed(1)
  failed(2)
  training.heed(runs('running', 'failed', 'failed'))
  expect(toasts.items).toHaveLength(4)
  training.heed(runs('done', 'running', 'failed'))
  training.heed(runs('done', 'done', 'failed'))
  expect(toasts.items.map(({ action, title }) => action ?? title)).toEqual([
    'export',
    'The training of faces 2 failed',
  ])
})

test('the newest is dismissed first', () => {
  toasts.add('warning', 'first')
  toasts.add('error', 'second')
  expect(toasts.dismissNewest()).toBe(true)
  expect(levels()).toEqual(['warning'])
  expect([toasts.dismissNewest(), toasts.dismissNewest()]).toEqual([true, false])
})
