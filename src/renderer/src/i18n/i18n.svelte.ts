/** @file The window's language of now; what is on screen follows it at once. */
import { CATALOGUE, type Key } from './catalogue'
import { fill, type Values } from '../../../shared/fill'
import type { Language } from '../../../shared/languages'
import { notesIn } from '../../../shared/notes'

class Locale {
  language: Language = $state('en')
}

export const locale = new Locale()

/** The sentence of `key` in the window's language. */
export function t(key: Key, values: Values = {}): string {
  return fill(CATALOGUE[key][locale.language], values, locale.language)
}

/** What the backend says, in the window's language where it is one of its known sentences. */
export function told(sentence: string): string {
  return notesIn(locale.language, sentence)
}

/** A number as the window's language writes it, with at most `digits` decimals. */
export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString(locale.language, { maximumFractionDigits: digits })
}

/** The language to begin with: the chosen one, else the system's, else English. */
export function firstLanguage(chosen: Language | null, system: readonly string[]): Language {
  return chosen ?? (system[0]?.toLowerCase().startsWith('ko') ? 'ko' : 'en')
}
