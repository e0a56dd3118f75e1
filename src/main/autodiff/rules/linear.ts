/** @file Gradients of matrix products. */
import { at } from '../../../shared/assert'
import { elementCount } from '../../base/tensor'
import type { GraphBuilder, Node, Value } from '../../onnx/graph'
import { Gemm, MatMul } from '../../onnx/ops/linear'
import { ReduceSum } from '../../onnx/ops/norm'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule } from '../rule'
import { inPieces, unbroadcast } from '../rule'

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

/** Rows of a piece of a product that is summed over rows. */
const PIECE = 4096

/**
 * aᵀ b summed over all leading axes: [..., m, k] and [..., m, n] to [k, n]; one product, or, where the rows are many, one for
 * each piece of them, which the threads share. The shorter of k and n comes first: 19 before 32 takes half the time of the reverse.
 */
function productOfAllRows(g: GraphBuilder, a: Value, b: Value): Value {
  if (lastSize(a) > lastSize(b)) return Transpose(g, productOfAllRows(g, b, a), [1, 0])
  const rows = (x: Value) => (x.shape.length === 2 ? x : Reshape(g, x, [-1, lastSize(x)]))
  if (!hasPieces(a)) return Gemm(g, rows(a), rows(b), null, { transA: true })
  const [left, right] = [inPieces(g, rows(a), PIECE), inPieces(g, rows(b), PIECE)]
  return ReduceSum(g, MatMul(g, matrixTranspose(g, left), right), [0], false)
}

function lastSize(x: Value): number {
  return at(x.shape, x.shape.length - 1)
}

function hasPieces(x: Value): boolean {
  const rows = elementCount(x.shape.slice(0, -1))
  return rows > PIECE && rows % PIECE === 0
}

export const LINEAR_RULES = {
  /** Y = A B: dA = dY Bᵀ, dB = Aᵀ dY, each summed over the leading axes that were broadcast. */
  MatMul: (step) => {
    const { g, dy } = step
    const [a, b] = [step.x(0), step.x(1)]
    return [
      step.when(0, () => unbroadcast(g, MatMul(g, dy, matrixTranspose(g, b)), a.shape)),
      step.when(1, () => {
        if (b.shape.length === 2) return productOfAllRows(g, a, dy)
        const isShared = b.shape.slice(0, -2).every((size) => size === 1)
        if (isShared && hasPieces(a)) return Reshape(g, productOfAllRows(g, a, dy), b.shape)
        return unbroadcast(g, MatMul(g, matrixTranspose(g, a), dy), b.shape)
      }),
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
