/** @file Gradients of normalisations and reductions. */
import { at } from '../../../shared/assert'
import { elementCount, tensor } from '../../base/tensor'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { float, int } from '../../onnx/graph'
import { Add, Cast, Div, Equal, Mul, Sub } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { ReduceSum } from '../../onnx/ops/norm'
import { Expand, Reshape } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule, Step } from '../rule'
import { unbroadcast } from '../rule'

/** The axes that a reduction goes over; none given means all. */
function reducedAxes({ operands, node }: Step): readonly number[] {
  const rank = operands.input(0).shape.length
  return node.inputs[1] === undefined || node.inputs[1] === null
    ? Array.from({ length: rank }, (_, axis) => axis)
    : operands.axes(operands.constant(1), rank)
}

/** A reduction's result or gradient with the dropped axes back as 1. */
function keptDims(g: GraphBuilder, step: Step, value: Value): Value {
  const axes = reducedAxes(step)
  const shape = step.x().shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return String(value.shape) === String(shape) ? value : Reshape(g, value, shape)
}

export const NORM_RULES = {
  /** y ⊙ (dy - Σ dy ⊙ y), the sum along the axis. */
  Softmax: (step) => {
    const { g, dy, y, operands } = step
    const axis = operands.axis(operands.int('axis', -1), y.shape.length)
    const dot = ReduceSum(g, Mul(g, dy, y), [axis])
    return [Mul(g, y, Sub(g, dy, dot))]
  },

  /**
   * With x̂ = (x - mean) / deviation and the means over the normalised axes, here the last one alone:
   * dx = (dy ⊙ scale - mean(dy ⊙ scale) - x̂ mean(dy ⊙ scale ⊙ x̂)) / deviation. The two means are products with scale / n.
   */
  LayerNormalization: (step) => {
    const { g, dy, operands } = step
    const [x, scale, bias] = [step.x(0), step.x(1), operands.optional(2)]
    const features = at(x.shape, x.shape.length - 1)
    const axis = operands.axis(operands.int('axis', -1), x.shape.length)
    if (axis !== x.shape.length - 1) return operands.fail('is differentiated over the last axis only')
    const epsilon = step.node.attributes.epsilon
    const vector = (value: number) => tensor('float32', [features], new Float32Array(features).fill(value))
    const [normed, , inverse] = g.node(
      'LayerNormalization',
      // onnxruntime crashes without a bias.
      [x, g.constant('ones', vector(1)), g.constant('zeros', vector(0))],
      { axis: int(-1), epsilon: epsilon?.type === 'float' ? epsilon : float(1e-5) },
      3,
    ) as [Value, Value, Value]
    const along = Mul(g, dy, normed)
    return [
      step.when(0, () => {
        const share = Reshape(g, Div(g, scale, features), [features, 1])
        const centred = Sub(g, Mul(g, dy, scale), MatMul(g, dy, share))
        return Mul(g, Sub(g, centred, Mul(g, normed, MatMul(g, along, share))), inverse)
      }),
      step.when(1, () => unbroadcast(g, along, scale.shape)),
      bias && step.when(2, () => unbroadcast(g, dy, bias.shape)),
    ]
  },

  ReduceSum: (step) => {
    const { g, dy } = step
    return [Expand(g, keptDims(g, step, dy), step.x().shape)]
  },
  ReduceMean: (step) => {
    const { g, dy } = step
    const x = step.x()
    const share = Mul(g, keptDims(g, step, dy), elementCount(step.y.shape) / elementCount(x.shape))
    return [Expand(g, share, x.shape)]
  },
  ReduceSumSquare: (step) => {
    const { g, dy } = step
    return [Mul(g, step.x(), Mul(g, keptDims(g, step, dy), 2))]
  },
  /** dy shared by all that are the greatest. */
  ReduceMax: (step) => {
    const { g, dy } = step
    const x = step.x()
    const isGreatest = Cast(g, Equal(g, x, keptDims(g, step, step.y)), 'float32')
    const count = ReduceSum(g, isGreatest, reducedAxes(step))
    return [Mul(g, isGreatest, Div(g, keptDims(g, step, dy), count))]
  },

  /** With given statistics: a factor and an offset for each channel of x [N, C, …]. */
  BatchNormalization: (step) => {
    const { g, dy, operands } = step
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((index) => step.x(index)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ]
    if (step.wants(3) || step.wants(4)) return operands.fail('is differentiated with given statistics only')
    const epsilon = step.node.attributes.epsilon
    const perChannel = [-1, ...x.shape.slice(2).map(() => 1)]
    const others = x.shape.flatMap((_, axis) => (axis === 1 ? [] : axis))
    const deviation = g.op('Sqrt', [Add(g, variance, epsilon?.type === 'float' ? epsilon.value : 1e-5)])
    const summed = (value: Value) => Reshape(g, ReduceSum(g, value, others), [-1])
    return [
      step.when(0, () => Mul(g, dy, Reshape(g, Div(g, scale, deviation), perChannel))),
      step.when(1, () => {
        const centred = Sub(g, x, Reshape(g, mean, perChannel))
        return Div(g, summed(Mul(g, dy, centred)), deviation)
      }),
      bias && step.when(2, () => summed(dy)),
    ]
  },
} satisfies Partial<Record<OpType, Rule>>
