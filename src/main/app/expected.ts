/** @file What a schema expects, in words, and what it was given instead. */
import { z } from 'zod'

/** What a number must be, as in "a whole number from 16 to 8192" or "a number above 0, at most 1"; of a list, each of its numbers. */
export function expectedNumber(schema: z.ZodType): string {
  const form = numberForm(z.toJSONSchema(schema, { io: 'input' })) ?? {}
  const { minimum: least, exclusiveMinimum: above, maximum: most, exclusiveMaximum: below } = form
  const low = isBound(least) ? `${least} or more` : isBound(above) ? `above ${above}` : ''
  const high = isBound(most) ? `at most ${most}` : isBound(below) ? `below ${below}` : ''
  const bounds = isBound(least) && isBound(most) ? `from ${least} to ${most}` : joined(low, high)
  return `a ${form.type === 'integer' ? 'whole ' : ''}number ${bounds}`.trimEnd()
}

type Form = z.core.JSONSchema.JSONSchema

/** The part of a schema that is about a number: what may be null, or a list, has it inside. */
function numberForm(form: Form): Form | undefined {
  if (form.type === 'number' || form.type === 'integer') return form
  for (const part of [...(form.anyOf ?? []), form.items].flat()) {
    const found = typeof part === 'object' ? numberForm(part) : undefined
    if (found) return found
  }
  return undefined
}

/** Every whole number has bounds: those of what a float counts exactly say nothing. */
function isBound(value: number | boolean | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
}

function joined(low: string, high: string): string {
  return low && high ? `${low}, ${high}` : low || high
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** What is wrong with a value, in words that go on after its name and a colon: what was expected of it, and what it is. */
export function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  const expected = expectation(issue)
  return expected === null ? issue.message : `${expected} is expected, found ${shown(value)}`
}

function expectation(issue: z.core.$ZodIssue): string | null {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? null
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return amount(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return amount(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    default:
      return null
  }
}

function amount(origin: string, how: string, bound: number | bigint): string {
  if (origin === 'string') return `text of ${how} ${bound} ${bound === 1 ? 'character' : 'characters'}`
  return origin === 'array' ? `a list of ${how} ${bound}` : `${how} ${bound}`
}

/** Longer than a person reads. */
const MAX_SHOWN = 80

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
