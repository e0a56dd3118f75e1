/** @file The window's languages, and what a sentence of a catalogue is. */

export const LANGUAGES = ['en', 'ko'] as const
export type Language = (typeof LANGUAGES)[number]
export type Entry = Readonly<Record<Language, string>>
