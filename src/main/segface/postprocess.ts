/** @file Logits to labels, and to how sure the network is of them: at the end of a network's graph, or as a graph of its own for a network that runs elsewhere. */
import { at } from '../../shared/assert'
import { CLASS_NAMES, type Channel } from '../../shared/labels'
import { tensor } from '../base/tensor'
import type { Graph, Value } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import { Resize, ResizeTo } from '../onnx/ops/conv'
import { Add, Cast, Exp, Mul, Reciprocal, Sub } from '../onnx/ops/elementwise'
import { ArgMax, ReduceMax, ReduceSum } from '../onnx/ops/norm'
import { Concat, Gather } from '../onnx/ops/shape'

/** What a network's graph may end in, one uint8 for each pixel: its class, or how sure the network is of that. */
export type Ending = 'labels' | 'confidence'

/** The input of a head over several pictures: int32 [1], which of them, counted from 0. */
export const PICTURE = 'picture'

/**
 * The graph from `logits`, float32 [N, C, h, w], to `ending` of one picture among them, for more than one that of its input
 * `picture`: uint8 [1, height, width]. It interpolates bilinearly with half-pixel centres, then gives, for labels, the class with the greatest
 * logit, the first of equals; for confidence the share that softmax gives that class, as 0 to 255.
 */
export function buildHead(options: {
  readonly ending: Ending
  /** [N, C, h, w]. */
  readonly shape: readonly number[]
  readonly height: number
  readonly width: number
  /** Of the operators that WebGPU has. */
  readonly isOnDevice?: boolean
}): Graph {
  const { ending, shape, height, width, isOnDevice = false } = options
  const g = new GraphBuilder(`${ending}_head`)
  const all = g.input('logits', 'float32', shape)
  const [pictures, , rows, columns] = shape
  const logits = pictures === 1 ? all : Gather(g, all, g.input(PICTURE, 'int32', [1]), 0)
  const sized = height === rows && width === columns ? logits : Resize(g, logits, [height, width])
  const end = ending === 'labels' && isOnDevice ? deviceLabels : ENDINGS[ending]
  g.output(ending, end(g, sized))
  return g.finish()
}

/**
 * The graph of a network with `ending` in place of its logits: it takes also `grid`, int32 [2], the height and width that the
 * result is to have, and gives uint8 [N, height, width], as `buildHead` would. So one network serves masks of any size, and
 * logits (20 MB at 512) stay where they are made.
 */
export function endIn(ending: Ending, network: Graph): Graph {
  const logits = at(network.outputs, 0)
  const [batch = 0, classes = 0] = logits.shape
  const g = new GraphBuilder(network.name, { ...network, outputs: [] })
  const grid = Cast(g, g.input('grid', 'int32', [2]), 'int64')
  const sized = ResizeTo(g, logits, Concat(g, [g.int64s([batch, classes]), grid], 0))
  g.output(ending, ENDINGS[ending](g, sized))
  return g.finish()
}

const ENDINGS: Readonly<Record<Ending, (g: GraphBuilder, logits: Value) => Value>> = {
  labels: (g, logits) => Cast(g, ArgMax(g, logits, 1), 'uint8'),
  // The greatest class's share is 1 / Σ exp(l - max l): onnxruntime's Softmax is slow over an axis that is not the last.
  confidence: (g, logits) => {
    const others = Exp(g, Sub(g, logits, ReduceMax(g, logits, [1])))
    const share = Reciprocal(g, ReduceSum(g, others, [1], false))
    return Cast(g, Add(g, Mul(g, share, 255), 0.5), 'uint8')
  },
}

/** The class with the greatest of `logits` [N, C, h, w], uint8 [N, h, w], of operators that WebGPU has: it casts no int64, which ArgMax gives. */
export function deviceLabels(g: GraphBuilder, logits: Value): Value {
  const classes = at(logits.shape, 1)
  const numbers = tensor(
    'float32',
    [classes],
    Float32Array.from({ length: classes }, (_, c) => c),
  )
  return Cast(g, Gather(g, g.constant('class_numbers', numbers), ArgMax(g, logits, 1), 0), 'uint8')
}

/** Numbers of channels, in place, to SegFace's class numbers; a channel that is none of our classes becomes background. */
export function toClassNumbers(labels: Uint8Array, channels: readonly Channel[]): void {
  const numbers = channels.map((channel) => (channel === null ? 0 : CLASS_NAMES.indexOf(channel)))
  if (numbers.every((number, channel) => number === channel)) return
  for (let i = 0; i < labels.length; i++) labels[i] = numbers[labels[i] as number] ?? 0
}
