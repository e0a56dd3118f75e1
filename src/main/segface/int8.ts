/** @file A SegFace network with its backbone's matrix products in 8 bits. */
import type { Graph } from '../onnx/graph'
import { multiplyInInt8 } from '../onnx/int8'
import type { Architecture } from './config'

/** Networks whose backbones are mostly matrix products: they take half the time in 8 bits. The others are convolutions. */
const MULTIPLIES: Readonly<Record<Architecture, boolean>> = {
  swin_base: true,
  swinv2_base: true,
  swinv2_small: true,
  swinv2_tiny: true,
  convnext_base: true,
  convnext_small: true,
  mobilenet: false,
  efficientnet: false,
  resnet: false,
}

/** True where 8 bits make the network faster; the others are the same in 8 bits as in floats. */
export function gainsInInt8(arch: string): boolean {
  return Object.hasOwn(MULTIPLIES, arch) && MULTIPLIES[arch as Architecture]
}

/**
 * The graph that `buildSegFace` made, in 8 bits. The head stays as it is: it decides at each pixel between classes that are
 * close there, and 8 bits in its two small products change more pixels than those in the whole backbone, to save nothing.
 */
export function backboneInInt8(graph: Graph): Graph {
  return multiplyInInt8(graph, (name) => name.startsWith('backbone.'))
}
