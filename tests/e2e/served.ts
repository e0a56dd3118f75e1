/** @file What a suite works with that opens folders one after another: a browser and Facet's own server, gone after it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { suiteFolder } from '../helpers/app'
import { launchBrowser } from './browser'
import { startServer, type Server } from './server'
import { FacetWindow } from './window'

export interface Served {
  readonly server: Server
  openWindow(): Promise<FacetWindow>
  /** A new folder of the suite, which `fill` puts files into. */
  makeFolder(name: string, fill: (folder: string) => Promise<unknown>): Promise<string>
}

/** Set up before the tests of the suite that calls it; its parts are there from then on. */
export function serveSuite(): Served {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let server: Server

  beforeAll(async () => {
    suite = await suiteFolder()
    browser = await launchBrowser()
    server = await startServer(join(suite.path, 'data'))
  })

  afterAll(async () => {
    await browser?.close()
    await server?.kill()
    await suite.remove()
  })

  return {
    get server() {
      return server
    },
    openWindow: () => FacetWindow.open(browser, server.url),
    async makeFolder(name, fill) {
      const folder = join(suite.path, name)
      await mkdir(folder)
      await fill(folder)
      return folder
    },
  }
}
