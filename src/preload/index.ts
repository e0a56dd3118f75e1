/** @file The preload: what the sandboxed window may do, nothing else: ask, listen, and have a folder picked. */
import { contextBridge, ipcRenderer } from 'electron'
import type { FacetBridge } from './index.d'

const bridge: FacetBridge = {
  invoke: (method, request) => ipcRenderer.invoke('facet:call', method, request),
  subscribe(event, listener) {
    const heard = (_event: unknown, name: string, payload: unknown): void => {
      if (name === event) listener(payload)
    }
    ipcRenderer.on('facet:event', heard)
    return () => void ipcRenderer.off('facet:event', heard)
  },
  pickFolder: () => ipcRenderer.invoke('facet:pick-folder'),
}

contextBridge.exposeInMainWorld('facetBridge', bridge)
