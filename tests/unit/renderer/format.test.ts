/** @file Scores, changes, spans of time and dates in both languages. */
import { afterEach, describe, expect, test } from 'vitest'
import {
  formatChange,
  formatLoss,
  formatMoment,
  formatPercent,
  formatScore,
  formatSpan,
  labelOf,
} from '../../../src/renderer/src/i18n/format'
import { locale } from '../../../src/renderer/src/i18n/i18n.svelte'

afterEach(() => (locale.language = 'en'))

describe('numbers', () => {
  test('a score has three decimals, nothing to score is a dash', () => {
    expect([formatScore(0.6), formatScore(0.12345), formatScore(null)]).toEqual(['0.600', '0.123', '–'])
  })

  test('a change has its sign, but none where it rounds to nothing', () => {
    expect([0.0213, -0.0042, 0.0004, -0.0004, null].map(formatChange)).toEqual([
      '+0.021',
      '−0.004',
      '±0.000',
      '±0.000',
      '–',
    ])
  })

  test('losses have three digits that count, shares are percent', () => {
    expect([formatLoss(0.49321), formatLoss(0.000123456), formatLoss(null)]).toEqual([
      '0.493',
      '0.000123',
      '–',
    ])
    expect([formatPercent(0.163), formatPercent(0.0325, 1)]).toEqual(['16%', '3.3%'])
  })
})

describe('times', () => {
  test('spans are said in their two largest units', () => {
    const spans = [0, 44.6, 60, 178, 3600, 3905, 90_000, -3]
    expect(spans.map(formatSpan)).toEqual([
      '0 s',
      '45 s',
      '1 min 0 s',
      '2 min 58 s',
      '1 h 0 min',
      '1 h 5 min',
      '25 h 0 min',
      '0 s',
    ])
    locale.language = 'ko'
    expect(formatSpan(178)).toBe('2분 58초')
  })

  test('a moment of today is a time, an earlier one has its date', () => {
    const now = new Date(2026, 10, 24, 18, 30).getTime()
    expect(formatMoment(now - 60_000, now)).not.toContain('2026')
    expect(formatMoment(now - 86_400_000, now)).toContain('Nov 23, 2026')
  })
})

test('the background is a class, too', () => {
  expect([labelOf('background'), labelOf('u_lip')]).toEqual(['Background', 'Upper lip'])
})
