/** @file What a person says of an image besides the verdict: golden faces, and which parts are checked; kept by the real server. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageRow } from '../../src/shared/answers'
import { suiteFolder } from '../helpers/app'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { launchBrowser } from './browser'
import { startServer, type Server } from './server'
import { FacetWindow } from './window'

describe('marks', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let server: Server
  let window: FacetWindow

  beforeAll(async () => {
    suite = await suiteFolder()
    const folder = join(suite.path, 'portraits')
    await mkdir(folder)
    const portrait = await drawPortrait(96, 96)
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await writeJpeg(join(folder, name), portrait)
    browser = await launchBrowser()
    server = await startServer(join(suite.path, 'data'), folder)
    await server.call('settings.write', { autoPredict: false })
    window = await FacetWindow.open(browser, server.url)
    await window.onScreen('a.jpg')
  })

  afterAll(async () => {
    await browser?.close()
    await server?.kill()
    await suite.remove()
  })

  async function stored(name: string): Promise<ImageRow | undefined> {
    return (await server.call('images.list', {})).rows.find((row) => row.name === name)
  }

  const checked = (): Promise<string | null> =>
    window.page.locator('[data-field=checked]').getAttribute('data-checked')

  test('a face is pinned by key and by button, and the pinned ones can be shown alone', async () => {
    await window.press('g')
    await window.page.locator('[data-image="a.jpg"][data-golden=true]').first().waitFor()
    await window.show('c.jpg')
    await window.action('pin').click()
    await window.page.locator('[data-image="c.jpg"][data-golden=true]').first().waitFor()
    expect([await stored('a.jpg'), await stored('b.jpg'), await stored('c.jpg')]).toMatchObject([
      { golden: true },
      { golden: false },
      { golden: true },
    ])
    await window.page.locator('[data-filter=golden]').click()
    await expect.poll(() => window.row('b.jpg').count()).toBe(0)
    await window.press('a')
    await window.onScreen('a.jpg')
    await window.press('g')
    await expect.poll(async () => (await stored('a.jpg'))?.golden).toBe(false)
    await window.page.locator('[data-filter=golden]').click()
    await window.row('b.jpg').waitFor()
  })

  test('an image is checked as a whole, until parts are ticked', async () => {
    await window.show('b.jpg')
    expect(await checked()).toBe('all')
    await window.press('5') // the left eye
    await window.press('k')
    await expect.poll(checked).toBe('1')
    await window.part('nose').locator('[data-checked]').click()
    await expect.poll(async () => (await stored('b.jpg'))?.checked).toEqual(['l_eye', 'nose'])
    await window.page.reload()
    await window.show('b.jpg')
    expect(await window.part('nose').locator('[data-checked]').getAttribute('data-checked')).toBe('true')
    await window.press('c')
    await expect.poll(async () => (await stored('b.jpg'))?.checked).toBeNull()
    await expect.poll(() => window.page.locator('[data-part] [data-checked]').count()).toBe(0)
  })

  test('what was painted is ticked where only some parts are checked', async () => {
    await window.show('c.jpg')
    await window.part('hair').click()
    await window.page.locator('[data-tool=brush]').click()
    await window.stroke([
      { x: 20, y: 20 },
      { x: 60, y: 30 },
    ])
    await window.press('c')
    await expect.poll(async () => (await stored('c.jpg'))?.checked).toEqual(['hair'])
  })
})
