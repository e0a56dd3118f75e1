/** @file Logits to labels as a graph of its own, so that one network serves masks of any size. */
import type { Graph } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import { Resize } from '../onnx/ops/conv'
import { Cast } from '../onnx/ops/elementwise'
import { ArgMax } from '../onnx/ops/norm'

/**
 * The graph from `logits`, float32 [1, C, R, R], to `labels`, uint8 [1, height, width]: bilinear interpolation with half-pixel
 * centres, then the class with the greatest logit, the first of equals.
 */
export function buildLabelHead(options: {
  readonly classes: number
  readonly resolution: number
  readonly height: number
  readonly width: number
}): Graph {
  const { classes, resolution, height, width } = options
  const g = new GraphBuilder('label_head')
  const logits = g.input('logits', 'float32', [1, classes, resolution, resolution])
  const sized = height === resolution && width === resolution ? logits : Resize(g, logits, [height, width])
  g.output('labels', Cast(g, ArgMax(g, sized, 1), 'uint8'))
  return g.finish()
}
