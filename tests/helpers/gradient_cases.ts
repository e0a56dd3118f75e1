/** @file For every operator with a gradient rule, small graphs that use it: proven by finite differences, on any provider. */
import { tensor } from '../../src/main/base/tensor'
import type { GraphBuilder, Value } from '../../src/main/onnx/graph'
import { int } from '../../src/main/onnx/graph'
import * as conv from '../../src/main/onnx/ops/conv'
import * as elementwise from '../../src/main/onnx/ops/elementwise'
import * as linear from '../../src/main/onnx/ops/linear'
import * as norm from '../../src/main/onnx/ops/norm'
import * as shape from '../../src/main/onnx/ops/shape'
import type { OpType } from '../../src/main/onnx/shapes'
import { noise } from './named_tensors'

export interface GradientCase {
  readonly title: string
  /** Shapes of the inputs, all of which are differentiated; their elements are drawn from [low, high). */
  readonly inputs: readonly (readonly number[])[]
  readonly range?: readonly [low: number, high: number]
  readonly build: (g: GraphBuilder, ...inputs: Value[]) => Value
}

type Builder = GradientCase['build']
const over = (
  title: string,
  inputs: GradientCase['inputs'],
  build: Builder,
  range?: readonly [number, number],
): GradientCase => ({ title, inputs, build, ...(range && { range }) })

const onVector = (build: Builder, range?: readonly [number, number]) => [
  over('a matrix', [[3, 7]], build, range),
]
const onPair = (build: Builder, range?: readonly [number, number]) => [
  over('equal shapes', [[2, 5], [2, 5]], build, range),
  over('a row and a column', [[1, 5], [3, 1]], build, range),
  over('missing axes and a scalar', [[2, 3, 4], [4]], build, range),
  over('a scalar', [[2, 3], []], build, range),
] // prettier-ignore

const int32s = (g: GraphBuilder, name: string, values: readonly number[], sizes: readonly number[]) =>
  g.constant(name, tensor('int32', sizes, Int32Array.from(values)))

const maxPool = (size: number, stride: number, pad: number): Builder => (g, x) =>
  conv.MaxPool(g, x, [size, size], { strides: [stride, stride], pads: [pad, pad, pad, pad] }) // prettier-ignore

const convolution = (options: conv.ConvOptions): Builder => (g, x, w, b) =>
  conv.Conv(g, x, w as Value, b ?? null, options) // prettier-ignore

