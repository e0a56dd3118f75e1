/** @file Starting and ending Facet as a person does, without Electron: the sentence, the address, and nothing left running. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { suiteFolder } from '../helpers/app'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { firstLine, startServer, within, type Server } from './server'

async function portraits(): Promise<{ folder: string; dataDir: string }> {
  const suite = await suiteFolder()
  onTestFinished(suite.remove)
  const folder = join(suite.path, 'portraits')
  await mkdir(folder)
  await writeJpeg(join(folder, 'a.jpg'), await drawPortrait(64, 64))
  return { folder, dataDir: join(suite.path, 'data') }
}

/** Pids of a process' children and theirs, from Linux' /proc. */
async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : ''
    const parent = /\) \S (\d+)/.exec(stat)?.[1]
    if (parent !== undefined) parents.set(Number(entry), Number(parent))
  }
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)])
  return below(pid)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('facet serve', () => {
  test.runIf(existsSync('/proc/self/stat')).each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    '%s leaves no engine behind',
    async (signal) => {
      const { folder, dataDir } = await portraits()
      const server = await startServer(dataDir, folder)
      onTestFinished(() => server.kill())
      await predictOne(server)
      const children = await descendants(server.process.pid ?? 0)
      expect(children.length).toBeGreaterThan(0)
      server.process.kill(signal)
      await within(20_000, once(server.process, 'exit'), 'facet serve to end')
      await expect.poll(() => children.filter(isRunning), { timeout: 10_000 }).toEqual([])
    },
  )
})

describe('npm start without Electron', () => {
  test('says so in one sentence and serves at an address instead', async () => {
    const { folder, dataDir } = await portraits()
    const child = spawn(process.execPath, [join('src', 'main', 'launch.mjs'), 'start', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PATH: '', // no browser of this machine is opened
        FACET_DATA_DIR: dataDir,
        ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'nowhere'),
        ELECTRON_MIRROR: 'http://127.0.0.1:9/', // nothing answers there, and nothing is fetched
        electron_config_cache: join(dataDir, 'no-cache'),
      },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const said = collect(child)
    const url = (await firstLine(child, /^Facet is at http/)).replace('Facet is at ', '')
    expect(said()).toContain('so Facet opens in your browser instead.')
    const page = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    expect(await page.text()).toContain('<title>Facet')
    const { origin, searchParams } = new URL(url)
    const headers = { 'x-facet-token': searchParams.get('token') ?? '', 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/api/workspace.current`, { method: 'POST', headers, body: '{}' })
    expect(await answer.json()).toMatchObject({ path: folder })
    child.kill('SIGTERM')
    await within(20_000, once(child, 'exit'), 'facet start to end')
  })
})

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return () => text
}

/** So that the engine runs. */
async function predictOne(server: Server): Promise<void> {
  const [row] = (await server.call('images.list', {})).rows
  await server.call('inference.predict', { image: row?.id ?? 0 })
}
