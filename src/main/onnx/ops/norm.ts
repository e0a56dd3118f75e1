/** @file Normalisation and reduction of ONNX, by their own names. */
import type { GraphBuilder, Value } from '../graph'
import { float, int } from '../graph'
import type { OpType } from '../shapes'

/** (x - mean) / sqrt(variance + epsilon) · scale + bias over the axes from `axis` to the last. */
export function LayerNormalization(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  options: { axis?: number; epsilon: number },
): Value {
  const attributes = { axis: int(options.axis ?? -1), epsilon: float(options.epsilon) }
  return g.op('LayerNormalization', [x, scale, bias], attributes)
}

/** (x - mean) / sqrt(variance + epsilon) · scale + bias per channel, with given statistics. */
export function BatchNormalization(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value {
  return g.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: float(epsilon) })
}

/** exp(x) / Σ exp(x) along `axis`. */
export function Softmax(g: GraphBuilder, x: Value, axis = -1): Value {
  return g.op('Softmax', [x], { axis: int(axis) })
}

type Reduction = (g: GraphBuilder, x: Value, axes: readonly number[], keepdims?: boolean) => Value

const reduction =
  (opType: OpType): Reduction =>
  (g, x, axes, keepdims = true) =>
    g.op(opType, [x, g.int64s(axes)], keepdims ? {} : { keepdims: int(0) })

export const ReduceMean = reduction('ReduceMean')
export const ReduceSum = reduction('ReduceSum')
export const ReduceMax = reduction('ReduceMax')
export const ReduceSumSquare = reduction('ReduceSumSquare')

/** The index (int64) of the greatest element along `axis`, the first of equals; the axis is dropped. */
export function ArgMax(g: GraphBuilder, x: Value, axis: number): Value {
  return g.op('ArgMax', [x], { axis: int(axis), keepdims: int(0) })
}
