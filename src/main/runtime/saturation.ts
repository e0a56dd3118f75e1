/**
 * @file Whether this processor's products in 8 bits saturate. Without VNNI or AMX, pairs of unsigned by signed products are
 * added in 16 bits: a random matrix product is off by a fifth (measured on AVX2). The processor is asked by a product, not by
 * name: Node names no instruction sets, and onnxruntime takes AMX for one that saturates (measured on 1.30).
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel } from '../onnx/encode'
import { GraphBuilder } from '../onnx/graph'
import { MatMulInteger } from '../onnx/ops/quantise'
import { sessionOptions } from './providers'

/** Rows, inner length and columns: whole tiles of every kernel. */
const SIDE = 64
const [LARGEST_UINT8, LARGEST_INT8] = [255, 127]

let answer: Promise<boolean> | undefined

/** True where sums of products in 8 bits come out wrong unless onnxruntime is asked for exact ones. Asked once per process. */
export function saturates(): Promise<boolean> {
  return (answer ??= multiplyLargest())
}

/** Multiplies the largest numbers, whose sums in pairs, 2 · 255 · 127, are beyond 16 bits. */
async function multiplyLargest(): Promise<boolean> {
  const g = new GraphBuilder('largest')
  const x = g.input('x', 'uint8', [SIDE, SIDE])
  const weights = new Int8Array(SIDE * SIDE).fill(LARGEST_INT8)
  const weight = g.initializer('weight', { dtype: 'int8', shape: [SIDE, SIDE], data: weights })
  const zero = g.initializer('zero', { dtype: 'uint8', shape: [], data: new Uint8Array(1) })
  g.output('y', MatMulInteger(g, x, weight, zero))
  const session = await InferenceSession.create(encodeModel(g.finish()), sessionOptions('cpu', 1))
  try {
    const largest = new Uint8Array(SIDE * SIDE).fill(LARGEST_UINT8)
    const { y } = await session.run({ x: new Tensor('uint8', largest, [SIDE, SIDE]) })
    return (y?.data as Int32Array).some((sum) => sum !== SIDE * LARGEST_UINT8 * LARGEST_INT8)
  } finally {
    await session.release()
  }
}
