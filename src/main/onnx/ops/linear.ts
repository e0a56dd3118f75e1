/** @file Matrix products of ONNX, by their own names. */
import type { GraphBuilder, Value } from '../graph'
import { int } from '../graph'

/** [..., m, k] by [..., k, n] to [..., m, n]; leading dimensions broadcast. */
export function MatMul(g: GraphBuilder, a: Value, b: Value): Value {
  return g.op('MatMul', [a, b])
}

/** A' B' + C for matrices, where ' transposes if asked; C broadcasts to the result. */
export function Gemm(
  g: GraphBuilder,
  a: Value,
  b: Value,
  c: Value | null = null,
  options: { transA?: boolean; transB?: boolean } = {},
): Value {
  return g.op('Gemm', c === null ? [a, b] : [a, b, c], {
    ...(options.transA === true && { transA: int(1) }),
    ...(options.transB === true && { transB: int(1) }),
  })
}
