/** @file Electron's locks, stated once: the sandbox of the window, no permissions, no other pages, no other windows. */
import type { Session, WebContents, WebPreferences } from 'electron'

/** The window's only address; a scheme of our own, so that nothing is loaded from file://. */
export const APP_ORIGIN = 'app://facet'

export const SCHEME = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true, bypassCSP: false },
} as const

/** The renderer is a web page and no more; `preload` is the one CJS file that hands it the bridge. */
export function webPreferences(preload: string): WebPreferences {
  return {
    preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    spellcheck: false,
  }
}

/** Camera, location, notifications, …: Facet needs none of them. */
export function denyPermissions(
  session: Pick<
    Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
}

/** Keeps the window on its own page: other pages, other windows and webviews are refused. */
export function denyNavigation(contents: Pick<WebContents, 'on' | 'setWindowOpenHandler'>): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => {
    if (!isOurs(event.url)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => {
    if (!isOurs(event.url)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

/** True for an address of our own window. */
export function isOurs(url: string | undefined): boolean {
  return url !== undefined && url.startsWith(`${APP_ORIGIN}/`)
}
