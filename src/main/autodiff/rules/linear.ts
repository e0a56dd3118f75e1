/** @file Gradients of matrix products. */
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Gemm, MatMul } from '../../onnx/ops/linear'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule } from '../rule'
import { unbroadcast } from '../rule'

/** x with its last two axes exchanged. */
export function matrixTranspose(g: GraphBuilder, x: Value): Value {
  const last = x.shape.length - 1
  return Transpose(
    g,
    x,
    x.shape.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis)),
  )
}

/** aᵀ b summed over all leading axes: [..., m, k] and [..., m, n] to [k, n], as one product. */
function productOfAllRows(g: GraphBuilder, a: Value, b: Value): Value {
  const rows = (x: Value) =>
    x.shape.length === 2 ? x : Reshape(g, x, [-1, x.shape[x.shape.length - 1] ?? 0])
  return Gemm(g, rows(a), rows(b), null, { transA: true })
}

export const LINEAR_RULES = {
  /** Y = A B: dA = dY Bᵀ, dB = Aᵀ dY, each summed over the leading axes that were broadcast. */
  MatMul: (step) => {
    const { g, dy } = step
    const [a, b] = [step.x(0), step.x(1)]
    return [
      step.when(0, () => unbroadcast(g, MatMul(g, dy, matrixTranspose(g, b)), a.shape)),
      step.when(1, () =>
        b.shape.length === 2
          ? productOfAllRows(g, a, dy)
          : unbroadcast(g, MatMul(g, matrixTranspose(g, a), dy), b.shape),
      ),
    ]
  },

  /** Y = A' B' + C, where ' transposes if asked: dA' = dY B'ᵀ, dB' = A'ᵀ dY. */
  Gemm: (step) => {
    const { g, dy, operands } = step
    const [a, b, c] = [step.x(0), step.x(1), operands.optional(2)]
    const [transA, transB] = [operands.int('transA', 0) === 1, operands.int('transB', 0) === 1]
    if ('alpha' in step.node.attributes || 'beta' in step.node.attributes) {
      return operands.fail('is differentiated without alpha and beta only')
    }
    return [
      step.when(0, () =>
        transA
          ? Gemm(g, b, dy, null, { transA: transB, transB: true })
          : Gemm(g, dy, b, null, { transB: !transB }),
      ),
      step.when(1, () =>
        transB
          ? Gemm(g, dy, a, null, { transA: true, transB: transA })
          : Gemm(g, a, dy, null, { transA: !transA }),
      ),
      c && step.when(2, () => unbroadcast(g, dy, c.shape)),
    ]
  },
} satisfies Partial<Record<OpType, Rule>>
