/** @file The whole way of a correction: open, predicted, painted, accepted, exported, undone, and safe when the power goes. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PART_NAMES } from '../../src/shared/labels'
import { createPartMap, type PartMap } from '../../src/shared/mask'
import { suiteFolder } from '../helpers/app'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { launchBrowser } from './browser'
import { startServer, type Server } from './server'
import { bitOf, countChanged, covered, expectSameMasks, painted, storedMasks } from './truth'
import { FacetWindow } from './window'

const SIDE = 128
const BRUSH = 9
const WAY = [
  { x: 28, y: 36 },
  { x: 92, y: 71 },
]

describe('a correction', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let server: Server
  let window: FacetWindow
  let folder: string
  let dataDir: string
  let predicted: PartMap
  let corrected: PartMap

  beforeAll(async () => {
    suite = await suiteFolder()
    folder = join(suite.path, 'portraits')
    dataDir = join(suite.path, 'data')
    await mkdir(folder)
    const portrait = await drawPortrait(SIDE, SIDE)
    for (const [i, name] of ['a.jpg', 'b.jpg', 'c.jpg'].entries())
      await writeJpeg(join(folder, name), portrait, 80 + i)
    browser = await launchBrowser()
    server = await startServer(dataDir)
    window = await FacetWindow.open(browser, server.url)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.kill()
    await suite.remove()
  })

  /** Exports all masks through the dialog and reads those of a.jpg back from its PNG files. */
  async function exported(): Promise<PartMap> {
    const out = join(suite.path, 'export')
    await window.action('export').click()
    await window.page.locator('[data-field=export-out]').fill(out)
    await window.page.locator('[data-field=export-only] [role=radio]').last().click()
    const answer = window.page.waitForResponse((response) => response.url().endsWith('/api/dataset.export'))
    await window.action('export-start').click()
    expect((await answer).status()).toBe(200)
    await window.page.locator('[data-export-done]').waitFor()
    await window.press('Escape')
    const map = createPartMap(SIDE, SIDE)
    for (const [part, name] of PART_NAMES.entries()) {
      const file = join(out, 'CelebAMask-HQ-mask-anno', '0', `00000_${name}.png`)
      if (!existsSync(file)) continue
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
      expect([info.width, info.height]).toEqual([SIDE, SIDE])
      for (let i = 0; i < map.bits.length; i++)
        if (data[i * info.channels] === 255) map.bits[i] = (map.bits[i] as number) | (1 << part)
    }
    return map
  }

  test("opens a folder through the window's own dialog and predicts it", async () => {
    await window.action('open-folder').click()
    await window.page.locator('[data-field=folder]').fill(folder)
    await window.action('choose-folder').click()
    await window.onScreen('a.jpg')
    expect(await window.row('a.jpg').getAttribute('aria-selected')).toBe('true')
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg'])
      await window.page.locator(`[data-image="${name}"][data-status=predicted]`).waitFor()
    predicted = (await storedMasks(server, 'a.jpg')).map
    expect(predicted.bits.some((bits) => bits & bitOf('skin'))).toBe(true)
  })

  test('a part is selected by click and by key', async () => {
    await window.part('hair').click()
    expect(await window.part('hair').getAttribute('aria-selected')).toBe('true')
    await window.press('5')
    expect(await window.part('l_eye').getAttribute('aria-selected')).toBe('true')
    expect(await window.part('hair').getAttribute('aria-selected')).toBe('false')
  })

  test('a stroke is exactly the capsule that the brush was led along', async () => {
    expect(await window.action('undo').isDisabled()).toBe(true)
    await window.page.locator('[data-tool=brush]').click()
    await window.setBrushSize(BRUSH)
    await window.stroke(WAY)
    expect(await window.action('undo').isEnabled()).toBe(true)
    corrected = painted(predicted, covered(WAY, BRUSH), () => bitOf('l_eye'))
    expect(countChanged(predicted, corrected)).toBeGreaterThan(500)
    expectSameMasks((await storedMasks(server, 'a.jpg')).map, corrected)
    expect(await window.row('a.jpg').getAttribute('data-status')).toBe('corrected')
  })

  test('Enter accepts and goes on to the next image', async () => {
    await window.press('Enter')
    await window.onScreen('b.jpg')
    expect(await window.row('b.jpg').getAttribute('aria-selected')).toBe('true')
    expect(await window.row('a.jpg').getAttribute('data-status')).toBe('accepted')
  })

  test('the export holds those pixels, and undo takes them back', async () => {
    expectSameMasks(await exported(), corrected)
    await window.show('a.jpg')
    await window.action('undo').click()
    await window.idle()
    expectSameMasks(await exported(), predicted)
    expect(await window.row('a.jpg').getAttribute('data-status')).toBe('predicted')
    await window.action('redo').click()
    await window.idle()
    expectSameMasks((await storedMasks(server, 'a.jpg')).map, corrected)
  })

  test('a power cut between strokes loses at most the last ones, never a part of one', async () => {
    const states = [predicted, corrected]
    await window.part('cloth').click()
    for (let i = 0; i < 8; i++) {
      const way = [
        { x: 10, y: 20 + 12 * i },
        { x: 110, y: 24 + 12 * i },
      ]
      const before = states.at(-1) ?? predicted
      states.push(painted(before, covered(way, BRUSH), () => bitOf('cloth')))
      await window.drag(way)
      await window.page.mouse.up()
      if (i === 3) await window.idle()
    }
    await server.kill()
    await window.close()
    server = await startServer(dataDir, folder)
    window = await FacetWindow.open(browser, server.url)
    await window.show('a.jpg')
    const { map } = await storedMasks(server, 'a.jpg')
    const strokes = states.findIndex((state) => countChanged(state, map) === 0)
    expect(strokes).toBeGreaterThanOrEqual(5) // those that idle() waited for
    for (let i = 0; i < strokes; i++) await window.action('undo').click()
    await window.idle()
    expectSameMasks((await storedMasks(server, 'a.jpg')).map, predicted)
    expect(await window.action('undo').isDisabled()).toBe(true)
  })
})
