/** @file The one window: its size, its look while it loads, and where it comes back. */
import { join } from 'node:path'
import { BrowserWindow, nativeTheme } from 'electron'
import { APP_ORIGIN, denyNavigation, denyPermissions, webPreferences } from './security'

/** Opens the window on the built renderer; it is shown when there is something to see. */
export function openWindow(doorDir: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
    show: false,
    title: 'Facet',
    autoHideMenuBar: true,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#17181b' : '#f5f5f6',
    webPreferences: webPreferences(join(doorDir, '..', 'preload', 'index.cjs')),
  })
  denyNavigation(window.webContents)
  denyPermissions(window.webContents.session)
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${APP_ORIGIN}/`)
  return window
}
