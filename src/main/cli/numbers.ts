/** @file Numbers on the command line, held against what the request takes, so that what is wrong is said of the flag. */
import { InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import { expectedNumber } from '../app/expected'

/** Reads one number that `schema` takes, for commander, which puts the flag's name before what is wrong. */
export function numberOf(schema: z.ZodType): (text: string) => number {
  return (text) => {
    const value = numberIn(text)
    if (!schema.safeParse(value).success) throw refusal(expectedNumber(schema))
    return value
  }
}

/** As `numberOf` for a list, separated by commas. */
export function numbersOf(schema: z.ZodType): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map(numberIn)
    if (!schema.safeParse(values).success)
      throw refusal(`numbers separated by commas, each ${expectedNumber(schema)}`)
    return values
  }
}

/** Blank text is no number; JavaScript takes it for 0. */
function numberIn(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

function refusal(expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected: ${expected}.`)
}
