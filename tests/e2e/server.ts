/** @file `facet serve` as a person starts it: the built command line in a process of its own, which a test may kill. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Response as Answer } from '../../src/shared/answers'
import type { Method, Request } from '../../src/shared/requests'
import { decodeWire, encodeWire } from '../../src/shared/wire'
import { BUILT } from '../helpers/app'

/** A server that has not said its address, or not ended, after this is taken for broken. */
const PATIENCE_MS = 60_000

export interface Server {
  readonly url: string
  readonly process: ChildProcess
  /** Asks the backend behind the window's back. */
  call<M extends Method>(method: M, request: Request<M>): Promise<Answer<M>>
  /** Ends it as Ctrl+C does and waits. */
  stop(): Promise<void>
  /** Ends it as a power cut does and waits. */
  kill(): Promise<void>
}

/** Starts the server on `port` (0: a free one) and waits for its address. */
export async function startServer(dataDir: string, folder?: string, port = 0): Promise<Server> {
  const options = ['--port', String(port), '--data-dir', dataDir, '--json']
  const args = [join(BUILT, 'cli.js'), 'serve', ...(folder ? [folder] : []), ...options]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const line = await firstLine(child, /^\{.*\}$/)
  const { url } = JSON.parse(line) as { url: string }
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await within(PATIENCE_MS, ended, `facet serve to end on ${signal}`)
  }
  return {
    url,
    process: child,
    call: (method, request) => callApi(url, method, request),
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  }
}

/** The first line on a process' stdout that matches; rejects where the process ends or is silent for too long. */
export function firstLine(child: ChildProcess, pattern: RegExp): Promise<string> {
  const found = new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const line = text
        .split('\n')
        .slice(0, -1)
        .find((whole) => pattern.test(whole))
      if (line !== undefined) resolve(line)
    })
    child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}: ${text}`)))
  })
  return within(PATIENCE_MS, found, `a line like ${String(pattern)}`)
}

/** `wait`, or a rejection after `ms` that names what did not come. */
export async function within<T>(ms: number, wait: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what}`)), ms)
  })
  return Promise.race([wait, late]).finally(() => clearTimeout(timer))
}

async function callApi<M extends Method>(url: string, method: M, request: Request<M>): Promise<Answer<M>> {
  const { origin, searchParams } = new URL(url)
  const response = await fetch(`${origin}/api/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-facet', 'x-facet-token': searchParams.get('token') ?? '' },
    body: encodeWire(request),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const isWire = response.headers.get('content-type') === 'application/x-facet'
  const answer = isWire ? decodeWire(new Uint8Array(await response.arrayBuffer())) : await response.json()
  if (!response.ok) throw new Error(`${method}: ${JSON.stringify(answer)}`)
  return answer as Answer<M>
}
