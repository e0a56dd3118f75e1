/** @file The Models page: switching the model, importing one by its path, downloading from a mirror with a pause, and this computer's report. */
import { copyFile, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createApp, type App } from '../../src/main/app/app'
import type { Published } from '../../src/main/models/published'
import { serveHttp, type HttpDoor } from '../../src/main/node/http'
import type { RevisionRow } from '../../src/shared/answers'
import { suiteFolder, testPaths } from '../helpers/app'
import { makeCheckpoint } from '../helpers/checkpoint'
import { serveFile, type FileServer } from '../helpers/file_server'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { mobilenetStateDict } from '../helpers/segface'
import { launchBrowser } from './browser'
import { FacetWindow } from './window'

const SHIPPED = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const CHECKPOINT = makeCheckpoint(Object.fromEntries(mobilenetStateDict()), {
  ...{ container: 'state_dict_backbone', optimizerBytes: 4_000_000 },
})
const ARRIVED = 3_000_000

describe('models', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let mirror: FileServer
  let app: App
  let door: HttpDoor
  let browser: Browser
  let window: FacetWindow

  beforeAll(async () => {
    suite = await suiteFolder()
    mirror = await serveFile(CHECKPOINT)
    const published: Published = {
      name: 'small_celeba_64',
      arch: 'mobilenet',
      resolution: 64,
      classSet: 'celebamask-hq',
      path: 'authors/SegFace/resolve/main/small_celeba_64/model_299.pt',
      bytes: CHECKPOINT.length,
      exact: true,
      sha256: mirror.sha256,
      score: 0.8791,
      licence: 'MIT',
    }
    const paths = testPaths(join(suite.path, 'data'))
    app = createApp({ paths, version: '0.0.0-test', language: 'en', published: [published] })
    door = await serveHttp(app, paths.renderer, 0)
    browser = await launchBrowser()
    await app.call('settings.write', { provider: 'cpu' })
    const folder = join(suite.path, 'portraits')
    await mkdir(folder)
    const portrait = await drawPortrait(96, 96)
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await writeJpeg(join(folder, name), portrait)
    await app.call('workspace.open', { path: folder })
  })

  afterAll(async () => {
    await browser?.close()
    await door?.close()
    await app?.dispose()
    await mirror?.close()
    await suite.remove()
  })

  beforeEach(async () => {
    window = await FacetWindow.open(browser, door.url)
  })

  afterEach(() => window.close())

  const tab = (name: string) => window.page.locator(`[data-tab=${name}]`)
  const download = () => window.page.locator('[data-published=small_celeba_64]')
  const inState = (state: string) =>
    window.page.locator(`[data-published=small_celeba_64][data-state=${state}]`).waitFor()

  async function history(name: string): Promise<RevisionRow[]> {
    const { rows } = await app.call('images.list', {})
    const image = rows.find((row) => row.name === name)?.id ?? 0
    const { face } = await app.call('masks.open', { image })
    return (await app.call('masks.history', { face })).revisions
  }

  test('another model is imported by its path and predicts again what nobody has touched', async () => {
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg'])
      await window.page.locator(`[data-image="${name}"][data-status=predicted]`).waitFor()
    await window.show('b.jpg')
    await window.page.locator('[data-tool=brush]').click()
    await window.stroke([
      { x: 20, y: 20 },
      { x: 60, y: 60 },
    ])
    const corrected = await history('b.jpg')
    expect(corrected.map(({ kind }) => kind)).toEqual(['stroke', 'prediction'])
    await window.show('a.jpg')

    const file = join(suite.path, 'face_96.safetensors')
    await copyFile(SHIPPED, file)
    await window.action('settings').click()
    await window.page.locator('[data-action=models]').first().click()
    const shipped = window.page.locator('[data-model=segface-mobilenet-by-facet]')
    expect(await shipped.getAttribute('data-used')).toBe('true')
    expect(await shipped.getAttribute('aria-selected')).toBe('true')
    await window.page.locator('[data-details=segface-mobilenet-by-facet] table').waitFor()

    await window.page.locator('[data-field=model-path]').fill(file)
    // The second press hits beside the dialog that the first one opens.
    await window.action('model-import').dblclick()
    await window.page.locator('[data-model=face_96][aria-selected=true]').waitFor()
    await window.action('model-use').click()
    await window.page.locator('[data-model=face_96][data-used=true]').waitFor()
    for (const name of ['a.jpg', 'c.jpg'])
      await expect.poll(async () => (await history(name))[0]?.model, { timeout: 60_000 }).toBe('face_96')
    expect(await history('b.jpg')).toEqual(corrected)
  })

  test('a path that is no model is refused with a sentence, and the page goes on', async () => {
    await window.page.locator('footer [data-action=models]').click()
    await window.page.locator('[data-field=model-path]').fill(join(suite.path, 'portraits', 'a.jpg'))
    await window.action('model-import').click()
    await window.page.locator('[data-toast=error]').filter({ hasText: 'a.jpg' }).waitFor()
    await expect.poll(() => window.action('model-import').isEnabled()).toBe(true)
    // The message leaves the dialog's own buttons free, and to close it is not to close the dialog.
    await window.action('model-import').click({ trial: true })
    await window.page.locator('[data-toast=error] button').click()
    await expect.poll(() => window.page.locator('[data-toast]').count()).toBe(0)
    expect(await window.page.locator('[role=dialog]').count()).toBe(1)
  })

  test('a download from a mirror is paused, survives a reload, is resumed and becomes a model', async () => {
    await window.page.locator('footer [data-action=models]').click()
    await tab('published').click()
    await inState('absent')
    await window.page.locator('[data-field=mirror]').fill(mirror.base)
    await window.page.locator('[data-field=mirror]').press('Enter')
    await expect.poll(async () => (await app.call('settings.read', {})).mirror).toBe(mirror.base)

    mirror.faults = ['html']
    await window.action('download').click()
    await window.page.getByText('check the mirror').waitFor()
    await inState('absent')

    mirror.faults = ['silent']
    await window.action('download').click()
    await inState('connecting')
    await window.action('download-pause').click()
    await inState('absent')

    mirror.faults = [{ stallAfter: ARRIVED }]
    await window.action('download').click()
    await inState('running')
    const here = async () => (await app.call('models.published', {})).models[0]?.fetched
    await expect.poll(here, { timeout: 20_000 }).toBe(ARRIVED)
    await window.action('download-pause').click()
    await inState('paused')

    await window.close()
    window = await FacetWindow.open(browser, door.url)
    await window.page.locator('footer [data-action=models]').click()
    await tab('published').click()
    await inState('paused')
    expect(await download().innerText()).toContain(`3 of ${Math.round(CHECKPOINT.length / 1e6)} MB`)
    await window.action('download').click()
    await inState('installed')
    expect(mirror.asked.at(-1)?.range).toBe(`bytes=${ARRIVED}-`)
    await download().getByRole('button').click()
    await window.page.locator('[data-model=small_celeba_64][aria-selected=true]').waitFor()
    expect(await window.page.locator('[data-details=small_celeba_64]').innerText()).toContain('0.8791')
  })

  test('this computer tells which providers work and which is used', async () => {
    await window.page.locator('footer [data-action=models]').click()
    await tab('computer').click()
    await window.action('doctor').click()
    const processor = window.page.locator('[data-provider=cpu][data-verdict=works]').getByText(/\d ms/)
    await processor.waitFor({ timeout: 120_000 })
    expect(await window.page.locator('[data-report]').innerText()).toContain('face_96')

    // What was found is shown again without being looked for.
    await window.page.reload()
    await window.page.locator('footer [data-action=models]').click()
    await tab('computer').click()
    await processor.waitFor()
  })
})
