/** @file What the preload script puts on the page of the Electron window, and nothing else of Electron. */
import type { EventName, Events, Method } from '../../../shared/api'
import type { WireError } from '../../../shared/errors'

export interface FacetBridge {
  /** The answer of the backend; errors arrive as data because exceptions lose their fields on the way. */
  invoke(method: Method, request: unknown): Promise<{ ok: unknown } | { error: WireError }>
  /** Returns a function that ends the subscription. */
  subscribe<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
  /** The system's folder dialog; null where the user cancels. */
  pickFolder(): Promise<string | null>
}

/** The bridge, or null where the window is a page in a browser. */
export function findBridge(page: object): FacetBridge | null {
  return 'facetBridge' in page ? (page.facetBridge as FacetBridge) : null
}
