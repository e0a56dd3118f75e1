/** @file Logits to labels: at the end of a network's graph, or as a graph of its own for a network that runs elsewhere. */
import { at } from '../../shared/assert'
import { CLASS_NAMES, type Channel } from '../../shared/labels'
import type { Graph } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import { Resize, ResizeTo } from '../onnx/ops/conv'
import { Cast } from '../onnx/ops/elementwise'
import { ArgMax } from '../onnx/ops/norm'
import { Concat } from '../onnx/ops/shape'

/**
 * The graph from `logits`, float32 [1, C, h, w], to `labels`, uint8 [1, height, width]: bilinear interpolation with half-pixel
 * centres, then the class with the greatest logit, the first of equals.
 */
export function buildLabelHead(options: {
  /** [1, C, h, w]. */
  readonly shape: readonly number[]
  readonly height: number
  readonly width: number
}): Graph {
  const { shape, height, width } = options
  const g = new GraphBuilder('label_head')
  const logits = g.input('logits', 'float32', shape)
  const [, , rows, columns] = shape
  const sized = height === rows && width === columns ? logits : Resize(g, logits, [height, width])
  g.output('labels', Cast(g, ArgMax(g, sized, 1), 'uint8'))
  return g.finish()
}

/**
 * The graph of a network with labels in place of its logits: it takes also `grid`, int32 [2], the height and width that the
 * labels are to have, and gives `labels`, uint8 [N, height, width], as `buildLabelHead` would. So one network serves masks of
 * any size, and logits (20 MB at 512) stay where they are made.
 */
export function endInLabels(network: Graph): Graph {
  const logits = at(network.outputs, 0)
  const [batch = 0, classes = 0] = logits.shape
  const g = new GraphBuilder(network.name, { ...network, outputs: [] })
  const grid = Cast(g, g.input('grid', 'int32', [2]), 'int64')
  const sized = ResizeTo(g, logits, Concat(g, [g.int64s([batch, classes]), grid], 0))
  g.output('labels', Cast(g, ArgMax(g, sized, 1), 'uint8'))
  return g.finish()
}

/** Numbers of channels, in place, to SegFace's class numbers; a channel that is none of our classes becomes background. */
export function toClassNumbers(labels: Uint8Array, channels: readonly Channel[]): void {
  const numbers = channels.map((channel) => (channel === null ? 0 : CLASS_NAMES.indexOf(channel)))
  if (numbers.every((number, channel) => number === channel)) return
  for (let i = 0; i < labels.length; i++) labels[i] = numbers[labels[i] as number] ?? 0
}
