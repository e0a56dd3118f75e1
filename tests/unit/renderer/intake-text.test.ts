/** @file A model on its way in: megabytes only where bytes are counted. */
import { afterEach, expect, test } from 'vitest'
import { progressText } from '../../../src/renderer/src/components/intake-text'
import { locale } from '../../../src/renderer/src/i18n/i18n.svelte'

afterEach(() => (locale.language = 'en'))

test('a file that is handed over shows megabytes, a small one their tenths', () => {
  expect(progressText('sending', { done: 300_000_000, total: 1_102_518_358 })).toBe('300 of 1,103 MB')
  expect(progressText('sending', { done: 250_000, total: 400_000 })).toBe('0.3 of 0.4 MB')
  locale.language = 'ko'
  expect(progressText('sending', { done: 28e6, total: 85e6 })).toBe('85MB 중 28MB')
})

test('an import shows a share, whether it counts tensors or bytes', () => {
  for (const language of ['en', 'ko'] as const) {
    locale.language = language
    expect(progressText('importing', { done: 120, total: 437 })).toBe('27%')
    expect(progressText('importing', { done: 437, total: 437 })).toBe('100%')
    expect(progressText('importing', { done: 5_000_000, total: 20_000_000 })).toBe('25%')
  }
})

test('nothing is said while nothing is known', () => {
  for (const stage of ['sending', 'examining', 'importing'] as const)
    expect(progressText(stage, { done: 0, total: 0 })).toBe('')
})
