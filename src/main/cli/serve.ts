/** @file `facet serve`: the app at 127.0.0.1 until it is told to stop. */
import { spawn } from 'node:child_process'
import type { App } from '../app/app'
import { serveHttp } from '../node/http'

export interface ServeOptions {
  /** The folder to open at once. */
  readonly folder: string | null
  readonly port: number
  readonly open: boolean
  readonly json: boolean
}

/** Prints the address (as JSON: `{"url": …}` on the first line), then serves until SIGINT or SIGTERM. */
export async function serve(app: App, renderer: string, options: ServeOptions): Promise<void> {
  app.on('notice', ({ message }) => process.stderr.write(`${message}\n`))
  try {
    if (options.folder !== null) await app.call('workspace.open', { path: options.folder })
    const door = await serveHttp(app, renderer, options.port)
    process.stdout.write(
      options.json ? `${JSON.stringify({ url: door.url })}\n` : `Facet is at ${door.url}\n`,
    )
    if (options.open) openBrowser(door.url)
    await stopAsked()
    await door.close()
  } finally {
    await app.dispose()
  }
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    // Started by launch.mjs on another Node: end with it.
    process.once('disconnect', () => resolve())
  })
}

/** Opens the default browser; where there is none, the printed address serves. */
function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url]
  if (program === undefined) return
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.once('error', () =>
    process.stderr.write('No browser could be opened here; open the address yourself.\n'),
  )
  child.unref()
}
