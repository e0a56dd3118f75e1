/** @file The built command line as a process of its own: what it printed and how it ended. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { BUILT } from './app'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const CLI = join(BUILT, 'cli.js')

export interface RunOptions {
  readonly cwd?: string
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until the process is ended; a minute where left out. */
  readonly timeout?: number
  /** Told of each piece that the process writes to stderr, so that it can be sent a signal. */
  readonly onStderr?: (child: ChildProcess, text: string) => void
}

/** Runs `node script args` to its end. */
export async function runNode(
  script: string,
  args: readonly string[],
  { cwd = process.cwd(), env, timeout = 60_000, onStderr }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  })
  child.stderr.on('data', (chunk: Buffer) => onStderr?.(child, chunk.toString()))
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** What a command says that is sent Ctrl+C as soon as `folder` holds what it works on, and what the folder holds then. */
export async function interrupted(
  folder: string,
  args: readonly string[],
): Promise<Ended & { left: string[] }> {
  const before = new Set(await readdir(folder))
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  while (child.exitCode === null && (await readdir(folder)).every((name) => before.has(name))) await sleep(5)
  child.kill('SIGINT')
  const [stdout, stderr, [code]] = await ended
  return {
    code: code as number | null,
    stdout,
    stderr,
    left: (await readdir(folder)).filter((name) => !before.has(name)),
  }
}

/** The commands over one data folder. */
export function commandLine(dataDir: () => string) {
  const facet = (...args: string[]): Promise<Ended> => runNode(CLI, ['--data-dir', dataDir(), ...args])
  return {
    facet,

    /** The one document that a command prints with --json; fails where it printed anything else or did not end with 0. */
    async json(...args: string[]): Promise<Record<string, unknown>> {
      const { code, stdout, stderr } = await facet('--json', ...args)
      expect(code, stderr).toBe(0)
      expect(stdout.split('\n')).toHaveLength(2)
      expect(stdout.endsWith('\n')).toBe(true)
      return JSON.parse(stdout) as Record<string, unknown>
    },

    /** What a command said as it failed: one sentence on stderr, nothing on stdout. */
    async failure(code: 1 | 2, ...args: string[]): Promise<string> {
      const ended = await facet('--json', ...args)
      expect(ended.stdout).toBe('')
      expect(ended.code, ended.stderr).toBe(code)
      expect(ended.stderr).not.toMatch(/\n\s+at |internal:/)
      return ended.stderr
    },
  }
}
