/**
 * @file The brush, by the editor's own `facet:stroke` measures: from the pointer's event to the end of the frame's drawing
 * calls, in Chromium without a GPU; small and huge brushes on two grids, and the last of many strokes against the first.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { median } from '../../src/main/base/quantile'
import { launchBrowser } from '../e2e/browser'
import { startServer } from '../e2e/server'
import { FacetWindow } from '../e2e/window'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { inFolder } from './place'
import { printTable, show, spread } from './report'

const GRIDS = [1024, 4096]
const STROKES = 220
/** First and last strokes that are timed against each other. */
const TIMED = 20

export function run(): Promise<void> {
  return inFolder(async (folder) => {
    const rows = [['grid', 'brush px', 'first 20: p50 / p95 ms (n)', 'after 200: p50 / p95 ms (n)', 'ratio']]
    const browser = await launchBrowser()
    for (const side of GRIDS) {
      const tree = join(folder, `tree-${side}`)
      await writeTree(tree, side)
      const server = await startServer(join(folder, 'data'), tree)
      for (const [image, size] of [16, side / 2].entries()) {
        const window = await FacetWindow.open(browser, server.url)
        await preferBrush(window.page, size)
        await window.show(`CelebA-HQ-img/${image}.jpg`)
        const first = await paint(window, side, 0, TIMED)
        await paintSoon(window, side, TIMED, STROKES - TIMED)
        const last = await paint(window, side, STROKES - TIMED, STROKES)
        await window.idle()
        rows.push([`${side}²`, String(size), spread(first), spread(last), show(median(last) / median(first))])
        await window.close()
      }
      await server.stop()
    }
    await browser.close()
    printTable(rows)
  })
}

/** Two pictures of 1024 pixels whose masks have `side` pixels, so that the grid has. */
async function writeTree(root: string, side: number): Promise<void> {
  const masks = join(root, 'CelebAMask-HQ-mask-anno', '0')
  await mkdir(join(root, 'CelebA-HQ-img'), { recursive: true })
  await mkdir(masks, { recursive: true })
  const portrait = await drawPortrait(1024, 1024)
  const ellipses = {
    hair: [50, 42, 36, 40],
    skin: [50, 52, 27, 34],
    l_eye: [61, 46, 4, 3],
    nose: [50, 57, 5, 7],
  }
  for (const id of [0, 1]) {
    await writeJpeg(join(root, 'CelebA-HQ-img', `${id}.jpg`), portrait)
    for (const [part, [cx, cy, rx, ry]] of Object.entries(ellipses)) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="${side}" height="${side}"
        shape-rendering="crispEdges"><rect width="100" height="100"/><ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="white"/></svg>`
      const image = sharp(Buffer.from(svg)).removeAlpha().toColourspace('b-w')
      await image.png().toFile(join(masks, `0000${id}_${part}.png`))
    }
  }
}

/** The brush's size is remembered by the window; one of 2048 pixels would take many keys. */
async function preferBrush(page: Page, brushSize: number): Promise<void> {
  await page.evaluate(
    (kept) => {
      const { localStorage } = globalThis as unknown as {
        localStorage: { setItem(k: string, v: string): void }
      }
      localStorage.setItem('facet.editor', kept)
    },
    JSON.stringify({ brushSize, tool: 'brush', overlap: 'take' }),
  )
  await page.reload()
}

type Way = readonly (readonly [number, number])[]

/** Paints strokes `from..to-1` with the real pointer; answers the milliseconds of their frames. */
async function paint(window: FacetWindow, side: number, from: number, to: number): Promise<number[]> {
  const { page } = window
  await page.evaluate(() => performance.clearMeasures('facet:stroke'))
  const ways = await strokes(window, side, from, to)
  for (const [i, [start, end]] of ways.entries()) {
    if (!start || !end) continue
    // Another part each time, so that every stroke changes pixels, however many were painted before it.
    await window.press(String(1 + (i % 9)))
    await page.mouse.move(...start)
    await page.mouse.down()
    await page.mouse.move(...end, { steps: 8 })
    await page.mouse.up()
  }
  return page.evaluate(() => performance.getEntriesByName('facet:stroke').map(({ duration }) => duration))
}

/** Paints strokes `from..to-1` with events made in the page, a stroke a frame: many, soon. */
async function paintSoon(window: FacetWindow, side: number, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += TIMED) {
    await window.press(String(1 + ((first / TIMED) % 9)))
    const ways = await strokes(window, side, first, Math.min(to, first + TIMED))
    await window.page.evaluate(`(async () => {
      const canvas = document.querySelector('[data-canvas]')
      const send = (type, [clientX, clientY]) =>
        canvas.dispatchEvent(new PointerEvent(type, { clientX, clientY, pressure: 0.5, bubbles: true }))
      for (const [start, end] of ${JSON.stringify(ways)}) {
        send('pointerdown', start)
        send('pointermove', end)
        send('pointerup', end)
        await new Promise(requestAnimationFrame)
      }
    })()`)
    await window.idle()
  }
}

/** The first and last points of strokes all over the picture, in client coordinates. */
async function strokes(window: FacetWindow, side: number, from: number, to: number): Promise<Way[]> {
  const start = await window.toClient({ x: 0, y: 0 })
  const end = await window.toClient({ x: side, y: side })
  const at = (u: number, v: number): [number, number] => [
    start.x + (0.1 + 0.8 * (u % 1)) * (end.x - start.x),
    start.y + (0.1 + 0.8 * (v % 1)) * (end.y - start.y),
  ]
  return Array.from({ length: to - from }, (_, n) => from + n).map((i) => [
    at(i * 0.37, i * 0.61),
    at(i * 0.37 + 0.3, i * 0.61 + 0.5),
  ])
}
