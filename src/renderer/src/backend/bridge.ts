/** @file Finds the bridge of the Electron window. */
import type { FacetBridge } from '../../../shared/bridge'

/** The bridge, or null where the window is a page in a browser. */
export function findBridge(page: object): FacetBridge | null {
  return 'facetBridge' in page ? (page.facetBridge as FacetBridge) : null
}
