/** @file AdamW as a graph, for weights that live on a device; what adamw.ts of the training room does to arrays. */
import type { GraphBuilder, Value } from '../onnx/graph'
import { Add, Div, Mul, Sqrt, Sub } from '../onnx/ops/elementwise'

/** Scalars of one step, which change from step to step and are fed. */
export interface AdamWScalars {
  /** 1 - lr · weight decay. */
  readonly keep: Value
  /** lr / (1 - β₁ᵗ). */
  readonly rate: Value
  /** 1 / √(1 - β₂ᵗ). */
  readonly root: Value
  /** 1 - decay of the exponential mean of the weights. */
  readonly blend: Value
}

export interface AdamWState {
  readonly parameter: Value
  readonly m: Value
  readonly v: Value
  /** The exponential mean of the parameter. */
  readonly mean: Value
}

/** One parameter and its state after a step along `gradient`; null: the loss does not depend on it, it only decays. */
export function AdamW(
  g: GraphBuilder,
  state: AdamWState,
  gradient: Value | null,
  { keep, rate, root, blend }: AdamWScalars,
  { betas: [beta1, beta2], epsilon }: { readonly betas: readonly [number, number]; readonly epsilon: number },
): AdamWState {
  const average = (parameter: Value) => Add(g, state.mean, Mul(g, Sub(g, parameter, state.mean), blend))
  const decayed = Mul(g, state.parameter, keep)
  if (gradient === null) return { ...state, parameter: decayed, mean: average(decayed) }
  const m = Add(g, state.m, Mul(g, Sub(g, gradient, state.m), 1 - beta1))
  const v = Add(g, Mul(g, state.v, beta2), Mul(g, Mul(g, gradient, gradient), 1 - beta2))
  const size = Add(g, Mul(g, Sqrt(g, v), root), epsilon)
  const parameter = Sub(g, decayed, Div(g, Mul(g, m, rate), size))
  return { parameter, m, v, mean: average(parameter) }
}
