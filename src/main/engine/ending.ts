/** @file What pictures come to at the end of a network: one number for each pixel of a grid. */
import { FacetError } from '../../shared/errors'
import type { Array32 } from '../runtime/session'
import type { Ending } from '../segface/postprocess'

export interface Grid {
  readonly width: number
  readonly height: number
}

/** The ending among a graph's outputs, uint8 [1, height, width]. */
export function endOf(ending: Ending, { [ending]: output }: Readonly<Record<string, Array32>>): Uint8Array {
  if (output?.data instanceof Uint8Array) return output.data
  throw new FacetError('engine/failed', `internal: the network has no ${ending}`)
}

/** Of labels, the share that is another. */
export function shareOfChange(a: Uint8Array, b: Uint8Array): number {
  let differing = 0
  for (let pixel = 0; pixel < a.length; pixel++) if (a[pixel] !== b[pixel]) differing++
  return differing / a.length
}
