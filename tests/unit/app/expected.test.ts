/** @file What a schema expects, in words: of every number there is a flag for, and of what a request holds. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { expectedNumber, problemOf } from '../../../src/main/app/expected'
import { TRAIN_OPTIONS } from '../../../src/shared/training'

describe('a number', () => {
  test.each([
    [z.int(), 'a whole number'],
    [z.number(), 'a number'],
    [z.int().min(16).max(8192).optional(), 'a whole number from 16 to 8192'],
    [z.int().positive().optional(), 'a whole number above 0'],
    [TRAIN_OPTIONS.shape.lr, 'a number above 0, at most 1'],
    [TRAIN_OPTIONS.shape.ema, 'a number 0 or more, below 1'],
    [TRAIN_OPTIONS.shape.time_limit, 'a number above 0'],
    [TRAIN_OPTIONS.shape.lr_schedule, 'a whole number above 0'],
  ])('%#: is %s', (schema, words) => {
    expect(expectedNumber(schema)).toBe(words)
  })
})

describe('a problem', () => {
  test.each([
    [z.int(), NaN, 'a number is expected, found NaN'],
    [z.int(), 1.5, 'a whole number is expected, found 1.5'],
    [z.int(), '1', 'a number is expected, found "1"'],
    [z.int().min(16), 0, 'at least 16 is expected, found 0'],
    [z.number().positive(), 0, 'more than 0 is expected, found 0'],
    [z.number().lt(1), 1, 'less than 1 is expected, found 1'],
    [z.string(), undefined, 'text is expected, found nothing'],
    [z.string().min(1), '', 'text of at least 1 character is expected, found ""'],
    [
      z.string().max(80),
      'x'.repeat(999),
      `text of at most 80 characters is expected, found "${'x'.repeat(80)}…"`,
    ],
    [z.enum(['a', 'b']), null, 'one of a, b is expected, found null'],
    [z.array(z.int()).min(1), [], 'a list of at least 1 is expected, found a list of 0'],
    [z.boolean(), { a: 1n }, 'true or false is expected, found an object'],
    [z.string().regex(/^https:/, 'must begin with https://'), 'ftp:', 'must begin with https://'],
  ])('%#: %s', (schema, value, words) => {
    const [issue] = schema.safeParse(value).error?.issues ?? []
    expect(issue && problemOf(issue, value)).toBe(words)
  })
})
