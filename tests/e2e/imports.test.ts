/**
 * @file Models that a person brings along: dropped or picked, asked about only where the file does not tell, looked at before they
 * are taken; then used beside corrected work, with their limits and lineage on their page.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { importModel } from '../../src/main/models/importer'
import { Registry } from '../../src/main/models/registry'
import type { App } from '../../src/main/app/app'
import { serveHttp, type HttpDoor } from '../../src/main/node/http'
import { PART_INDEX, type PartName } from '../../src/shared/labels'
import { makeApp, suiteFolder, testPaths } from '../helpers/app'
import { withoutNotes } from '../helpers/colour_parser'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { writeMobilenet } from '../helpers/segface'
import { launchBrowser } from './browser'
import { FacetWindow } from './window'

const SHIPPED = 'segface-mobilenet-by-facet'

describe('a model that a person brings along', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let app: App
  let door: HttpDoor
  let browser: Browser
  let window: FacetWindow

  const at = (name: string) => join(suite.path, name)

  beforeAll(async () => {
    suite = await suiteFolder()
    const paths = testPaths(at('data'))
    app = makeApp(at('data'))
    await app.call('settings.write', { provider: 'cpu' })
    await app.call('models.export', { model: SHIPPED, format: 'onnx', out: at('own.onnx') })
    await writeFile(at('parser.onnx'), withoutNotes(await readFile(at('own.onnx'))))
    await writeMobilenet(at('model_7.pt'), 11)
    await writeFile(at('page.pt'), '<!doctype html><title>404</title>')
    await mkdir(at('portraits'))
    await writeJpeg(join(at('portraits'), 'a.jpg'), await drawPortrait(96, 96))
    await app.call('workspace.open', { path: at('portraits') })
    door = await serveHttp(app, paths.renderer, 0)
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await door?.close()
    await app?.dispose()
    await suite.remove()
  })

  beforeEach(async () => {
    window = await FacetWindow.open(browser, door.url)
    await window.page.locator('[data-image="a.jpg"][data-status]').first().waitFor()
  })

  afterEach(() => window.close())

  const locator = (selector: string) => window.page.locator(selector)
  const modelIds = async () => (await app.call('models.list', {})).models.map(({ id }) => id)
  const handedOver = () => readdir(join(at('data'), 'uploads')).catch(() => [])

  /** Lets a file fall on the canvas, or on what else there is, as the desktop would. */
  async function drop(name: string, onto = window.canvas): Promise<void> {
    await window.page.evaluate(
      "document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'desktop' }))",
    )
    await locator('#desktop').setInputFiles(at(name))
    const data = await window.page.evaluateHandle(`(() => {
      const [desktop, dataTransfer] = [document.getElementById('desktop'), new DataTransfer()]
      dataTransfer.items.add(desktop.files[0])
      desktop.remove()
      return dataTransfer
    })()`)
    await onto.dispatchEvent('dragover', { dataTransfer: data })
    await locator('[data-dropzone]').waitFor()
    await onto.dispatchEvent('drop', { dataTransfer: data })
    await locator('[data-dropzone]').waitFor({ state: 'detached' })
  }

  async function pick(name: string): Promise<void> {
    await locator('footer [data-action=models]').click()
    await locator('[data-field=model-file]').setInputFiles(at(name))
  }

  async function masks(): Promise<Map<PartName, { runs: string; area: number; origin: string }>> {
    const { rows } = await app.call('images.list', {})
    const { parts } = await app.call('masks.open', { image: rows[0]?.id ?? 0 })
    return new Map(
      parts.map(({ part, runs, area, origin }) => [part, { runs: runs.join(), area, origin }] as const),
    )
  }

  async function newest(): Promise<string | null> {
    const { rows } = await app.call('images.list', {})
    const { face } = await app.call('masks.open', { image: rows[0]?.id ?? 0 })
    return (await app.call('masks.history', { face })).revisions[0]?.model ?? null
  }

  test('an unknown ONNX file that is dropped is looked at, described, and taken', async () => {
    await drop('parser.onnx')
    await locator('[data-looking=false] canvas').waitFor()
    await locator('[data-hint=lips-swapped]').waitFor()
    expect(await locator('[data-field=onnx-size]').isDisabled()).toBe(true)
    await locator('[data-field=onnx-order]').selectOption('segface')
    await locator('[data-hint]').first().waitFor({ state: 'detached' })

    // One by one it is the same list, in which a class can be taken away.
    await locator('[data-field=onnx-order]').selectOption('own')
    expect(await locator('[data-channel="14"]').inputValue()).toBe('hair')
    await locator('[data-channel="18"]').selectOption('')
    await window.action('import-accept').click()

    const details = locator('[data-details=parser]')
    await details.waitFor()
    const manifest = await readFile(join(at('data'), 'models', 'parser', 'model.json'), 'utf8')
    const { onnx, arch } = JSON.parse(manifest) as { onnx: { classes: (string | null)[] }; arch: string }
    expect([arch, onnx.classes[14], onnx.classes[18]]).toEqual(['onnx', 'hair', null])
    expect(await details.innerText()).toMatch(/Does not know\s+Necklace: predictions leave/)
    expect(await handedOver()).toEqual([])
  })

  test('a file that tells all is taken unasked; one that is no model is a sentence', async () => {
    await drop('own.onnx')
    await locator('[data-details=own]').waitFor()
    expect(await locator('[data-details=own]').innerText()).toContain('mobilenet-onnx')

    await locator('[data-field=model-file]').setInputFiles(at('page.pt'))
    await locator('[data-toast=error]').filter({ hasText: 'it is a web page' }).waitFor()
    await window.action('import-cancel').waitFor({ state: 'detached' })
    expect(await handedOver()).toEqual([])
  })

  test('a model of 11 classes is asked about, says what it does not know, and leaves that and the hand’s work alone', async () => {
    // A hat by hand, which the model does not know, and a corrected nose, which it does.
    await locator('[data-tool=brush]').click()
    await window.part('hat').click()
    await window.stroke([
      { x: 10, y: 10 },
      { x: 60, y: 12 },
    ])
    await window.part('nose').click()
    await window.stroke([
      { x: 40, y: 40 },
      { x: 40, y: 60 },
    ])
    await window.idle()
    await app.call('images.review', {
      image: (await app.call('images.list', {})).rows[0]?.id ?? 0,
      review: null,
    })
    const before = await masks()
    expect([before.get('hat')?.origin, before.get('nose')?.origin]).toEqual(['hand', 'hand'])

    await pick('model_7.pt')
    expect(await window.action('import-accept').isDisabled()).toBe(true)
    await locator('[data-dataset=helen]').click()
    await window.action('import-accept').click()
    const details = locator('[data-details=model_7]')
    await details.waitFor()
    const page = await details.innerText()
    expect(page).toMatch(/Classes\s+11\s+Trained on\s+Helen\s+Pictures\s+Helen’s pictures are cropped/)
    expect(page).toMatch(/Does not know\s+Neck, Clothes, .*Hat, .*leave these parts as they are/)

    await window.action('model-use').click()
    await locator('[data-model=model_7][data-used=true]').waitFor()
    await window.press('Escape')
    await locator('[data-part=hat][data-known=false]').waitFor()
    await locator('[data-part=nose][data-known=true]').waitFor()
    // Corrected images are not predicted by themselves; asked for, the hand's parts stay all the same.
    await window.action('predict').click()
    await expect.poll(newest, { timeout: 60_000 }).toBe('model_7')
    const after = await masks()
    for (const part of Object.keys(PART_INDEX) as PartName[]) {
      const keeps = before.get(part)?.origin === 'hand' || ['cloth', 'neck', 'l_ear', 'hat'].includes(part)
      if (keeps) expect(after.get(part), part).toEqual(before.get(part))
    }
    await app.call('settings.write', { model: null })
  })

  test('what is given up leaves nothing behind', async () => {
    const before = await modelIds()
    await pick('parser.onnx')
    await locator('[data-looking=false] canvas').waitFor()
    await window.press('Escape')
    await window.action('import-cancel').waitFor({ state: 'detached' })
    expect(await locator('[data-toast]').count()).toBe(0)
    expect(await modelIds()).toEqual(before)
    await expect.poll(handedOver).toEqual([])
    // The Models page below is still there, and takes the next file.
    await locator('[data-field=model-path]').fill(at('own.onnx'))
    await window.action('model-import').click()
    await locator('[data-details=own]').waitFor()
  })

  test('is looked at, too, when the folder has been closed', async () => {
    onTestFinished(async () => void (await app.call('workspace.open', { path: at('portraits') })))
    await app.call('workspace.close', {})
    await window.action('open-sample').waitFor()
    await drop('parser.onnx', window.action('open-sample'))
    await locator('[data-looking=false] canvas').waitFor()
    await window.press('Escape')
    await window.action('import-cancel').waitFor({ state: 'detached' })
    expect(await locator('[data-toast]').count()).toBe(0)
  })

  test('its page leads through its lineage', async () => {
    const registry = new Registry(testPaths(at('data')))
    await writeMobilenet(at('line.pt'))
    for (const [name, parent] of [
      ['first', SHIPPED],
      ['second', 'first'],
    ] as const) {
      const { folder } = await importModel(registry, at('line.pt'), { name })
      const file = join(folder, 'model.json')
      const manifest = JSON.parse(await readFile(file, 'utf8')) as object
      await writeFile(file, JSON.stringify({ ...manifest, parent }))
    }
    await locator('footer [data-action=models]').click()
    await locator('[data-model=second]').click()
    const chain = locator('[data-details=second] [data-relative]')
    expect(await chain.allInnerTexts()).toEqual(['SegFace MobileNet (Facet)', 'first'])
    await chain.last().click()
    expect(await locator('[data-details=first] [data-relative]').allInnerTexts()).toEqual([
      'SegFace MobileNet (Facet)',
      'second',
    ])
  })
})
