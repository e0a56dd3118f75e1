/** @file The window's side of the preload. */

/** Answers travel as data, since Electron flattens thrown errors to their message. */
export type BridgeAnswer = { value: unknown } | { error: { code: string; message: string; details: object } }

export interface FacetBridge {
  invoke(method: string, request: unknown): Promise<BridgeAnswer>
  /** Returns a function that ends the subscription. */
  subscribe(event: string, listener: (payload: unknown) => void): () => void
  /** The native folder dialog; null where the user cancelled it. */
  pickFolder(): Promise<string | null>
}

declare global {
  interface Window {
    /** Only there in Electron. */
    readonly facetBridge?: FacetBridge
  }
}
