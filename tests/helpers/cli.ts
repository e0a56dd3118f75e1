/** @file The built command line as a process of its own: what it printed and how it ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BUILT } from './app'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const CLI = join(BUILT, 'cli.js')

/** Runs `node script args` to its end, for a minute at most. */
export async function runNode(script: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}
