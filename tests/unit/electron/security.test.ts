/** @file Electron's locks: what the window may and may not do, asserted setting by setting. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { appProtocol, bundlePath } from '../../../src/main/electron/protocol'
import {
  APP_ORIGIN,
  denyNavigation,
  denyPermissions,
  isOurs,
  SCHEME,
  webPreferences,
} from '../../../src/main/electron/security'

describe('the window', () => {
  test('is sandboxed, isolated and without Node', () => {
    expect(webPreferences('/preload.cjs')).toEqual({
      preload: '/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      spellcheck: false,
    })
  })

  test('its scheme never bypasses the content security policy', () => {
    expect(SCHEME.privileges).toMatchObject({ standard: true, secure: true, bypassCSP: false })
  })

  test('has every permission denied', () => {
    type Handlers = Parameters<typeof denyPermissions>[0]
    const answers: unknown[] = []
    denyPermissions({
      setPermissionRequestHandler: (handler) =>
        handler?.({} as never, 'media', (granted: boolean) => answers.push(granted), {} as never),
      setPermissionCheckHandler: (handler) =>
        answers.push(handler?.(null, 'geolocation' as never, '', {} as never)),
      setDevicePermissionHandler: (handler) => answers.push(handler?.({} as never)),
    } as Handlers)
    expect(answers).toEqual([false, false, false])
  })

  test('opens no other window and goes to no other page', () => {
    const listeners = new Map<string, (event: { url: string; preventDefault: () => void }) => void>()
    const opened: unknown[] = []
    denyNavigation({
      setWindowOpenHandler: (handler: (details: never) => unknown) => opened.push(handler({} as never)),
      on: (name: string, listener: never) => listeners.set(name, listener),
    } as never)
    expect(opened).toEqual([{ action: 'deny' }])
    const prevented = (name: string, url: string): boolean => {
      let is = false
      listeners.get(name)?.({ url, preventDefault: () => (is = true) })
      return is
    }
    for (const name of ['will-navigate', 'will-redirect']) {
      expect(prevented(name, 'https://example.org/')).toBe(true)
      expect(prevented(name, 'file:///etc/passwd')).toBe(true)
      expect(prevented(name, `${APP_ORIGIN}/`)).toBe(false)
    }
    expect(prevented('will-attach-webview', '')).toBe(true)
  })

  test.each([undefined, '', 'app://facet.evil/', 'app://facetx/', 'https://facet/', 'file:///app://facet/'])(
    'does not take %j for its own page',
    (url) => expect(isOurs(url)).toBe(false),
  )
})

describe('the scheme app://', () => {
  test.each(['/../secret', '/%2e%2e/secret', '/a/..%2f..%2fsecret', '/..%5csecret', '/%00', '/%zz'])(
    'refuses %s, which leaves the bundle',
    (path) => expect(() => bundlePath('/bundle', path)).toThrow(/leaves the window's bundle|is no path/),
  )

  test('serves the bundle and pictures with the policy, and says what is not there', async () => {
    const root = await mkdtemp(join(tmpdir(), 'facet-bundle-'))
    await writeFile(join(root, 'index.html'), '<p>hello')
    const answer = appProtocol(
      { media: async (kind, image) => ({ bytes: Buffer.from(`${kind} ${image}`), mime: 'image/webp' }) },
      root,
    )
    const page = await answer(new Request('app://facet/'))
    expect(await page.text()).toBe('<p>hello')
    expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    const policy = page.headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    expect(policy).toContain("frame-ancestors 'none'")
    const picture = await answer(new Request('app://facet/media/thumb/7?v=1'))
    expect(await picture.text()).toBe('thumb 7')
    expect((await answer(new Request('app://facet/nothing.js'))).status).toBe(404)
    expect((await answer(new Request('app://other/'))).status).toBe(403)
  })
})
