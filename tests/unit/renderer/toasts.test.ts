/** @file How long messages stay: what must be read until it is dismissed or does not hold any more. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Toasts } from '../../../src/renderer/src/state/toasts.svelte'
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

test('the newest is dismissed first', () => {
  toasts.add('warning', 'first')
  toasts.add('error', 'second')
  expect(toasts.dismissNewest()).toBe(true)
  expect(levels()).toEqual(['warning'])
  expect([toasts.dismissNewest(), toasts.dismissNewest()]).toEqual([true, false])
})
