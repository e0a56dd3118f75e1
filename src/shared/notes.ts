/**
 * @file Sentences of the backend (sentences.ts), made and kept in English (the command line, a run's row, a model's manifest),
 * which a window says in its own language.
 */
import { fill } from './fill'
import { PART_NAMES, type PartName } from './labels'
import type { Entry, Language } from './languages'
import { NOTES } from './sentences'

/** Names in one sentence. */
const MAX_NAMED = 5

/** The first few of `names`, as a sentence lists them. */
export function listed(names: readonly string[]): string {
  const first = names.slice(0, MAX_NAMED).join(', ')
  return names.length > MAX_NAMED ? `${first}, …` : first
}

export type NoteKey = keyof typeof NOTES
type Places<Text> = Text extends `${string}{${infer Place}}${infer Rest}`
  ? NameOf<Place> | Places<Rest>
  : never
/** Of `faces|face|faces`, which is the number and the word that fits it. */
type NameOf<Place> = Place extends `${infer Name}|${string}` ? Name : Place
export type NoteValues<K extends NoteKey> = Readonly<Record<Places<(typeof NOTES)[K]['en']>, string | number>>

/** The note in English. */
export function noteOf<K extends NoteKey>(key: K, values: NoteValues<K>): string {
  // As they are, whatever a language makes of a number.
  const written = Object.entries<string | number>(values).map(
    ([name, value]) => [name, String(value)] as const,
  )
  return fill(NOTES[key].en, Object.fromEntries(written), 'en')
}

/** Says a part of the face in the window's words. */
type PartNames = (part: PartName) => string

/**
 * A sentence of `noteOf` in a language, its parts as `partName` says them and what it quotes said, too; one that is none of them
 * as it is.
 */
export function noteIn(language: Language, sentence: string, partName: PartNames = (part) => part): string {
  for (const { pattern, texts } of PATTERNS) {
    const found = pattern.exec(sentence)
    if (!found) continue
    const said = Object.entries(found.groups ?? {}).map(
      ([name, value]) =>
        [name, name === 'parts' ? named(value, partName) : notesIn(language, value)] as const,
    )
    return fill(texts[language], Object.fromEntries(said), language)
  }
  return sentence
}

/** Several such sentences, which `; ` joins. */
export function notesIn(language: Language, sentences: string): string {
  const whole = noteIn(language, sentences)
  if (whole !== sentences || !sentences.includes(JOINT)) return whole
  return sentences
    .split(JOINT)
    .map((sentence) => noteIn(language, sentence))
    .join(JOINT)
}

const JOINT = '; '

/** A list of parts, such as `hat (2), ear_r (1)`, by other names. */
function named(parts: string, nameOf: PartNames): string {
  return parts.replace(/\w+/g, (word) => {
    const part = PART_NAMES.find((name) => name === word)
    return part ? nameOf(part) : word
  })
}

/** What the sentences of a text look like; a value may be anything, and a word that fits its number is one of its two. */
function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  const pattern = escaped.replace(
    /\{(\w+)(?:\\\|([^}]*)\\\|([^}]*))?\}/g,
    (_place, name: string, one?: string, other?: string) =>
      other === undefined ? `(?<${name}>.+)` : `(?<${name}>.+) (?:${one}|${other})`,
  )
  return new RegExp(`^${pattern}$`, 's')
}

const PATTERNS = Object.values(NOTES).map((texts: Entry) => ({ texts, pattern: patternOf(texts.en) }))
