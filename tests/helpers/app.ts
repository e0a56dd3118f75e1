/** @file The real app over a data folder of the test: the built engine, the shipped model, nothing mocked. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createApp, type App } from '../../src/main/app/app'
import type { Paths } from '../../src/main/app/deps'
import type { Api, EventName, Events } from '../../src/shared/api'

/** Of apps that tests make. */
export const TEST_VERSION = '0.0.0-test'

export const BUILT = resolve('out', 'main')

/** Paths into this checkout; `npm test` builds before the tests that need them. */
export function testPaths(dataDir: string): Paths {
  const engineEntry = join(BUILT, 'engine.js')
  if (!existsSync(engineEntry)) throw new Error('Build first: npm run build')
  return {
    dataDir,
    resources: resolve('resources'),
    renderer: resolve('out', 'renderer'),
    engineEntry,
    node: process.execPath,
  }
}

/** A folder that lives as long as its suite. */
export async function suiteFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'facet-suite-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** `paths` in place of those of this checkout. */
export function makeApp(dataDir: string, paths: Partial<Paths> = {}): App {
  return createApp({ paths: { ...testPaths(dataDir), ...paths }, version: TEST_VERSION, language: 'en' })
}

/** An engine that only pretends to train; see stand_in_trainer.mjs. */
export const STAND_IN_TRAINER = resolve('tests', 'helpers', 'stand_in_trainer.mjs')

/** Resolves with the first event that `isIt` accepts; rejects after `ms`. */
export function eventOf<E extends EventName>(
  api: Pick<Api, 'on'>,
  event: E,
  isIt: (payload: Events[E]) => boolean = () => true,
  ms = 60_000,
): Promise<Events[E]> {
  return new Promise((resolveEvent, reject) => {
    const timer = setTimeout(() => {
      end()
      reject(new Error(`${event} did not come within ${ms} ms`))
    }, ms)
    const end = api.on(event, (payload) => {
      if (!isIt(payload)) return
      clearTimeout(timer)
      end()
      resolveEvent(payload)
    })
  })
}
