/** @file From starting `facet serve FOLDER` to the first image, and to its first prediction, on screen. */
import { cp, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { launchBrowser } from '../e2e/browser'
import { startServer } from '../e2e/server'
import { FacetWindow } from '../e2e/window'
import { inFolder } from './place'
import { printTable, spread } from './report'

const RUNS = 5
const SAMPLE = resolve('resources', 'sample', 'aligned')

export function run(): Promise<void> {
  return inFolder(async (folder) => {
    const browser = await launchBrowser()
    const marks: Record<string, number[]> = { address: [], 'first image': [], 'first prediction': [] }
    for (let i = 0; i < RUNS; i++) {
      const photos = join(folder, `photos-${i}`)
      await mkdir(photos)
      await cp(join(SAMPLE, 'astronaut.jpg'), join(photos, 'a.jpg'))
      const start = performance.now()
      const lap = (mark: string): void => void marks[mark]?.push(performance.now() - start)
      // The data folder is one for all runs, as it is for a person: the first run also tries the providers.
      const server = await startServer(join(folder, 'data'), photos)
      lap('address')
      const window = await FacetWindow.open(browser, server.url)
      await window.onScreen('a.jpg')
      lap('first image')
      await window.page.locator('[data-image="a.jpg"][data-status=predicted]').waitFor()
      await window.onScreen('a.jpg')
      lap('first prediction')
      await window.close()
      await server.stop()
    }
    await browser.close()
    const rows = Object.entries(marks).map(([mark, ms]) => [mark, ms[0]?.toFixed(0) ?? '', spread(ms)])
    printTable([['from start to', 'first run ms', `p50 / p95 ms (${RUNS} runs)`], ...rows])
  })
}
