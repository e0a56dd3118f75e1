/** @file The folder of real faces, models and reference numbers beside the repository, which a fresh clone lacks. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const SHARED = resolve('../shared')
export const hasShared = existsSync(SHARED)

/** A path in the shared folder; says once per call what is left out where it is absent. */
export function shared(...parts: string[]): { path: string; present: boolean } {
  const path = join(SHARED, ...parts)
  const present = existsSync(path)
  if (!present) console.info(`left out: no ../shared/${parts.join('/')} here`)
  return { path, present }
}
