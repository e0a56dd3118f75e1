/** @file The catalogue is complete in both languages, and its sentences are filled in as each language writes them. */
import { describe, expect, test } from 'vitest'
import { CATALOGUE, type Key } from '../../../src/renderer/src/i18n/catalogue'
import { fill } from '../../../src/shared/fill'
import { firstLanguage, locale, t } from '../../../src/renderer/src/i18n/i18n.svelte'
import { LANGUAGES } from '../../../src/shared/languages'
import { ERROR_CODES } from '../../../src/shared/errors'
import { PART_NAMES } from '../../../src/shared/labels'
import { PROVIDERS, SPLITS, STATUSES } from '../../../src/shared/terms'

const keys = Object.keys(CATALOGUE) as Key[]
/** Names that are the same in every language. */
const NAMES = /^(provider\.|export\.format\.celebamask-hq|gesture\.cancel|review\.position)/

function placeholders(sentence: string): string[] {
  return [...new Set(Array.from(sentence.matchAll(/\{(\w+)/g), ([, name]) => name ?? ''))].sort()
}

describe('catalogue', () => {
  test('every sentence is there in every language, with the same placeholders', () => {
    for (const key of keys) {
      for (const language of LANGUAGES)
        expect(CATALOGUE[key][language].trim(), `${key} in ${language}`).not.toBe('')
      expect(placeholders(CATALOGUE[key].ko), key).toEqual(placeholders(CATALOGUE[key].en))
    }
  })

  test('Korean sentences are Korean', () => {
    for (const key of keys.filter((name) => !NAMES.test(name)))
      expect(CATALOGUE[key].ko, key).toMatch(/[가-힣]/)
  })

  test('every error code, part, status, split and provider has its words', () => {
    const needed = [
      ...Object.keys(ERROR_CODES).map((code) => `error.${code}`),
      ...PART_NAMES.map((part) => `part.${part}`),
      ...STATUSES.map((status) => `status.${status}`),
      ...SPLITS.map((split) => `split.${split}`),
      ...PROVIDERS.map((provider) => `provider.${provider}`),
    ]
    expect(keys).toEqual(expect.arrayContaining(needed))
  })
})

describe('fill', () => {
  test('numbers are grouped and plurals chosen', () => {
    expect(fill('{n|image|images}', { n: 1 }, 'en')).toBe('1 image')
    expect(fill('{n|image|images}', { n: 30_000 }, 'en')).toBe('30,000 images')
    expect(fill('이미지 {n}장', { n: 30_000 }, 'ko')).toBe('이미지 30,000장')
  })

  test('a forgotten value shows', () => {
    expect(fill('Hide {part}', {}, 'en')).toBe('Hide {part}')
  })
})

test('the language can change while the window is open', () => {
  locale.language = 'en'
  expect(t('part.u_lip')).toBe('Upper lip')
  locale.language = 'ko'
  expect(t('part.u_lip')).toBe('윗입술')
  locale.language = 'en'
})

test('the first language is the chosen one, else the system’s, else English', () => {
  expect(firstLanguage(null, ['ko-KR', 'en-US'])).toBe('ko')
  expect(firstLanguage('en', ['ko-KR'])).toBe('en')
  expect(firstLanguage(null, ['fr-FR'])).toBe('en')
  expect(firstLanguage(null, [])).toBe('en')
})
