/** @file A folder of 30,000 images: until the first can be worked on, until the scan is done, and the backend's memory. */
import { link, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { launchBrowser } from '../e2e/browser'
import { startServer } from '../e2e/server'
import { FacetWindow } from '../e2e/window'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { inFolder } from './place'
import { printTable } from './report'

const IMAGES = 30_000

export function run(): Promise<void> {
  return inFolder(async (folder) => {
    const photos = join(folder, 'photos')
    await mkdir(photos)
    const first = join(photos, 'face_00000.jpg')
    await writeJpeg(first, await drawPortrait(64, 64))
    for (let i = 1; i < IMAGES; i++) await link(first, join(photos, `face_${String(i).padStart(5, '0')}.jpg`))
    const rows = [['30,000 images', 'first image ms', 'scan done ms', 'RSS MB', 'peak RSS MB']]
    for (const time of ['first opening', 'opened again']) {
      const browser = await launchBrowser()
      const start = performance.now()
      const server = await startServer(join(folder, 'data'), photos)
      const scanned = until(async () => (await server.call('workspace.current', {}))?.scanning === false)
        .then(() => performance.now() - start) // prettier-ignore
      const window = await FacetWindow.open(browser, server.url)
      await window.onScreen('face_00000.jpg')
      const shown = performance.now() - start
      const done = await scanned
      const [now, peak] = await memory(server.process.pid ?? 0)
      rows.push([time, shown.toFixed(0), done.toFixed(0), now, peak])
      await browser.close()
      await server.stop()
    }
    printTable(rows)
  })
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Resident memory of a process, now and at its most, in megabytes; Linux only. */
async function memory(pid: number): Promise<[string, string]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const read = (name: string): string => {
    const kB = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
    return kB === undefined ? '?' : (Number(kB) / 1024).toFixed(0)
  }
  return [read('VmRSS'), read('VmHWM')]
}