/** Every operator of `RULES` has an entry; a rule without one fails the test. */
export const GRADIENT_CASES: Readonly<Partial<Record<OpType, readonly GradientCase[]>>> = {
  Identity: onVector(elementwise.Identity),
  Neg: onVector(elementwise.Neg),
  Abs: onVector(elementwise.Abs, [0.2, 1]),
  Exp: onVector(elementwise.Exp),
  Log: onVector(elementwise.Log, [0.5, 2]),
  Sqrt: onVector(elementwise.Sqrt, [0.5, 2]),
  Reciprocal: onVector(elementwise.Reciprocal, [0.5, 2]),
  Sin: onVector(elementwise.Sin),
  Cos: onVector(elementwise.Cos),
  Tanh: onVector(elementwise.Tanh),
  Erf: onVector(elementwise.Erf),
  Relu: onVector(elementwise.Relu),
  Sigmoid: onVector(elementwise.Sigmoid, [-3, 3]),
  HardSigmoid: onVector((g, x) => elementwise.HardSigmoid(g, x, { alpha: 1 / 6, beta: 0.5 }), [-5, 5]),
  HardSwish: onVector(elementwise.HardSwish, [-5, 5]),
  Gelu: onVector((g, x) => elementwise.Gelu(g, x), [-3, 3]),
  Cast: onVector((g, x) => elementwise.Cast(g, x, 'float32')),
  Add: onPair(elementwise.Add as Builder),
  Sub: onPair(elementwise.Sub as Builder),
  Mul: onPair(elementwise.Mul as Builder),
  Div: onPair(elementwise.Div as Builder, [0.5, 2]),
  Max: onPair(elementwise.Max as Builder),
  Min: onPair(elementwise.Min as Builder),
  Pow: onVector((g, x) => elementwise.Pow(g, x, 3)),
  Sum: [
    over('three operands', [[2, 3], [3], [2, 1]], (g, a, b, c) => g.op('Sum', [a as Value, b as Value, c as Value])),
    over('one operand read twice', [[2, 3]], (g, a) => g.op('Sum', [a as Value, a as Value])),
  ], // prettier-ignore
  Clip: onVector((g, x) => elementwise.Clip(g, x, -0.5, 0.4)),
  Where: [
    over('broadcast', [[2, 3], [3], [2, 1]], (g, x, yes, no) =>
      elementwise.Where(g, elementwise.Greater(g, x as Value, 0), yes as Value, no as Value)),
  ], // prettier-ignore

  MatMul: [
    over('matrices', [[3, 4], [4, 5]], linear.MatMul as Builder),
    over('a batch by a matrix', [[2, 3, 4], [4, 5]], linear.MatMul as Builder),
    over('a matrix by a batch', [[3, 4], [2, 4, 5]], linear.MatMul as Builder),
    over('batches that broadcast', [[1, 2, 3, 4], [5, 1, 4, 2]], linear.MatMul as Builder),
  ], // prettier-ignore
  Gemm: [
    over('plain, with a row to add', [[3, 4], [4, 5], [5]], (g, a, b, c) => linear.Gemm(g, a as Value, b as Value, c)),
    ...[{ transA: true }, { transB: true }, { transA: true, transB: true }].map((options) =>
      over(JSON.stringify(options), ['transA' in options ? [4, 3] : [3, 4], 'transB' in options ? [5, 4] : [4, 5]], (g, a, b) =>
        linear.Gemm(g, a as Value, b as Value, null, options)),
    ),
  ], // prettier-ignore

  Conv: [
    over('1x1', [[2, 3, 4, 5], [4, 3, 1, 1], [4]], convolution({})),
    over('1x1, stride 2', [[1, 3, 5, 4], [2, 3, 1, 1]], convolution({ strides: [2, 2] })),
    over('3x3, padded', [[2, 2, 5, 4], [3, 2, 3, 3], [3]], convolution({ pads: [1, 1, 1, 1] })),
    over('3x3, nothing around', [[1, 2, 5, 6], [2, 2, 3, 3]], convolution({})),
    over('3x3, stride 2, even side', [[2, 2, 6, 6], [3, 2, 3, 3]], convolution({ strides: [2, 2], pads: [1, 1, 1, 1] })),
    over('3x3, stride 2, odd side', [[1, 2, 7, 5], [3, 2, 3, 3]], convolution({ strides: [2, 2], pads: [1, 1, 1, 1] })),
    over('7x7, stride 2', [[1, 2, 9, 8], [2, 2, 7, 7]], convolution({ strides: [2, 2], pads: [3, 3, 3, 3] })),
    over('patches of 2x2', [[2, 3, 4, 6], [5, 3, 2, 2], [5]], convolution({ strides: [2, 2] })),
    over('patches of 4x4', [[1, 3, 8, 8], [2, 3, 4, 4]], convolution({ strides: [4, 4] })),
    over('depthwise 3x3', [[2, 4, 5, 4], [4, 1, 3, 3], [4]], convolution({ pads: [1, 1, 1, 1], group: 4 })),
    over('depthwise 7x7', [[1, 3, 8, 7], [3, 1, 7, 7]], convolution({ pads: [3, 3, 3, 3], group: 3 })),
    over('depthwise 3x3, uneven surroundings', [[2, 2, 4, 6], [2, 1, 3, 3]], convolution({ pads: [0, 2, 1, 1], group: 2 })),
    over('depthwise 3x3, wide', [[1, 2, 2, 66], [2, 1, 3, 3]], convolution({ pads: [1, 1, 1, 1], group: 2 })),
    over('3x3, stride 2, uneven surroundings', [[1, 2, 6, 5], [3, 2, 3, 3]], convolution({ strides: [2, 2], pads: [0, 1, 1, 0] })),
    over('2x2, stride 3, gaps between', [[1, 2, 8, 7], [2, 2, 2, 2]], convolution({ strides: [3, 3] })),
    over('depthwise 5x5, stride 2', [[2, 3, 8, 7], [3, 1, 5, 5]], convolution({ pads: [2, 2, 2, 2], group: 3, strides: [2, 2] })),
    over('six channels', [[1, 6, 4, 4], [4, 6, 3, 3]], convolution({ pads: [1, 1, 1, 1] })),
    over('nine channels', [[1, 9, 4, 4], [8, 9, 3, 3]], convolution({ pads: [1, 1, 1, 1] })),
  ], // prettier-ignore
  ConvTranspose: [
    over('2x2, stride 2', [[2, 3, 4, 3], [3, 2, 2, 2], [2]], (g, x, w, b) =>
      conv.ConvTranspose(g, x as Value, w as Value, b ?? null, { strides: [2, 2] })),
    over('3x3, padded', [[1, 3, 4, 3], [3, 2, 3, 3]], (g, x, w) =>
      conv.ConvTranspose(g, x as Value, w as Value, null, { pads: [1, 1, 1, 1] })),
  ], // prettier-ignore
  MaxPool: [
    over('3x3, stride 2, padded', [[2, 2, 7, 6]], maxPool(3, 2, 1), [-30, 30]),
    over('2x2, stride 2', [[1, 3, 4, 4]], maxPool(2, 2, 0), [-30, 30]),
  ],
  GlobalAveragePool: [over('a map', [[2, 3, 4, 5]], conv.GlobalAveragePool)],
  Resize: [
    over('larger', [[2, 3, 4, 5]], (g, x) => conv.Resize(g, x as Value, [8, 15])),
    over('smaller, uneven', [[1, 2, 7, 6]], (g, x) => conv.Resize(g, x as Value, [3, 4])),
    over('one pixel', [[1, 2, 1, 1]], (g, x) => conv.Resize(g, x as Value, [4, 4])),
  ],
  DepthToSpace: [
    over('CRD', [[2, 8, 3, 2]], (g, x) => conv.DepthToSpace(g, x as Value, 2)),
    over('DCR', [[1, 8, 3, 2]], (g, x) => conv.DepthToSpace(g, x as Value, 2, 'DCR')),
  ],

  Softmax: [
    over('the last axis', [[2, 3, 5]], (g, x) => norm.Softmax(g, x as Value), [-2, 2]),
    over('another axis', [[2, 5, 3]], (g, x) => norm.Softmax(g, x as Value, 1), [-2, 2]),
  ],
  LayerNormalization: [
    over('scale and bias', [[3, 2, 8], [8], [8]], (g, x, scale, bias) =>
      norm.LayerNormalization(g, x as Value, scale as Value, bias as Value, { epsilon: 1e-5 })),
  ], // prettier-ignore
  BatchNormalization: [
    over('given statistics', [[2, 3, 4, 4], [3], [3]], (g, x, scale, bias) => {
      const statistics = (name: string) => g.constant(name, tensor('float32', [3], Float32Array.of(0.5, 1, 2)))
      return norm.BatchNormalization(g, x as Value, scale as Value, bias as Value, statistics('mean'), statistics('variance'), 1e-3)
    }),
  ], // prettier-ignore
  ReduceSum: [
    over('some axes', [[2, 3, 4]], (g, x) => norm.ReduceSum(g, x as Value, [0, 2])),
    over('axes dropped', [[2, 3, 4]], (g, x) => norm.ReduceSum(g, x as Value, [-1], false)),
    over('all axes', [[2, 3]], (g, x) => g.op('ReduceSum', [x as Value], { keepdims: int(0) })),
  ],
  ReduceMean: [over('some axes', [[2, 3, 4]], (g, x) => norm.ReduceMean(g, x as Value, [0, 2], false))],
  ReduceSumSquare: [over('the last axis', [[2, 3, 4]], (g, x) => norm.ReduceSumSquare(g, x as Value, [2]))],
  ReduceMax: [over('the last axis', [[2, 3, 4]], (g, x) => norm.ReduceMax(g, x as Value, [2]))],

  Reshape: [over('', [[2, 6]], (g, x) => shape.Reshape(g, x as Value, [3, -1]))],
  Flatten: [over('', [[2, 3, 2]], (g, x) => g.op('Flatten', [x as Value], { axis: int(2) }))],
  Squeeze: [over('', [[2, 1, 3, 1]], (g, x) => shape.Squeeze(g, x as Value, [1, 3]))],
  Unsqueeze: [over('', [[2, 3]], (g, x) => shape.Unsqueeze(g, x as Value, [0, 2]))],
  Transpose: [
    over('', [[2, 3, 4]], (g, x) => shape.Transpose(g, x as Value, [2, 0, 1])),
    over('reversed axes', [[2, 3, 4]], (g, x) => g.op('Transpose', [x as Value])),
  ],
  Concat: [
    over('', [[2, 1], [2, 3]], (g, a, b) => shape.Concat(g, [a as Value, b as Value], 1)),
    over('a value twice', [[2, 2]], (g, a) => shape.Concat(g, [a as Value, a as Value], 0)),
  ], // prettier-ignore
  Split: [
    over('all parts', [[2, 5]], (g, x) => {
      const [a, b] = shape.Split(g, x as Value, [2, 3], 1) as [Value, Value]
      return elementwise.Add(g, norm.ReduceSum(g, a, [1]), norm.ReduceSum(g, elementwise.Mul(g, b, b), [1]))
    }),
    over('one part unused', [[2, 5]], (g, x) => shape.Split(g, x as Value, [2, 3], 1)[1] as Value),
  ],
  Slice: [
    over('in steps', [[3, 7]], (g, x) =>
      shape.Slice(g, x as Value, { starts: [1, 0], ends: [3, 7], axes: [0, 1], steps: [1, 3] })),
    over('backwards', [[2, 6]], (g, x) =>
      shape.Slice(g, x as Value, { starts: [-1], ends: [-(2 ** 31)], axes: [1], steps: [-1] })),
    over('backwards in steps', [[2, 6]], (g, x) =>
      shape.Slice(g, x as Value, { starts: [4], ends: [0], axes: [1], steps: [-2] })),
  ], // prettier-ignore
  Pad: [
    over('all axes', [[2, 3]], (g, x) => shape.Pad(g, x as Value, [1, 0, 0, 2])),
    over('chosen axes', [[2, 3]], (g, x) =>
      g.op('Pad', [x as Value, g.int64s([1, 2]), null, g.int64s([1])])),
  ], // prettier-ignore
  Expand: [over('', [[2, 1, 3]], (g, x) => shape.Expand(g, x as Value, [4, 2, 5, 3]))],
  Tile: [over('', [[2, 3]], (g, x) => g.op('Tile', [x as Value, g.int64s([2, 3])]))],
  Gather: [
    over('each once, in another order', [[2, 4, 3]], (g, x) =>
      shape.Gather(g, x as Value, int32s(g, 'order', [3, 1, 0, 2], [2, 2]), 1)),
    over('some left out', [[2, 5, 3]], (g, x) => shape.Gather(g, x as Value, int32s(g, 'some', [4, 1, 2], [3]), 1)),
    over('some twice', [[4, 3]], (g, x) => shape.Gather(g, x as Value, int32s(g, 'twice', [3, 1, 3, 0, -1, 1], [2, 3]), 0)),
  ], // prettier-ignore
}

/** The elements of the inputs of a case, input by input. */
export function caseInputs({ title, inputs, range: [low, high] = [-1, 1] }: GradientCase): Float32Array[] {
  return inputs.map((sizes, index) => {
    const count = sizes.reduce((product, size) => product * size, 1)
    return Float32Array.from(
      noise(`${title} ${index} ${sizes.join()}`, count),
      (u) => low + ((u + 1) / 2) * (high - low),
    )
  })
}
