/** @file The window's bridge over IPC: three questions and the flow of events. */
import type { IpcRenderer } from 'electron'
import type { BridgeAnswer, FacetBridge } from '../shared/bridge'

export function makeBridge(ipc: Pick<IpcRenderer, 'invoke' | 'on' | 'off'>): FacetBridge {
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
  }
}
