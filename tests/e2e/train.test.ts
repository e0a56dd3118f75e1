/**
 * @file Learning from corrections, as a person does it: a few faces corrected, Train pressed, the curves seen, both models
 * compared, the new one promoted, and the next face predicted by it. Small pictures, so that it is over soon.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageRow, RevisionRow } from '../../src/shared/answers'
import type { PartMap } from '../../src/shared/mask'
import type { TrainingRun } from '../../src/shared/training'
import { suiteFolder } from '../helpers/app'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { launchBrowser } from './browser'
import { startServer, type Server } from './server'
import { bitOf, expectSameMasks, storedMasks } from './truth'
import { FacetWindow } from './window'

const SIDE = 96
const CORRECTED = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg']
const UNTOUCHED = ['f.jpg', 'g.jpg']
/** Side that the network learns at: a sixteenth of the default model's work. */
const RESOLUTION = '64'
/** Of four steps each, one for a face; the validation face is looked at after twenty. */
const EPOCHS = 10
const LOOKS = [0, 5, 10]

describe('training', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let server: Server
  let window: FacetWindow
  let corrected: PartMap

  beforeAll(async () => {
    suite = await suiteFolder()
    const folder = join(suite.path, 'portraits')
    await mkdir(folder)
    const portrait = await drawPortrait(SIDE, SIDE)
    for (const [i, name] of [...CORRECTED, ...UNTOUCHED].entries())
      await writeJpeg(join(folder, name), portrait, 70 + 4 * i)
    browser = await launchBrowser()
    server = await startServer(join(suite.path, 'data'), folder)
    await server.call('settings.write', { provider: 'cpu' })
    window = await FacetWindow.open(browser, server.url)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.kill()
    await suite.remove()
  })

  const option = (name: string): Locator => window.page.locator(`[data-option="${name}"] input`)
  const run = (state: string): Locator => window.page.locator(`[data-run-view][data-state="${state}"]`)

  async function row(name: string): Promise<ImageRow> {
    const { rows } = await server.call('images.list', {})
    const found = rows.find((image) => image.name === name)
    if (!found) throw new Error(`${name} is not in the list`)
    return found
  }

  async function newest(name: string): Promise<RevisionRow | undefined> {
    const { face } = await server.call('masks.open', { image: (await row(name)).id })
    return (await server.call('masks.history', { face, limit: 1 })).revisions[0]
  }

  async function latestRun(): Promise<TrainingRun> {
    const [latest] = (await server.call('training.list', {})).runs
    if (!latest) throw new Error('there is no run')
    return latest
  }

  test('a few faces are corrected by hand', async () => {
    for (const name of CORRECTED) {
      await window.page.locator(`[data-image="${name}"][data-status=predicted]`).waitFor()
      await window.show(name)
      await window.part('hat').click()
      await window.page.locator('[data-tool=brush]').click()
      await window.setBrushSize(9)
      await window.stroke([
        { x: 20, y: 12 },
        { x: 76, y: 12 },
      ])
    }
    corrected = (await storedMasks(server, 'a.jpg')).map
    expect(corrected.bits.filter((bits) => bits & bitOf('hat')).length).toBeGreaterThan(300)
  })

  test('the form says what there is to learn from, before anything is started', async () => {
    await window.action('train').click()
    await window.page.locator('[data-count=train]').filter({ hasText: '4' }).waitFor()
    expect(await window.page.locator('[data-count=val]').innerText()).toBe('1')
    expect(await window.page.locator('[data-part-count=hat]').getAttribute('data-n')).toBe('4')
    expect(await window.page.locator('[data-part-count=eye_g]').getAttribute('class')).toContain('few')
    await window.action('train-options').click()
    expect(await option('input_resolution').getAttribute('placeholder')).toBe('256')
  })

  test('one button trains; progress, curves and the faces of each epoch are seen', async () => {
    await option('input_resolution').fill(RESOLUTION)
    await option('train_bs').fill('1')
    await option('epochs').fill(String(EPOCHS))
    await window.page.locator('[data-field=train-name]').fill('taught')
    await window.action('train-start').click()
    await window.page.locator('[data-progress]').waitFor()
    await run('done').waitFor({ timeout: 150_000 })
    const { epochs, settings, model } = await latestRun()
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: EPOCHS + 1 }, (_, i) => i))
    expect(epochs.filter(({ val }) => val !== null).map(({ epoch }) => epoch)).toEqual(LOOKS)
    expect(settings).toMatchObject({ input_resolution: 64, train_bs: 1 })
    expect(epochs[EPOCHS]?.loss).toBeLessThan(epochs[1]?.loss ?? 0)
    expect(model).not.toBeNull()

    await window.page.locator('[data-tab=curves]').click()
    await window.page.locator('[data-watch][data-epoch="10"] [data-face]').first().waitFor()
    const line = await window.page.locator('[data-curve=skin] path').getAttribute('d')
    expect(line?.match(/[ML]/g)).toHaveLength(LOOKS.length)
    await window.page.locator('[data-field=watch-epoch]').focus()
    for (let i = 1; i < LOOKS.length; i++) await window.press('ArrowLeft')
    await window.page.locator('[data-watch][data-epoch="0"]').waitFor()
  })

  test('the new model is compared with the one in use, promoted, and predicts the next face', async () => {
    await window.page.locator('[data-tab=gate]').click()
    await window.page.locator('[data-verdict]').waitFor({ timeout: 60_000 })
    expect(await window.page.locator('[data-difference]').count()).toBe(18)
    const { model } = await latestRun()
    await window.action('promote').click()
    await window.canvas.waitFor()
    expect((await server.call('settings.read', {})).model).toBe(model)
    await window.show('f.jpg')
    await expect.poll(async () => (await newest('f.jpg'))?.model, { timeout: 60_000 }).toBe(model)
    expectSameMasks((await storedMasks(server, 'a.jpg')).map, corrected)
    expect((await newest('a.jpg'))?.kind).toBe('stroke')
  })
})
