/** @file What the preload puts on the page of the Electron window: ask, listen, have a folder picked, a file's path told; nothing else. */
import type { EventName, Events } from './api'
import type { Method } from './requests'
import type { WireError } from './errors'

/** Answers travel as data, since Electron cuts thrown errors down to their message. */
export type BridgeAnswer = { ok: unknown } | { error: WireError }

export interface FacetBridge {
  invoke(method: Method, request: unknown): Promise<BridgeAnswer>
  /** Returns a function that ends the subscription. */
  subscribe<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
  /** The system's folder dialog; null where the user cancels. */
  pickFolder(): Promise<string | null>
  /** Path of a file that was dropped on the window or picked in it; empty for one that has none. */
  pathOf(file: File): string
}
