/** @file What networks are timed with: the shipped weights for MobileNet, named tensors for the others, and a real face. */
import { resolve } from 'node:path'
import { readTensors } from '../../src/main/checkpoint/overlay'
import type { Architecture } from '../../src/main/segface/config'
import type { StateDict } from '../../src/main/segface/weights'
import { namedNetwork } from '../helpers/backbone'

const SHIPPED = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
/** A face in the public domain: denormal attention weights come with real photos and trained weights only. */
export const PHOTO = resolve('resources', 'sample', 'aligned', 'astronaut.jpg')

export async function weightsOf(arch: Architecture): Promise<StateDict> {
  if (arch !== 'mobilenet') return namedNetwork(arch)
  return readTensors([SHIPPED])
}
