/** @file `facet serve` as a person starts it: the built command line in a process of its own, which a test may kill. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { BUILT } from '../helpers/app'

export interface Server {
  readonly url: string
  readonly process: ChildProcess
  /** Ends it as Ctrl+C does and waits. */
  stop(): Promise<void>
  /** Ends it as a power cut does and waits. */
  kill(): Promise<void>
}

/** Starts the server on a free port and waits for its address. */
export async function startServer(dataDir: string, folder?: string): Promise<Server> {
  const args = [join(BUILT, 'cli.js'), 'serve', ...(folder ? [folder] : []), '--data-dir', dataDir, '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end > 0) resolve((JSON.parse(text.slice(0, end)) as { url: string }).url)
    })
    void ended.then(([code]) => reject(new Error(`facet serve ended with ${String(code)}: ${text}`)))
  })
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    child.kill(signal)
    await ended
  }
  return { url, process: child, stop: () => end('SIGINT'), kill: () => end('SIGKILL') }
}
