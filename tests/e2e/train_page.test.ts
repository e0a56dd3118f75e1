/**
 * @file The Train page through everything that a run can come to: paused, resumed, stopped, failed, compared, deleted. The
 * engine only pretends to train, so that each comes when the test wants it; comparing and predicting are real.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { App } from '../../src/main/app/app'
import { serveHttp, type HttpDoor } from '../../src/main/node/http'
import type { TrainingRun } from '../../src/shared/training'
import { makeApp, STAND_IN_TRAINER, suiteFolder, testPaths } from '../helpers/app'
import { makeCelebAMask } from '../helpers/celebamask'
import { launchBrowser } from './browser'
import { FacetWindow } from './window'

const IDS = [0, 1, 2, 3, 4, 5, 6, 7]
/** What the stand-in does, by seed; see helpers/stand_in_trainer.mjs. */
const [PLAIN, WAITS, FAILS, WORSENS, FAILS_ONCE, UNSCORED] = [0, 1, 5, 6, 7, 10]
const EPOCHS = 4

describe('the Train page', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let app: App
  let door: HttpDoor
  let window: FacetWindow

  beforeAll(async () => {
    suite = await suiteFolder()
    const tree = join(suite.path, 'tree')
    const partition = IDS.map((id) => `${String(id).padStart(5, '0')} ${id < 2 ? 1 : 0}\n`).join('')
    await makeCelebAMask(tree, { ids: IDS, side: 64, partition })
    const data = join(suite.path, 'data')
    app = makeApp(data, { engineEntry: STAND_IN_TRAINER })
    door = await serveHttp(app, testPaths(data).renderer, 0)
    browser = await launchBrowser()
    await app.call('settings.write', { autoPredict: false, provider: 'cpu' })
    await app.call('workspace.open', { path: tree })
    const corrected = async () =>
      (await app.call('images.list', {})).rows.filter(({ status }) => status === 'corrected').length
    while ((await corrected()) < IDS.length) await sleep(20)
  })

  afterAll(async () => {
    await browser?.close()
    await door?.close()
    await app?.dispose()
    await suite.remove()
  })

  beforeEach(async () => {
    window = await FacetWindow.open(browser, door.url)
    await window.action('train').click()
  })

  afterEach(() => window.close())

  const option = (name: string): Locator => window.page.locator(`[data-option="${name}"] input`)
  const shown = (state: string): Locator => window.page.locator(`[data-run-view][data-state="${state}"]`)
  const watched = (epoch: number): Locator => window.page.locator(`[data-watch][data-epoch="${epoch}"]`)

  async function start(name: string, seed: number, side = 64): Promise<void> {
    await window.action('train-new').click()
    await window.action('train-options').click()
    for (const [field, value] of Object.entries({ epochs: EPOCHS, input_resolution: side, seed }))
      await option(field).fill(String(value))
    await window.page.locator('[data-field=train-name]').fill(name)
    await window.action('train-start').click()
  }

  async function latest(): Promise<TrainingRun> {
    const [run] = (await app.call('training.list', {})).runs
    return run ?? expect.fail('there is no run')
  }

  test('a value that cannot be meant holds the start up, and says what could', async () => {
    await window.action('train-options').click()
    await window.page.locator('[data-count=train]').waitFor()
    await expect.poll(() => window.action('train-start').isEnabled()).toBe(true)
    await option('epochs').fill('0')
    expect(await window.action('train-start').isDisabled()).toBe(true)
    expect(await option('epochs').getAttribute('aria-invalid')).toBe('true')
    await window.action('train-options').click()
    for (const place of ['[data-hold=true]', '[data-wrong]'])
      expect(await window.page.locator(place).innerText()).toContain('Epochs')
    await window.action('train-options').click()
    await option('epochs').fill('')
    await expect.poll(() => window.action('train-start').isEnabled()).toBe(true)
  })

  test('a list that shows nothing is nothing to learn from, in a sentence and without numbers', async () => {
    await window.page.locator('[data-count=train]').waitFor()
    await window.press('Escape')
    await window.page.locator('[data-search]').fill('no such name')
    await window.action('train').click()
    await window.page.locator('[data-field=train-images] [role=radio]').nth(2).click()
    const problem = window.page.locator('[data-problem]')
    await problem.filter({ hasText: 'The list shows no images' }).waitFor()
    expect(await window.page.locator('[data-count=train]').count()).toBe(0)
    expect(await window.page.locator('[data-part-count=skin]').getAttribute('data-n')).toBe('0')
    expect(await window.action('train-start').isDisabled()).toBe(true)
    await window.page.locator('[data-field=train-images] [role=radio]').nth(1).click()
    await problem.filter({ hasText: '2 images are put aside for validation' }).waitFor()
    expect(await window.page.locator('[data-count=train]').innerText()).toBe('0')
    await window.page.locator('[data-field=train-images] [role=radio]').first().click()
    await window.page.locator('[data-count=train]').filter({ hasText: '6' }).waitFor()
    await window.page.locator('[data-field=train-replay]').fill(join(suite.path, 'nowhere'))
    await problem.filter({ hasText: 'nowhere' }).waitFor()
    expect(await window.page.locator('[data-count=train]').count()).toBe(0)
  })

  test('a name as long as names may be leaves room for what stands beside it', async () => {
    await start('a name that goes on and on '.repeat(3).slice(0, 80).trim(), WAITS)
    await watched(2).waitFor()
    const height = async (selector: string): Promise<number> =>
      (await window.page.locator(`[data-run-view] ${selector}`).boundingBox())?.height ?? Infinity
    expect(await height('.title')).toBeLessThan(40)
    expect(await height('.facts')).toBeLessThan(40)
    expect(await window.page.locator('[data-progress]').innerText()).toContain('CPU')
    await window.action('train-cancel').click()
    await shown('cancelled').waitFor()
    expect(await height('.title')).toBeLessThan(40)
  })

  test('a run that got worse says so, beside the level of the base model', async () => {
    await start('backwards', WORSENS)
    await shown('done').waitFor()
    expect(await window.page.locator('[data-not-above]').innerText()).toContain('(0.500)')
    await window.page.locator('[data-tab=curves]').click()
    expect(await window.page.locator('[data-level]').getAttribute('data-level')).toBe('0.5')
    // It learned at another side than its base is used at.
    expect(await window.page.locator('[data-sides]').innerText()).toMatch(/at 64 px.* at 256 px/)
    await window.action('train-new').click()
    await window.page.locator('[data-count=train]').waitFor()
    await window.page.locator('[data-field=train-name]').fill(' backwards')
    expect(await window.page.locator('[data-hold=true]').innerText()).toContain('backwards')
    expect(await window.action('train-start').isDisabled()).toBe(true)
  })

  test('no number breaks in the narrowest window', async () => {
    await window.page.setViewportSize({ width: 960, height: 640 })
    await start('narrow', PLAIN)
    await shown('done').waitFor()
    const broken = (selector: string) =>
      window.page.locator(selector).evaluateAll((cells) =>
        cells
          .filter((cell) => {
            const range = cell.ownerDocument.createRange()
            range.selectNodeContents(cell)
            return range.getClientRects().length > 1
          })
          .map(({ textContent }) => textContent),
      )
    await window.page.locator('[data-tab=curves]').click()
    await window.page.locator('[data-curve=hair] output').waitFor()
    expect(await broken('[data-curve] .value > *')).toEqual([])
    await window.page.locator('[data-tab=settings]').click()
    await window.page.locator('.settings dd').first().waitFor()
    expect(await broken('.settings dd')).toEqual([])
  })

  test('the table and the matrix of the gate stand beside or below each other, in any window', async () => {
    const [face] = (await app.call('images.list', {})).rows
    await app.call('images.pin', { image: face?.id ?? 0, golden: true })
    await start('measured', PLAIN)
    await window.page.locator('[data-verdict]').waitFor()
    await window.page.locator('[data-set=golden]').waitFor()
    const box = async (selector: string) =>
      (await window.page.locator(selector).boundingBox()) ?? expect.fail(`${selector} is not there`)
    for (const language of ['en', 'ko'] as const) {
      await app.call('settings.write', { language })
      await window.page.reload()
      await window.page.locator('[data-verdict]').waitFor()
      for (const width of [960, 1100, 1241, 1280, 1366, 1440, 1600, 1920]) {
        await window.page.setViewportSize({ width, height: 900 })
        const [table, matrix, page] = [
          await box('table'),
          await box('[data-confusion]'),
          await box('[data-gate]'),
        ]
        const isBeside = table.x + table.width <= matrix.x
        const isAbove = table.y + table.height <= matrix.y
        expect([width, isBeside || isAbove]).toEqual([width, true])
        for (const { x, width: wide } of [table, matrix])
          expect(x + wide, `at ${width} px`).toBeLessThanOrEqual(page.x + page.width)
      }
    }
    await app.call('settings.write', { language: 'en' })
    await app.call('images.pin', { image: face?.id ?? 0, golden: false })
  })

  test('a run goes on without its page, is paused, survives a reload, and is resumed to its end', async () => {
    await start('patient', WAITS)
    await watched(2).waitFor()
    await window.press('Escape')
    await window.canvas.waitFor()
    await window.action('train-status').click()
    await window.action('train-pause').click()
    await shown('paused').waitFor()
    await window.page.reload()
    await shown('paused').waitFor()
    await watched(2).waitFor()
    await window.page.goBack()
    await window.canvas.waitFor()
    await window.page.goForward()
    await window.action('train-resume').click()
    await shown('done').waitFor()
    expect((await latest()).epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4])
  })

  test('stopping keeps the best so far, and says so; kept aside, it is no more than a model', async () => {
    await start('hasty', WAITS)
    await watched(2).waitFor()
    await window.action('train-cancel').click()
    await shown('cancelled').waitFor()
    expect(await window.page.locator('[data-outcome]').innerText()).toContain('epoch 2')
    await window.page.locator('[data-verdict]').waitFor()
    await window.action('keep-aside').click()
    await window.canvas.waitFor()
    const { model } = await latest()
    const { models } = await app.call('models.list', {})
    expect(models.map(({ id }) => id)).toContain(model)
    expect((await app.call('settings.read', {})).model).toBeNull()
  })

  test('a run that was stopped before any score is not said to be the best', async () => {
    await start('blind', UNSCORED)
    await window.page.locator('[data-progress]').filter({ hasText: 'Epoch 2 of 4' }).waitFor()
    await window.action('train-cancel').click()
    await shown('cancelled').waitFor()
    const outcome = await window.page.locator('[data-outcome]').innerText()
    expect(outcome).toMatch(/before an epoch was scored.* at epoch 2 .*blind/)
    await window.page.locator('[data-tab=curves]').click()
    expect(await window.page.locator('[data-curves]').innerText()).not.toContain('best')
  })

  test('a run that its time limit ended says so', async () => {
    const options = { epochs: EPOCHS, input_resolution: 64, time_limit: 0.06 }
    await app.call('training.start', { name: 'short', model: null, images: 'corrected', options })
    await window.page.locator('[data-run][data-state=done]').filter({ hasText: 'short' }).click()
    expect(await window.page.locator('[data-outcome]').innerText()).toContain('in epoch 2 of 4')
  })

  test('a failure is told with its reason, on the page and over it', async () => {
    await start('hopeless', FAILS)
    await shown('failed').waitFor()
    expect(await window.page.locator('[data-outcome]').innerText()).toContain('not a number')
    await window.page.locator('[data-toast=error]').filter({ hasText: 'hopeless' }).waitFor()
    expect(await window.page.locator('[data-tab=gate]').isDisabled()).toBe(true)
    // It never began, so nothing will be seen and there is nothing to hold.
    for (const place of ['[data-curves]', '[data-watch]'])
      expect(await window.page.locator(place).innerText()).toContain('It ended before')
    expect(await window.action('watch-truth').isDisabled()).toBe(true)
    await window.page.locator('[data-tab=settings]').click()
    expect(await window.page.locator('.settings').innerText()).toMatch(/Few examples of Neck \(\d\)/)
  })

  test('what was said of a failure goes when the run goes on and is done', async () => {
    await start('second try', FAILS_ONCE)
    await shown('failed').waitFor()
    const told = window.page.locator('[data-toast=error]').filter({ hasText: 'second try' })
    await told.waitFor()
    await window.action('train-resume').click()
    await shown('done').waitFor()
    await told.waitFor({ state: 'detached' })
  })

  test('the epochs are gone through by arrows, and what is held is seen instead', async () => {
    await start('watched', PLAIN)
    await shown('done').waitFor()
    await window.page.locator('[data-tab=curves]').click()
    await watched(EPOCHS).waitFor()
    await window.page.locator('[data-field=watch-epoch]').focus()
    for (let i = 0; i < EPOCHS; i++) await window.press('ArrowLeft')
    await watched(0).waitFor()
    await window.action('watch-truth').focus()
    await window.page.keyboard.down('Space')
    await window.page.locator('[data-watch][data-held=truth]').waitFor()
    await window.page.keyboard.up('Space')
    await window.page.locator('[data-watch]:not([data-held])').waitFor()
    await window.action('watch-follow').click()
    await watched(EPOCHS).waitFor()
    expect(await window.page.locator('[data-curve=hair] path').getAttribute('d')).toMatch(/^M.*L.*L.*L.*L/)
  })

  test('only some parts of a model are taken, and the mix of both predicts', async () => {
    await start('small', PLAIN)
    await window.page.locator('[data-verdict]').waitFor()
    expect(await window.action('take-parts').isDisabled()).toBe(true) // of another resolution
    await start('partly', PLAIN, 256)
    await window.page.locator('[data-verdict]').waitFor()
    await window.action('take-parts').click()
    const ticks = window.page.locator('[data-difference] input')
    for (const tick of await ticks.all()) await tick.setChecked(false)
    expect(await window.action('promote-parts').isDisabled()).toBe(true)
    await window.page.locator('[data-difference=hair] input').check()
    expect(await window.action('promote-parts').innerText()).toBe('Take 1 part')
    await window.action('promote-parts').click()
    await window.canvas.waitFor()
    const { model } = await latest()
    const used = (await app.call('settings.read', {})).model ?? expect.fail('no model is chosen')
    const { mix } = await app.call('models.show', { model: used })
    expect(mix).toMatchObject({ other: model, parts: ['hair'] })
    await window.action('train').click()
    await window.page.locator('[data-run]').first().click()
    await window.action('train-model').click()
    const details = (id: string | null): Locator => window.page.locator(`[data-details="${id}"]`)
    expect(await details(model).innerText()).toContain('Validation mean F1')
    await window.page.locator(`[data-model="${used}"]`).click()
    const halves = details(used).locator('[data-relative]')
    await expect.poll(() => halves.allInnerTexts()).toEqual(['SegFace MobileNet (Facet)', 'partly'])
    expect(await details(used).innerText()).not.toContain('File size')
    await app.call('settings.write', { model: null })
  })

  test('a run is deleted after a second word, and its model stays', async () => {
    const { id, model } = await latest()
    await window.page.locator(`[data-run="${id}"]`).click()
    await window.action('train-delete').click()
    await window.action('train-delete-sure').click()
    await expect.poll(() => window.page.locator(`[data-run="${id}"]`).count()).toBe(0)
    const { models } = await app.call('models.list', {})
    expect(models.map((entry) => entry.id)).toContain(model)
  })

  test('a run whose model was deleted says so, and why there is nothing to compare', async () => {
    await start('forgotten', PLAIN)
    await window.action('train-model').waitFor()
    const { model } = await latest()
    await window.action('train-model').click()
    await window.page.locator(`[data-details="${model}"]`).waitFor()
    await app.call('models.delete', { model: model ?? '' }) // as by another window
    await window.page.locator(`[data-details]:not([data-details="${model}"])`).waitFor()
    await window.press('Escape')
    await window.page.locator('[data-model-gone]').waitFor()
    expect(await window.action('train-model').count()).toBe(0)
    expect(await window.page.locator('[data-tab=gate]').isDisabled()).toBe(true)
    expect(await window.page.locator('[data-no-gate]').innerText()).toContain('deleted')
  })
})
