/** @file Electron door: builds the app, serves the window by app://, binds IPC, and closes everything in order. */
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { app as electron, dialog, ipcMain, Menu, protocol } from 'electron'
import { createApp } from './app/app'
import { bindIpc } from './electron/ipc'
import { appProtocol } from './electron/protocol'
import { SCHEME } from './electron/security'
import { openWindow } from './electron/window'
import { buildPaths } from './node/paths'
import { VERSION } from './node/version'

const doorDir = dirname(fileURLToPath(import.meta.url))

protocol.registerSchemesAsPrivileged([{ ...SCHEME, privileges: { ...SCHEME.privileges } }])

if (electron.requestSingleInstanceLock()) {
  void start()
} else {
  electron.quit()
}

async function start(): Promise<void> {
  const dataDir = process.env.FACET_DATA_DIR ?? electron.getPath('userData')
  await electron.whenReady()
  const paths = buildPaths(dataDir, doorDir)
  const app = createApp({ paths, version: VERSION, language: electron.getLocale().slice(0, 2) })
  protocol.handle('app', appProtocol(app, paths.renderer))
  Menu.setApplicationMenu(null)

  const folder = process.argv.find((argument, index) => index > 0 && argument.startsWith('--folder='))
  if (folder)
    await app.call('workspace.open', { path: resolve(folder.slice('--folder='.length)) }).catch(console.error)

  const window = openWindow(doorDir)
  const endEvents = bindIpc(ipcMain, window.webContents, app, async () => {
    const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openDirectory'] })
    return filePaths[0] ?? null
  })
  electron.on('second-instance', () => window.focus())
  electron.on('window-all-closed', () => electron.quit())

  let disposed = false
  electron.on('before-quit', (event) => {
    if (disposed) return
    event.preventDefault()
    endEvents()
    void app.dispose().finally(() => {
      disposed = true
      electron.quit()
    })
  })
}
