/** @file A real Chromium: the one FACET_CHROMIUM names, Debian's, or the one that npm's @sparticuz/chromium brings. */
import { existsSync } from 'node:fs'
import sparticuz from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** WebGL2 without a GPU. */
const SOFTWARE_GL = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
]

export async function launchBrowser(): Promise<Browser> {
  const named = process.env.FACET_CHROMIUM ?? INSTALLED.find((path) => existsSync(path))
  return chromium.launch({
    executablePath: named ?? (await sparticuz.executablePath()),
    headless: true,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...SOFTWARE_GL],
  })
}
