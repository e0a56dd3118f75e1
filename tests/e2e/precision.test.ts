/** @file 8 bits in the window: checked on the pictures at hand by the real engine, switched on, and off again. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../src/main/app/app'
import { writeSafetensors } from '../../src/main/checkpoint/safetensors'
import { serveHttp, type HttpDoor } from '../../src/main/node/http'
import { makeApp, suiteFolder, testPaths } from '../helpers/app'
import { namedNetwork } from '../helpers/backbone'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { launchBrowser } from './browser'
import { FacetWindow } from './window'

const PICTURES = ['a.jpg', 'b.jpg']

describe('8 bits', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let app: App
  let door: HttpDoor
  let browser: Browser
  let window: FacetWindow
  let model: string

  beforeAll(async () => {
    suite = await suiteFolder()
    const dataDir = join(suite.path, 'data')
    app = makeApp(dataDir)
    const file = join(suite.path, 'swin_64.safetensors')
    await writeSafetensors(file, namedNetwork('swinv2_tiny'))
    model = (await app.call('models.import', { file })).id
    await app.call('settings.write', { provider: 'cpu', model })
    const folder = join(suite.path, 'portraits')
    await mkdir(folder)
    for (const name of PICTURES) await writeJpeg(join(folder, name), await drawPortrait(96, 96))
    await app.call('workspace.open', { path: folder })
    door = await serveHttp(app, testPaths(dataDir).renderer, 0)
    browser = await launchBrowser()
    window = await FacetWindow.open(browser, door.url)
  })

  afterAll(async () => {
    await window?.close()
    await browser?.close()
    await door?.close()
    await app?.dispose()
    await suite.remove()
  })

  const found = () => window.page.locator('[data-precision] [data-check]')
  const toggle = () => window.page.locator('[data-setting=int8]')
  const why = async () => (await app.call('inference.status', {})).why

  async function openModel(): Promise<void> {
    await window.page.locator('footer [data-action=models]').click()
    await window.page.locator(`[data-precision="${model}"]`).waitFor()
  }

  async function predictAgain(): Promise<void> {
    await window.press('Escape')
    await window.show('a.jpg')
    await window.action('predict').click()
  }

  /** Models of the first picture's predictions, the newest first. */
  async function predictions(): Promise<(string | null)[]> {
    const { rows } = await app.call('images.list', {})
    const { face } = await app.call('masks.open', { image: rows[0]?.id ?? 0 })
    return (await app.call('masks.history', { face })).revisions.map((revision) => revision.model)
  }

  test('are checked on the pictures of the folder, and say what they gain and change', async () => {
    for (const name of PICTURES)
      await window.page.locator(`[data-image="${name}"][data-status=predicted]`).waitFor()
    await openModel()
    expect(await found().count()).toBe(0)
    await window.action('precision-check').click()
    await found().waitFor()
    const { check } = await app.call('models.precision', { model, check: false })
    expect(check).toMatchObject({ pictures: PICTURES.length, own: true })
    expect(check?.changed).toBeGreaterThan(0)
    expect(await found().innerText()).toContain(String(Math.round(check?.ms.int8 ?? NaN)))
    // These weights are drawn by chance, so their classes are near each other everywhere.
    expect(await toggle().count()).toBe(check?.offered ? 1 : 0)
  })

  test('are used from the switch on until it is off, over a reload', async () => {
    const remembered = join(suite.path, 'data', 'precisions.json')
    const checks = JSON.parse(await readFile(remembered, 'utf8')) as Record<string, object>
    for (const check of Object.values(checks)) Object.assign(check, { changed: 0.002, offered: true })
    await writeFile(remembered, JSON.stringify(checks))
    await window.page.reload()
    await openModel()
    expect(await why()).not.toContain('8 bits')
    // Large enough to be hit: it once stood there without its look.
    expect((await toggle().boundingBox())?.width).toBeGreaterThan(30)
    const before = await predictions()

    await toggle().click()
    await expect.poll(async () => (await app.call('settings.read', {})).int8).toEqual([model])
    await predictAgain()
    await expect.poll(predictions, { timeout: 60_000 }).toEqual([model, ...before])
    expect(await why()).toContain('in 8 bits, which change 0.20 % of the pixels')

    await window.page.reload()
    await openModel()
    expect(await toggle().getAttribute('data-state')).toBe('checked')
    await toggle().click()
    await expect.poll(async () => (await app.call('settings.read', {})).int8).toEqual([])
    await predictAgain()
    await expect.poll(predictions, { timeout: 60_000 }).toEqual([model, model, ...before])
    expect(await why()).not.toContain('8 bits')
  })
})
