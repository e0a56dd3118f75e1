/**
 * @file SegFace's loss, ½ cross-entropy + ½ Dice, with its gradient in closed form: fewer passes over the pixels than the walk
 * would make, and no operator that WebGPU lacks.
 */
import { at } from '../../shared/assert'
import { ELSEWHERE } from '../../shared/mask'
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
import { Gather, GatherElements, Reshape, Transpose } from '../onnx/ops/shape'
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
 *
 * `checked` [N, C, 1], one for each class that was checked in a face, gives rows labelled `ELSEWHERE` a part in the
 * cross-entropy, but not in Dice: such a pixel may be anything but the checked classes S, so its share is -log(1 - Σ_S p)
 * (a partial label: Cour, Sapp and Taskar, https://jmlr.org/papers/v12/cour11a.html). The M rows are those of N faces.
 */
export function segmentationLoss(
  g: GraphBuilder,
  logits: Value,
  labels: Value,
  options: { readonly presentOnly: boolean; readonly checked?: Value | null },
): Loss {
  const { presentOnly, checked = null } = options
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
    const shares = Softmax(g, logits)
    const p = Mul(g, shares, counts)
    const share = GatherElements(g, p, known, 1)
    const squared = Mul(g, p, p)
    const column = (x: Value) => Reshape(g, x, [classes, 1])

    const away = checked && elsewhere(g, shares, labels, checked)
    const counted = ReduceSum(g, counts, [0, 1])
    const pixels = Max(g, away ? Add(g, counted, away.count) : counted, 1)
    const logged = ReduceSum(g, Mul(g, Log(g, Clip(g, share, MIN_PROBABILITY, 1)), counts), [0, 1])
    const crossEntropy = Neg(g, Div(g, away ? Add(g, logged, away.logged) : logged, pixels))

    const support = sumOfRows(g, isClass)
    const overlap = MatMul(g, Reshape(g, share, [1, -1]), isClass)
    const below = Add(g, Add(g, sumOfRows(g, squared), support), SMOOTH)
    const above = Add(g, Mul(g, overlap, 2), SMOOTH)
    const each = presentOnly
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
    const byKnown = Add(g, byShare, Mul(g, isClass, Sub(g, labelTerm, k)))
    const gradient = away ? Add(g, byKnown, Mul(g, away.gradient, k)) : byKnown
    const scalar = (x: Value) => Reshape(g, x, [])
    const total = Mul(g, Add(g, crossEntropy, dice), 0.5)
    return { crossEntropy: scalar(crossEntropy), dice: scalar(dice), total: scalar(total), gradient }
  })
}

/** What rows labelled `ELSEWHERE` add: how many there are, Σ log(1 - Σ_S p), and the gradient of its negative by the logits. */
function elsewhere(
  g: GraphBuilder,
  shares: Value,
  labels: Value,
  checked: Value,
): { count: Value; logged: Value; gradient: Value } {
  const [faces = 0, classes = 0] = checked.shape
  const [rows = 0] = shares.shape
  const here = Cast(g, Equal(g, labels, g.constant('elsewhere', tensor('int32', [1, 1], Int32Array.of(ELSEWHERE)))), 'float32') // prettier-ignore
  const unchecked = Add(g, Neg(g, checked), 1)
  const ofFaces = Reshape(g, shares, [faces, -1, classes])
  // Not 1 - Σ_S p, of which nothing would be left where a checked class is certain.
  const rest = Clip(g, MatMul(g, ofFaces, unchecked), MIN_PROBABILITY, 1)
  const lost = Mul(g, Log(g, Reshape(g, rest, [rows, 1])), here)
  // By a logit: p of a checked class, and -p Σ_S p / (1 - Σ_S p) of another.
  const ratio = Div(g, MatMul(g, ofFaces, checked), rest)
  const [yes, no] = [checked, unchecked].map((one) => Transpose(g, one, [0, 2, 1])) as [Value, Value]
  const factor = Sub(g, yes, Mul(g, ratio, no))
  const gradient = Mul(g, Mul(g, shares, here), Reshape(g, factor, [rows, classes]))
  return { count: ReduceSum(g, here, [0, 1]), logged: ReduceSum(g, lost, [0, 1]), gradient }
}
