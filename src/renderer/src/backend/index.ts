/** @file The one way from the window to the backend: over IPC in Electron, over HTTP in a browser. */
import type { Api } from '../../../shared/api'
import { findBridge } from './bridge'
import { HttpBackend } from './http'
import { IpcBackend } from './ipc'

export interface Backend extends Api {
  /** Address of a picture: `view` is the upright photo, `thumb` its small form; `version` is its row's. */
  mediaUrl(kind: 'view' | 'thumb', image: number, version: string): string
  /** The system's folder dialog; null where there is none and the window shows its own. */
  pickFolder(): Promise<string | null> | null
  /**
   * Where a file that was dropped or picked lies on the backend's computer. A browser does not tell: its bytes are sent, and
   * `onProgress` hears how many. An abort ends that.
   */
  pathOf(file: File, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<string>
  /** The file of such a path is not needed any more: what was sent is deleted, a person's own file stays. */
  giveUp(path: string): Promise<void>
  readonly host: 'electron' | 'browser'
}

/** A backend that may go away and come back while the window stays open. */
export interface LinkedBackend extends Backend {
  /**
   * The folder that the window shows, or showed last: calls about what is in it are refused when another is open by now. Null
   * where it has shown none.
   */
  folder: string | null
  /** Tells when the backend is lost (false) and when it is back (true). Returns a function that ends it. */
  onLink(listener: (up: boolean) => void): () => void
}

export function connect(page: Window): LinkedBackend {
  const bridge = findBridge(page)
  if (bridge) return new IpcBackend(bridge)
  return new HttpBackend(page.location.origin, new URLSearchParams(page.location.search).get('token') ?? '')
}
