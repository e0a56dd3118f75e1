/** @file The window's bridge over IPC: three questions, the flow of events, and where a file lies. */
import type { IpcRenderer, WebUtils } from 'electron'
import type { BridgeAnswer, FacetBridge } from '../shared/bridge'

export function makeBridge(
  ipc: Pick<IpcRenderer, 'invoke' | 'on' | 'off'>,
  files: Pick<WebUtils, 'getPathForFile'>,
): FacetBridge {
  return {
    invoke: (method, request) => ipc.invoke('facet:call', method, request) as Promise<BridgeAnswer>,
    subscribe(event, listener) {
      const heard = (_event: unknown, name: string, payload: unknown): void => {
        if (name === event) listener(payload as never)
      }
      ipc.on('facet:event', heard)
      return () => void ipc.off('facet:event', heard)
    },
    pickFolder: () => ipc.invoke('facet:pick-folder') as Promise<string | null>,
    pathOf: (file) => files.getPathForFile(file),
  }
}
