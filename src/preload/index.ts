/** @file The preload: hands the sandboxed window its bridge. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { makeBridge } from './bridge'

contextBridge.exposeInMainWorld('facetBridge', makeBridge(ipcRenderer, webUtils))
