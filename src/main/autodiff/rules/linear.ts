/** @file Gradients of matrix products. */
import type { GraphBuilder, Node, Value } from '../../onnx/graph'
import { Gemm, MatMul } from '../../onnx/ops/linear'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule } from '../rule'
import { unbroadcast } from '../rule'

/**
 * x with its last two axes exchanged. What was exchanged before is taken as it was, and of a product the factors are exchanged
 * instead, (A B)ᵀ = Bᵀ Aᵀ: no picture is turned around twice. What that leaves unread, `pruneGraph` removes.
 */
export function matrixTranspose(g: GraphBuilder, x: Value): Value {
  const producer = g.producerOf(x)
  const [a, b] = producer?.inputs ?? []
  if (producer?.opType === 'Transpose' && a && isMatrixTranspose(producer)) return a
  if (producer?.opType === 'MatMul' && a && b && a.shape.length === b.shape.length) {
    return MatMul(g, matrixTranspose(g, b), matrixTranspose(g, a))
  }
  return Transpose(g, x, exchanged(x.shape.length))
}

/** The permutation that exchanges the last two axes. */
function exchanged(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) =>
    axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis,
  )
}

/** True for a Transpose that exchanges the last two axes and nothing else. */
export function isMatrixTranspose({ attributes: { perm }, inputs: [x] }: Node): boolean {
  return perm?.type === 'ints' && String(perm.value) === String(exchanged(x?.shape.length ?? 0))
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
