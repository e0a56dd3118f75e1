/** @file The window speaks of what it shows: pictures of the folder that is open, no verdict on what cannot be seen, news that come early, keys that are for what lies on top, fields that keep what was mistyped. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { serveSuite } from './served'
import type { FacetWindow } from './window'

describe('what is not on screen', () => {
  const served = serveSuite()
  const { makeFolder } = served
  let window: FacetWindow

  afterEach(() => window.close())

  /** Opens a folder as a person does, in the window that is there. */
  async function openByHand(folder: string): Promise<void> {
    await window.press('Control+o')
    const field = window.page.locator('[data-field=folder]')
    await field.fill(folder)
    await window.action('choose-folder').click()
  }

  const status = (name: string) => window.row(name).getAttribute('data-status')
  const predicted = (name: string) =>
    window.page.locator(`[data-image="${name}"][data-status=predicted]`).waitFor()
  const portrait = async (folder: string, name: string) =>
    writeJpeg(join(folder, name), await drawPortrait(48, 48))

  test('another folder brings its own pictures', async () => {
    const plain = (background: string) => async (folder: string) =>
      sharp({ create: { width: 40, height: 40, channels: 3, background } }).toFile(join(folder, 'a.png'))
    const red = await makeFolder('red', plain('#f00'))
    const blue = await makeFolder('blue', plain('#00f'))
    await served.server.call('workspace.open', { path: red })
    window = await served.openWindow()
    const colour = async () => {
      const { data } = await sharp(await window.row('a.png').locator('img').screenshot())
        .removeAlpha()
        .resize(1, 1)
        .raw()
        .toBuffer({ resolveWithObject: true })
      return [...data].map((value) => (value > 128 ? 1 : 0)).join('')
    }
    await window.onScreen('a.png')
    await expect.poll(colour, { timeout: 20_000 }).toBe('100')
    await openByHand(blue)
    await expect.poll(async () => (await served.server.call('workspace.current', {}))?.path).toBe(blue)
    await window.onScreen('a.png')
    await expect.poll(colour, { timeout: 20_000 }).toBe('001')
  })

  test('a prediction that comes while the photo loads is shown with it', async () => {
    const folder = await makeFolder('early', (path) => portrait(path, 'a.jpg'))
    await served.server.call('workspace.close', {})
    window = await served.openWindow()
    let asked = false
    await window.page.route('**/media/view/**', async (route) => {
      asked = true
      await predicted('a.jpg')
      await route.continue()
    })
    await openByHand(folder)
    await window.onScreen('a.jpg')
    expect(asked).toBe(true)
    await expect
      .poll(() => window.page.locator('[data-part] .area').allInnerTexts(), { timeout: 20_000 })
      .toContainEqual(expect.stringContaining('%'))
  })

  test('what another window changes is seen, and undo takes back what both see', async () => {
    const folder = await makeFolder('shared', (path) => portrait(path, 'a.jpg'))
    await served.server.call('workspace.open', { path: folder })
    window = await served.openWindow()
    await predicted('a.jpg')
    const other = await served.openWindow()
    try {
      const areas = async () => {
        await Promise.all([window.idle(), other.idle()])
        return Promise.all([window, other].map((one) => one.part('hat').locator('.area').innerText()))
      }
      for (const one of [window, other]) {
        await one.onScreen('a.jpg')
        await one.part('hat').click()
        await one.page.locator('[data-tool=brush]').click()
      }
      const before = await areas()
      await window.stroke([
        { x: 4, y: 4 },
        { x: 12, y: 4 },
      ])
      await expect.poll(async () => new Set(await areas()).size).toBe(1)
      const first = await areas()
      expect(first).not.toEqual(before)
      await other.stroke([
        { x: 30, y: 40 },
        { x: 40, y: 40 },
      ])
      await expect.poll(areas).not.toEqual(first)
      await expect.poll(async () => new Set(await areas()).size).toBe(1)
      await window.action('undo').click()
      await expect.poll(areas).toEqual(first)
      await other.action('undo').click()
      await expect.poll(areas).toEqual(before)
    } finally {
      await other.close()
    }
  })

  test('a window follows where another opens or closes a folder', async () => {
    const here = await makeFolder('here', (path) => portrait(path, 'a.jpg'))
    const there = await makeFolder('there', (path) => portrait(path, 'b.jpg'))
    await served.server.call('workspace.open', { path: here })
    window = await served.openWindow()
    await window.onScreen('a.jpg')
    const other = await served.openWindow()
    try {
      await other.onScreen('a.jpg')
      await openByHand(there)
      await window.onScreen('b.jpg')
      await other.onScreen('b.jpg')
      expect(await other.row('a.jpg').count()).toBe(0)
      await other.page.getByText('Another window opened there.').waitFor()
      await served.server.call('workspace.close', {})
      await other.action('open-sample').waitFor()
      await window.action('open-sample').waitFor()
    } finally {
      await other.close()
    }
  })

  test('a stroke on a photo of a folder that is not open any more is refused, not painted on another photo', async () => {
    const left = await makeFolder('left', (path) => portrait(path, 'a.jpg'))
    const opened = await makeFolder('opened', (path) => portrait(path, 'b.jpg'))
    await served.server.call('workspace.open', { path: left })
    window = await served.openWindow()
    // A window that hears nothing goes on showing what it showed.
    await window.page.route('**/events*', (route) => route.abort())
    await window.page.reload()
    await window.onScreen('a.jpg')
    await window.part('hat').click()
    await window.page.locator('[data-tool=brush]').click()
    await served.server.call('workspace.open', { path: opened })
    const rows = async () => (await served.server.call('images.list', {})).rows
    await expect.poll(async () => (await rows()).map(({ name }) => name)).toEqual(['b.jpg'])
    const [row] = await rows()
    const { face } = await served.server.call('masks.open', { image: row?.id ?? 0 })
    const before = await served.server.call('masks.history', { face })
    await window.stroke([
      { x: 4, y: 4 },
      { x: 12, y: 4 },
    ])
    await window.page.getByText(`nothing was done in ${left}`).first().waitFor()
    expect(await served.server.call('masks.history', { face })).toEqual(before)
  })

  test('a tiny picture limits the brush, and the next one has it again as it was chosen', async () => {
    const folder = await makeFolder('tiny', async (path) => {
      await portrait(path, 'a.jpg')
      await writeJpeg(join(path, 'b.jpg'), await drawPortrait(4, 4))
    })
    await served.server.call('workspace.open', { path: folder })
    window = await served.openWindow()
    await window.onScreen('a.jpg')
    await window.setBrushSize(16)
    await window.show('b.jpg')
    expect(await window.brushSize()).toBe(4)
    await window.show('a.jpg')
    expect(await window.brushSize()).toBe(16)
  })

  test('a damaged picture has no parts and no verdict', async () => {
    const folder = await makeFolder('damaged', async (path) => {
      await portrait(path, 'a.jpg')
      await writeJpeg(join(path, 'b.jpg'), await drawPortrait(200, 200))
      const bytes = await readFile(join(path, 'b.jpg'))
      await writeFile(join(path, 'b.jpg'), bytes.subarray(0, 700))
      await portrait(path, 'c.jpg')
    })
    await served.server.call('workspace.open', { path: folder })
    window = await served.openWindow()
    await window.onScreen('a.jpg')
    await predicted('a.jpg')
    const areas = () => window.page.locator('[data-part] .area').allInnerTexts()
    const filled = async () => (await areas()).filter((text) => text.trim() !== '').length
    await expect.poll(filled, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(await window.page.locator('[data-stored]').count()).toBe(1)

    await window.show('b.jpg')
    await window.canvas.locator('[role=alert]').waitFor()
    await expect.poll(filled, { timeout: 20_000 }).toBe(0)
    expect(await window.page.locator('[data-stored]').count()).toBe(0)
    await window.page.locator('[data-inference-problem]').waitFor()
    for (const key of ['Enter', 'Shift+Enter', 'g']) await window.press(key)
    await window.page.locator('[data-toast=info]').waitFor()
    expect(await window.action('accept').isDisabled()).toBe(true)
    const [, row] = (await served.server.call('images.list', {})).rows
    expect(row).toMatchObject({ name: 'b.jpg', status: 'untouched', golden: false })

    await window.show('c.jpg')
    expect(await window.page.locator('[data-inference-problem]').count()).toBe(0)
    await openByHand(await makeFolder('empty', () => Promise.resolve()))
    await expect.poll(() => window.page.locator('[role=option][data-image]').count()).toBe(0)
    await expect.poll(filled, { timeout: 20_000 }).toBe(0)
  })

  test('what is mistyped stays to be mended', async () => {
    const folder = await makeFolder('typed', (path) => portrait(path, 'a.jpg'))
    await served.server.call('workspace.open', { path: folder })
    window = await served.openWindow()
    await window.onScreen('a.jpg')
    await predicted('a.jpg')
    const errors = window.page.locator('[data-toast=error]')
    const field = window.page.locator('[data-field=folder]')
    await window.press('Control+o')
    await field.waitFor()
    await expect.poll(() => field.evaluate((node) => node.matches(':focus')), { timeout: 20_000 }).toBe(true)
    await field.fill(join(folder, 'nowhere'))
    await window.press('Enter')
    await errors.waitFor()
    expect(await field.inputValue()).toBe(join(folder, 'nowhere'))
    await field.fill(folder)
    await window.press('Enter')
    await field.waitFor({ state: 'detached' })
    await errors.waitFor({ state: 'detached' })

    await window.action('export').click()
    const start = window.action('export-start')
    await window.page.locator('[data-field=export-out]').fill('faces')
    await window.page.locator('[role=alert]').waitFor()
    expect(await start.isDisabled()).toBe(true)
    await window.page.locator('[data-field=export-out]').fill(join(folder, 'a.jpg', 'out'))
    await window.page.locator('[data-field=export-only]').getByText('All', { exact: true }).click()
    await start.click()
    await errors.filter({ hasText: 'Choose another folder.' }).waitFor()
    await window.press('Escape')
    await start.waitFor({ state: 'detached' })
    expect(await errors.count()).toBe(1)
    await window.press('Escape')
    await errors.waitFor({ state: 'detached' })

    await window.action('models').first().click()
    await window.page
      .locator('[data-models-page=published], [role=tab][data-value=published]')
      .first()
      .click()
    const mirror = window.page.locator('[data-field=mirror]')
    await mirror.fill('hf-mirror.example')
    await mirror.press('Tab')
    await window.page.locator('[data-field=mirror][aria-invalid=true]').waitFor()
    expect(await mirror.inputValue()).toBe('hf-mirror.example')
    expect(await errors.count()).toBe(0)
  })

  test('Enter and Escape are for the settings that lie on top', async () => {
    const folder = await makeFolder('settings', (path) => portrait(path, 'a.jpg'))
    await served.server.call('workspace.open', { path: folder })
    window = await served.openWindow()
    await window.onScreen('a.jpg')
    await predicted('a.jpg')
    const theme = window.page.locator('[data-setting=theme] [role=radio]').nth(2)
    await window.action('settings').click()
    await theme.click()
    await window.press('Enter')
    await window.press('Escape')
    await theme.waitFor({ state: 'detached' })
    expect(await status('a.jpg')).toBe('predicted')

    await window.action('train').click()
    const page = window.page.locator('[data-page=train]')
    await page.waitFor()
    await window.action('settings').click()
    await theme.click()
    await window.press('Escape')
    await theme.waitFor({ state: 'detached' })
    expect(await page.count()).toBe(1)
    await window.press('Escape')
    await page.waitFor({ state: 'detached' })
  })
})
