/** @file Fills the placeholders of a sentence; numbers are written as the language writes them. */
import type { Language } from './languages'

export type Values = Readonly<Record<string, string | number>>

/**
 * `{name}` becomes the value; `{name|one|other}` becomes the number followed by the word that fits it.
 * A placeholder without a value stays as it is, so that the mistake can be seen.
 */
export function fill(sentence: string, values: Values, language: Language): string {
  return sentence.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (placeholder, name: string, one, other) => {
    const value = values[name]
    if (value === undefined) return placeholder
    const written = typeof value === 'number' ? value.toLocaleString(language) : value
    return other === undefined ? written : `${written} ${String(value) === '1' ? one : other}`
  })
}
