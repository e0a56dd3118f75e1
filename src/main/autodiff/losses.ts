/**
 * @file SegFace's loss, ½ cross-entropy + ½ Dice, with its gradient in closed form: fewer passes over the pixels than the walk
 * would make, and no operator that WebGPU lacks.
 */
import { at } from '../../shared/assert'
import { tensor } from '../base/tensor'
import type { GraphBuilder, Value } from '../onnx/graph'
import {
  Add,
  Cast,
  Clip,
  Div,
  Equal,
  Greater,
  Log,
  Max,
  Mul,
  Neg,
  Reciprocal,
  Sub,
} from '../onnx/ops/elementwise'
import { MatMul } from '../onnx/ops/linear'
import { ReduceSum, Softmax } from '../onnx/ops/norm'
import { Gather, GatherElements, Reshape } from '../onnx/ops/shape'
import { sumOfRows } from './rule'

/** What SegFace adds above and below in Dice. */
const SMOOTH = 1e-5
/** Logarithms stop here: single precision ends soon below, and a gradient never asks for more. */
const MIN_PROBABILITY = 1e-37

export interface Loss {
  /** Scalars: the mean over counted pixels, the mean over classes, and half of their sum. */
  readonly crossEntropy: Value
  readonly dice: Value
  readonly total: Value
  /** The gradient of `total` by the logits. */
  readonly gradient: Value
}

/**
 * The loss of `logits` [M, C], one row a pixel, against `labels` int32 [M, 1]: class numbers, anything from C on does not
 * count. Dice of class c, over all rows: 1 - (2 Σ p t + s) / (Σ p² + Σ t² + s) with p the softmax and t one where the label
 * is c. `presentOnly` takes its mean over the classes that some label names instead of all C.
 */
export function segmentationLoss(
  g: GraphBuilder,
  logits: Value,
  labels: Value,
  options: { readonly presentOnly: boolean },
): Loss {
  const classes = at(logits.shape, 1)
  return g.scope('loss', () => {
    const numbers = tensor(
      'int32',
      [1, classes],
      Int32Array.from({ length: classes }, (_, c) => c),
    )
    const isClass = Cast(g, Equal(g, labels, g.constant('classes', numbers)), 'float32')
    // Of a row that does not count, no class is the label: its sum is 0, and it may read any share, since all of them are 0.
    const counts = ReduceSum(g, isClass, [1])
    const known = Mul(g, labels, Cast(g, counts, 'int32'))
    const p = Mul(g, Softmax(g, logits), counts)
    const share = GatherElements(g, p, known, 1)
    const squared = Mul(g, p, p)
    const column = (x: Value) => Reshape(g, x, [classes, 1])

    const pixels = Max(g, ReduceSum(g, counts, [0, 1]), 1)
    const logged = Mul(g, Log(g, Clip(g, share, MIN_PROBABILITY, 1)), counts)
    const crossEntropy = Neg(g, Div(g, ReduceSum(g, logged, [0, 1]), pixels))

    const support = sumOfRows(g, isClass)
    const overlap = MatMul(g, Reshape(g, share, [1, -1]), isClass)
    const below = Add(g, Add(g, sumOfRows(g, squared), support), SMOOTH)
    const above = Add(g, Mul(g, overlap, 2), SMOOTH)
    const each = options.presentOnly
      ? Cast(g, Greater(g, support, 0), 'float32')
      : Cast(g, Greater(g, below, 0), 'float32')
    const parts = Max(g, ReduceSum(g, each, [0, 1]), 1)
    const ratio = Div(g, above, below)
    const dice = Div(g, ReduceSum(g, Mul(g, Add(g, Neg(g, ratio), 1), each), [0, 1]), parts)

    // By p: a t + b p for Dice, halved; through the softmax p ⊙ (h - Σ p ⊙ h); and ½ (p - t) / pixels for cross-entropy.
    const weight = Div(g, each, parts)
    const a = Neg(g, Div(g, weight, below))
    const b = Div(g, Mul(g, weight, ratio), below)
    const byLabel = Gather(g, column(a), Reshape(g, known, [-1]), 0)
    const k = Mul(g, Reciprocal(g, pixels), 0.5)
    const labelTerm = Mul(g, byLabel, share)
    const rest = Sub(g, k, Add(g, labelTerm, MatMul(g, squared, column(b))))
    const byShare = Add(g, Mul(g, squared, b), Mul(g, p, rest))
    const gradient = Add(g, byShare, Mul(g, isClass, Sub(g, labelTerm, k)))
    const scalar = (x: Value) => Reshape(g, x, [])
    const total = Mul(g, Add(g, crossEntropy, dice), 0.5)
    return { crossEntropy: scalar(crossEntropy), dice: scalar(dice), total: scalar(total), gradient }
  })
}
