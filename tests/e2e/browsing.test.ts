/** @file Finding one's way: long lists, search and filters, verdicts, other folders, damaged and turned pictures, and how the window looks. */
import { link, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import { makeCelebAMask } from '../helpers/celebamask'
import { drawPortrait, writeJpeg, writeOriented } from '../helpers/pictures'
import { serveSuite } from './served'
import { expectSameMasks, storedMasks } from './truth'
import type { FacetWindow } from './window'

const MANY = 2000

describe('browsing', () => {
  const served = serveSuite()
  let window: FacetWindow

  afterEach(() => window.close())

  /** A window on a new folder of the suite, which `fill` puts files into. */
  async function openFolder(name: string, fill: (folder: string) => Promise<unknown>): Promise<void> {
    await served.server.call('workspace.open', { path: await served.makeFolder(name, fill) })
    window = await served.openWindow()
  }

  const rows = () => window.page.locator('[role=option][data-image]')
  const names = () =>
    rows().evaluateAll((items) => items.map((item) => item.getAttribute('data-image') ?? '').sort())
  const current = () => window.page.locator('[role=option][aria-selected=true]').getAttribute('data-image')
  const settled = (name: string) => expect.poll(current).toBe(name)

  test('2,000 images: a short page, search, filters, keys and verdicts', async () => {
    await openFolder('many', async (folder) => {
      const first = join(folder, 'face_0000.jpg')
      await writeJpeg(first, await drawPortrait(48, 48))
      for (let i = 1; i < MANY; i++) await link(first, join(folder, `face_${String(i).padStart(4, '0')}.jpg`))
    })
    await window.onScreen('face_0000.jpg')
    await expect.poll(async () => (await served.server.call('images.list', {})).rows.length).toBe(MANY)
    expect(await rows().count()).toBeLessThan(100)

    const list = window.page.locator('[role=listbox]')
    await list.focus()
    await window.press('End')
    await window.onScreen('face_1999.jpg')
    await window.row('face_1999.jpg').waitFor()
    expect(await rows().count()).toBeLessThan(100)
    await window.press('Home')
    await settled('face_0000.jpg')

    const search = window.page.locator('[data-search]')
    await search.fill('_012')
    await expect.poll(names).toEqual(Array.from({ length: 10 }, (_, i) => `face_012${i}.jpg`))
    await search.press('Escape')
    await expect.poll(() => rows().count()).toBeGreaterThan(10)

    const steps = { d: '0001', ArrowRight: '0002', 'Shift+D': '0012', a: '0011', ArrowLeft: '0010', 'Shift+A': '0000' } // prettier-ignore
    for (const [key, number] of Object.entries(steps)) {
      await window.press(key)
      await settled(`face_${number}.jpg`)
    }
    await window.show('face_0003.jpg')
    await window.press('Shift+Enter')
    await window.page.locator('[data-image="face_0003.jpg"][data-status=flagged]').waitFor()
    await window.action('next').click()
    await window.onScreen('face_0004.jpg')
    await window.action('accept').click()
    await window.page.locator('[data-image="face_0004.jpg"][data-status=accepted]').waitFor()
    await window.onScreen('face_0005.jpg')

    const chip = (status: string) => window.page.locator(`[data-filter=${status}]`)
    await chip('flagged').click()
    await expect.poll(names).toEqual(['face_0003.jpg'])
    await chip('accepted').click()
    await expect.poll(names).toEqual(['face_0003.jpg', 'face_0004.jpg'])
    await chip('flagged').click()
    await expect.poll(names).toEqual(['face_0004.jpg'])
    expect(await chip('accepted').getAttribute('aria-pressed')).toBe('true')
    await window.show('face_0004.jpg')
    await window.action('reopen').click()
    await expect.poll(names).toEqual([])
  })

  test('the sample is one press away', async () => {
    await served.server.call('workspace.close', {})
    window = await served.openWindow()
    await window.action('open-sample').click()
    await window.onScreen('astronaut.jpg')
    expect(await rows().count()).toBeGreaterThan(1)
    for (const row of await rows().all())
      await expect.poll(() => row.getAttribute('data-status'), { timeout: 60_000 }).toBe('predicted')
  })

  test('a CelebAMask-HQ tree comes with its masks and its splits', async () => {
    let maps: Awaited<ReturnType<typeof makeCelebAMask>> = new Map()
    await openFolder('tree', async (folder) => {
      maps = await makeCelebAMask(folder, { ids: [0, 7, 2001], partition: '00000 0\n00007 1\n02001 2\n' })
    })
    await window.onScreen('CelebA-HQ-img/0.jpg')
    const splits = { 0: 'train', 7: 'val', 2001: 'test' }
    for (const [id, split] of Object.entries(splits)) {
      const name = `CelebA-HQ-img/${id}.jpg`
      await expect.poll(() => window.row(name).innerText(), { timeout: 20_000 }).toContain(split)
      const map = maps.get(Number(id))
      if (map) expectSameMasks((await storedMasks(served.server, name)).map, map)
    }
    expect(await names()).toHaveLength(3)
    // A golden face is not trained on, whatever the dataset gave it for.
    await window.press('g')
    await window.row('CelebA-HQ-img/0.jpg').locator('[role=img]').waitFor()
    expect(await window.row('CelebA-HQ-img/0.jpg').innerText()).not.toContain('train')
    // What was under the pointer is not there any more on another page.
    const hovered = window.page.locator('[data-hover]')
    const { width } = maps.get(0) ?? expect.fail('there are no masks')
    await expect
      .poll(async () => {
        for (const x of [0.3, 0.5, 0.7]) {
          await window.hover({ x: x * width, y: 0.5 * width })
          if ((await hovered.innerText()) !== '') return true
        }
        return false
      })
      .toBe(true)
    await window.press('t')
    await window.page.locator('[data-page=train]').waitFor()
    expect(await hovered.innerText()).toBe('')
    await window.press('Escape')
  })

  test('a damaged picture says so and keeps nobody from the next one', async () => {
    await openFolder('damaged', async (folder) => {
      const portrait = await drawPortrait(64, 64)
      await writeJpeg(join(folder, 'a.jpg'), portrait)
      await writeFile(join(folder, 'b.jpg'), 'this is not a JPEG at all')
      await writeJpeg(join(folder, 'c.jpg'), portrait, 91)
    })
    await window.onScreen('a.jpg')
    await window.show('b.jpg')
    const alert = window.canvas.locator('[role=alert]')
    await alert.waitFor()
    expect(await alert.innerText()).toContain('b.jpg')
    await window.press('d')
    await window.onScreen('c.jpg')
    expect(await alert.count()).toBe(0)
    await window.page.locator('[data-image="c.jpg"][data-status=predicted]').waitFor()
    expect(await window.row('b.jpg').getAttribute('data-status')).toBe('untouched')
  })

  test('a picture that its EXIF turns is seen and masked upright', async () => {
    await openFolder('turned', async (folder) =>
      writeOriented(join(folder, 'turned.jpg'), await drawPortrait(120, 80), 6, 'jpeg'),
    )
    await window.onScreen('turned.jpg')
    await window.page.locator('[data-image="turned.jpg"][data-status=predicted]').waitFor()
    const { map } = await storedMasks(served.server, 'turned.jpg')
    expect([map.width, map.height]).toEqual([120, 80])
    const [start, end] = [await window.toClient({ x: 0, y: 0 }), await window.toClient({ x: 119, y: 79 })]
    expect((end.x - start.x) / (end.y - start.y)).toBeCloseTo(119 / 79, 2)
    await window.press('v')
    await window.page.evaluate(() => new Promise((done) => setTimeout(done, 120)))
    const screen = await window.page.screenshot()
    const corner = await window.toClient({ x: 8, y: 5 })
    const place = { left: Math.round(corner.x), top: Math.round(corner.y), width: 1, height: 1 }
    const [red = 0, green = 0, blue = 0] = await sharp(screen).removeAlpha().extract(place).raw().toBuffer()
    // The drawing's yellow patch is in its upper left corner.
    expect(Math.max(Math.abs(red - 0xc8), Math.abs(green - 0xb4), Math.abs(blue))).toBeLessThan(16)
  })

  test('in the narrowest window nothing of the bars lies over a button', async () => {
    await openFolder('a folder with a name that has no room', async (folder) => {
      const portrait = await drawPortrait(32, 32)
      for (const name of ['long_name_of_a.jpg', 'long_name_of_b.jpg'])
        await writeJpeg(join(folder, name), portrait)
    })
    await window.page.setViewportSize({ width: 960, height: 640 })
    await window.onScreen('long_name_of_a.jpg')
    await window.action('accept').click()
    await window.onScreen('long_name_of_b.jpg')
    await window.action('previous').click()
    await window.action('reopen').waitFor() // one button more
    const covered = () =>
      window.page.locator('header button, main button').evaluateAll((buttons) =>
        buttons
          .filter((button) => {
            const { left, top, width, height } = button.getBoundingClientRect()
            const hit = (share: number) =>
              button.ownerDocument.elementFromPoint(left + share * width, top + height / 2)
            return ![0.1, 0.5, 0.9].every((share) => button.contains(hit(share)))
          })
          .map((button) => button.getAttribute('aria-label')),
      )
    for (const language of ['ko', 'en'] as const) {
      await served.server.call('settings.write', { language })
      await window.page.reload()
      await window.onScreen('long_name_of_a.jpg')
      await window.action('reopen').waitFor()
      expect(await covered()).toEqual([])
    }
    const name = await window.page.locator('main .file').boundingBox()
    expect(name?.width).toBeGreaterThan(60)
  })

  test('language, theme, and a backend that is gone', async () => {
    await openFolder('look', async (folder) => writeJpeg(join(folder, 'a.jpg'), await drawPortrait(32, 32)))
    await window.onScreen('a.jpg')
    const root = window.page.locator('html')
    const choose = (setting: string, choice: number) =>
      window.page.locator(`[data-setting=${setting}] [role=radio]`).nth(choice).click()
    await window.action('settings').click()
    await choose('language', 2)
    await expect.poll(() => root.getAttribute('lang')).toBe('ko')
    expect(await window.part('hair').innerText()).toContain('머리카락')
    await choose('language', 1)
    await expect.poll(() => root.getAttribute('lang')).toBe('en')
    expect(await window.part('hair').innerText()).toContain('Hair')
    await choose('theme', 2)
    await expect.poll(() => root.getAttribute('data-theme')).toBe('dark')
    await choose('theme', 1)
    await expect.poll(() => root.getAttribute('data-theme')).toBe('light')
    await window.press('Escape')
    await served.server.kill()
    await window.page.locator('[data-link=lost]').waitFor()
  })
})
