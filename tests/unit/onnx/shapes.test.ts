/** @file Shape inference against the shapes that onnxruntime really makes, and some values that fix an operator's meaning. */
import { describe, expect, it } from 'vitest'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { elementCount, tensor } from '../../../src/main/base/tensor'
import type { DType } from '../../../src/main/base/tensor'
import { encodeModel } from '../../../src/main/onnx/encode'
import type { Value } from '../../../src/main/onnx/graph'
import { GraphBuilder, int, ints } from '../../../src/main/onnx/graph'
import * as conv from '../../../src/main/onnx/ops/conv'
import * as elementwise from '../../../src/main/onnx/ops/elementwise'
import * as linear from '../../../src/main/onnx/ops/linear'
import * as quantise from '../../../src/main/onnx/ops/quantise'
import * as norm from '../../../src/main/onnx/ops/norm'
import * as shape from '../../../src/main/onnx/ops/shape'

type Make = (g: GraphBuilder, x: Value) => Value | readonly Value[]

let made = 0
const weight = (g: GraphBuilder, ...dims: number[]) =>
  g.initializer(`w${made++}`, tensor('float32', dims, new Float32Array(elementCount(dims)).fill(0.5)))
const zeros = (g: GraphBuilder, count: number) =>
  g.initializer(`z${made++}`, tensor('int8', [count], new Int8Array(count)))
/** x [M, K] in 8 bits, a matrix [K, 3], and x's zero point. */
const eightBits = (g: GraphBuilder, x: Value): [Value, Value, Value] => {
  const [integers, , zeroPoint] = quantise.DynamicQuantizeLinear(g, x)
  const rows = x.shape[1] ?? 0
  return [
    integers,
    g.initializer(`q${made++}`, tensor('int8', [rows, 3], new Int8Array(3 * rows))),
    zeroPoint,
  ]
}
const bools = (g: GraphBuilder, x: Value) => elementwise.Greater(g, x, 0)

