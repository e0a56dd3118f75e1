/** @file The IPC transport: the window's calls to the app and the app's events to the window; only our own page is heard. */
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron'
import type { Method } from '../../shared/requests'
import { FacetError, toWire } from '../../shared/errors'
import type { BridgeAnswer } from '../../shared/bridge'
import type { App } from '../app/app'
import { isOurs } from './security'

/** Binds the window's three questions. Returns a function that ends the flow of events. */
export function bindIpc(
  ipcMain: Pick<IpcMain, 'handle'>,
  window: Pick<WebContents, 'send' | 'isDestroyed'>,
  app: App,
  pickFolder: () => Promise<string | null>,
): () => void {
  ipcMain.handle('facet:call', async (event, method: Method, request: unknown): Promise<BridgeAnswer> => {
    try {
      checkSender(event)
      return { ok: await app.call(method, request as never) }
    } catch (error) {
      const wire = toWire(error)
      if (wire.code === 'internal') console.error(error)
      return { error: wire }
    }
  })
  ipcMain.handle('facet:pick-folder', (event) => {
    checkSender(event)
    return pickFolder()
  })
  return app.onAny((event, payload) => {
    if (!window.isDestroyed()) window.send('facet:event', event, payload)
  })
}

/** Refuses frames that are not our page: a page that got in has no way to the backend. */
function checkSender(event: Pick<IpcMainInvokeEvent, 'senderFrame'>): void {
  if (!isOurs(event.senderFrame?.url)) {
    throw new FacetError('request/denied', 'Another page asked; only the window of Facet may.')
  }
}
