/** @file Labels and confidence of the shipped model on a provider, for a child process: of one picture, and of two at once. */
import { resolve } from 'node:path'
import type { Grid } from '../../src/main/engine/ending'
import { Networks } from '../../src/main/engine/networks'
import { readInput } from '../../src/main/segface/preprocess'
import type { Provider } from '../../src/shared/terms'
import { namedImage } from '../helpers/named_tensors'

const WEIGHTS = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const FACE = resolve('resources', 'sample', 'aligned', 'astronaut.jpg')
const SIDE = 64

export interface Ends {
  readonly labels: Uint8Array
  readonly confidence: Uint8Array
  /** Of the picture as the second of two. */
  readonly second: Uint8Array
}

/** What becomes of a picture on each of the grids. */
export default async function endPictures(provider: Provider, grids: readonly Grid[]): Promise<Ends[]> {
  const networks = new Networks(null)
  const ref = { weights: WEIGHTS, resolution: SIDE }
  const [image, other] = [await readInput(FACE, SIDE), namedImage('other', [1, 3, SIDE, SIDE])]
  const ends: Ends[] = []
  for (const grid of grids) {
    const labels = await (await networks.loadLabeller(ref, provider)).label(image, grid)
    const confidence = await (await networks.loadLabeller(ref, provider, 'confidence')).label(image, grid)
    const two = await networks.loadBatchLabeller(ref, provider, 2)
    const [, second] = await two.labelAll([other, image], [{ width: 8, height: 8 }, grid])
    if (second === undefined) throw new Error('the second picture has no labels')
    ends.push({ labels, confidence, second })
  }
  return ends
}