/** Name, input shape, node. The input is float32. */
const CASES: readonly (readonly [string, readonly number[], Make])[] = [
  ...(['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sin', 'Cos', 'Erf', 'Tanh', 'Relu', 'Sigmoid', 'HardSwish', 'Identity'] as const).map(
    (name) => [name, [2, 3], (g: GraphBuilder, x: Value) => elementwise[name](g, x)] as const,
  ),
  ...(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'] as const).map(
    (name) => [name, [2, 1, 3], (g: GraphBuilder, x: Value) => elementwise[name](g, x, weight(g, 4, 1))] as const,
  ),
  ['And', [2, 3], (g, x) => elementwise.And(g, bools(g, x), bools(g, x))],
  ['Not', [2, 3], (g, x) => elementwise.Not(g, bools(g, x))],
  ['Where', [2, 3], (g, x) => elementwise.Where(g, bools(g, x), x, 0)],
  ['Clip', [2, 3], (g, x) => elementwise.Clip(g, x, -1, 1)],
  ['Cast', [2, 3], (g, x) => elementwise.Cast(g, x, 'uint8')],
  ['Gelu', [2, 3], (g, x) => elementwise.Gelu(g, x)],
  ['Gelu tanh', [2, 3], (g, x) => elementwise.Gelu(g, x, 'tanh')],
  ['HardSigmoid', [2, 3], (g, x) => elementwise.HardSigmoid(g, x, { alpha: 1 / 6, beta: 0.5 })],
  ['MatMul', [2, 5, 4], (g, x) => linear.MatMul(g, x, weight(g, 4, 3))],
  ['MatMul, batch broadcast', [1, 5, 4], (g, x) => linear.MatMul(g, x, weight(g, 2, 4, 3))],
  ['MatMulInteger', [5, 4], (g, x) => quantise.MatMulInteger(g, ...eightBits(g, x))],
  ['DynamicQuantizeLinear', [2, 3], (g, x) => quantise.DynamicQuantizeLinear(g, x)],
  ['QuantizeLinear', [2, 3], (g, x) => quantise.QuantizeLinear(g, x, weight(g, 3), zeros(g, 3), 1)],
  ['Gemm', [4, 5], (g, x) => linear.Gemm(g, x, weight(g, 3, 4), weight(g, 3), { transA: true, transB: true })],
  ['Conv', [2, 3, 9, 8], (g, x) => conv.Conv(g, x, weight(g, 4, 3, 3, 3), weight(g, 4), { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['Conv, grouped and dilated', [1, 4, 9, 9], (g, x) => conv.Conv(g, x, weight(g, 8, 1, 3, 3), null, { group: 4, dilations: [2, 2] })],
  ['ConvTranspose', [1, 4, 5, 6], (g, x) => conv.ConvTranspose(g, x, weight(g, 4, 3, 3, 3), null, { strides: [2, 2], pads: [1, 1, 1, 1], outputPadding: [1, 1] })],
  ['MaxPool', [1, 2, 9, 9], (g, x) => conv.MaxPool(g, x, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['GlobalAveragePool', [1, 2, 5, 7], (g, x) => conv.GlobalAveragePool(g, x)],
  ['Resize', [1, 2, 5, 7], (g, x) => conv.Resize(g, x, [8, 3])],
  ['DepthToSpace', [1, 8, 2, 3], (g, x) => conv.DepthToSpace(g, x, 2)],
  ['LayerNormalization', [2, 3, 4], (g, x) => g.node('LayerNormalization', [x, weight(g, 3, 4), weight(g, 3, 4)], { axis: int(1) }, 3)],
  ['BatchNormalization', [2, 3, 4, 4], (g, x) => norm.BatchNormalization(g, x, weight(g, 3), weight(g, 3), weight(g, 3), weight(g, 3), 1e-3)],
  ['Softmax', [2, 3], (g, x) => norm.Softmax(g, x)],
  ...(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceSumSquare'] as const).map(
    (name) => [name, [2, 3, 4], (g: GraphBuilder, x: Value) => norm[name](g, x, [0, -1])] as const,
  ),
  ['ReduceMean without keepdims', [2, 3, 4], (g, x) => norm.ReduceMean(g, x, [1], false)],
  ['ArgMax', [2, 3, 4], (g, x) => norm.ArgMax(g, x, 1)],
  ['Reshape', [2, 3, 4], (g, x) => shape.Reshape(g, x, [0, -1])],
  ['Flatten', [2, 3, 4], (g, x) => g.op('Flatten', [x], { axis: int(2) })],
  ['Transpose', [2, 3, 4], (g, x) => shape.Transpose(g, x, [2, 0, 1])],
  ['Concat', [2, 3, 4], (g, x) => shape.Concat(g, [x, x, x], -1)],
  ['Split', [2, 7], (g, x) => shape.Split(g, x, [3, 4], 1)],
  ['Split evenly', [2, 7], (g, x) => g.node('Split', [x], { axis: int(1), num_outputs: int(3) }, 3)],
  ['Slice', [5, 6], (g, x) => shape.Slice(g, x, { starts: [1, -1], ends: [99, -99], axes: [0, 1], steps: [2, -2] })],
  ['Slice to nothing', [5, 6], (g, x) => shape.Slice(g, x, { starts: [4], ends: [2], axes: [0] })],
  ['Pad', [2, 3], (g, x) => shape.Pad(g, x, [1, 0, 2, 3])],
  ['Squeeze', [2, 1, 3, 1], (g, x) => shape.Squeeze(g, x, [1])],
  ['Unsqueeze', [2, 3], (g, x) => shape.Unsqueeze(g, x, [0, -1])],
  ['Expand', [2, 1], (g, x) => shape.Expand(g, x, [4, 1, 3])],
  ['Gather', [5, 3], (g, x) => shape.Gather(g, x, g.int64s([4, 0]), 0)],
  ['AveragePool, ceil', [1, 1, 6, 6], (g, x) => g.op('AveragePool', [x], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: int(1) })],
] // prettier-ignore

describe('shape inference', () => {
  it.each(CASES)('%s gives what onnxruntime gives', async (_, dims, make) => {
    const g = new GraphBuilder()
    const values = [make(g, g.input('x', 'float32', dims))].flat()
    values.forEach((value, index) => g.output(`y${index}`, value))
    const graph = g.finish()
    const session = await InferenceSession.create(encodeModel(graph), { graphOptimizationLevel: 'disabled' })
    const data = Float32Array.from({ length: elementCount(dims) }, (_, i) => (i % 7) - 2)
    const outputs = await session.run({ x: new Tensor('float32', data, dims) })
    await session.release()
    for (const { name, dtype, shape } of graph.outputs) {
      expect({ dtype: outputs[name]?.type, shape: outputs[name]?.dims }).toEqual({
        dtype: dtype satisfies DType,
        shape,
      })
    }
  })
})
