/** @file The real Electron window, where Electron's program is installed already; it is never fetched for this. */
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { _electron } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { suiteFolder } from '../helpers/app'

/** Path of Electron's program, or null; asking the package itself would fetch it. */
function installedElectron(): string | null {
  const home = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  const note = join(home, 'path.txt')
  const program = existsSync(note) ? join(home, 'dist', readFileSync(note, 'utf8').trim()) : null
  return program !== null && existsSync(program) ? program : null
}

const electron = installedElectron()
if (!electron) console.info("left out: the Electron window; Electron's program is not installed here")

describe.runIf(electron)('the Electron window', () => {
  test('opens the sample and shows a prediction', async () => {
    const suite = await suiteFolder()
    onTestFinished(suite.remove)
    const app = await _electron.launch({
      executablePath: electron ?? '',
      args: [resolve('.'), '--no-sandbox'],
      env: { ...process.env, FACET_DATA_DIR: suite.path } as Record<string, string>,
      timeout: 60_000,
    })
    onTestFinished(() => app.close())
    const page = await app.firstWindow()
    await page.locator('[data-action=open-sample]').click()
    await page
      .locator('[data-canvas][data-image="astronaut.jpg"][data-busy=false]')
      .waitFor({ timeout: 60_000 })
    await page.locator('[data-image][data-status=predicted]').first().waitFor({ timeout: 60_000 })
    expect(await page.locator('[role=option][data-image]').count()).toBeGreaterThan(1)

    // A picked file is read where it lies.
    const file = join(suite.path, 'page.pt')
    await writeFile(file, '<!doctype html><title>404</title>')
    await page.locator('footer [data-action=models]').click()
    await page.locator('[data-field=model-file]').setInputFiles(file)
    await page.locator('[data-toast=error]').filter({ hasText: file }).waitFor()
  })
})
