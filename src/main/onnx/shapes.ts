/**
 * @file Type and shape inference: one table, keyed by operator, of what a node's outputs are given its inputs.
 * Rules follow https://onnx.ai/onnx/operators/ at opset 20, for fixed shapes.
 */
import type { DType, Tensor } from '../base/tensor'
import { FacetError } from '../../shared/errors'
import type { Attributes, Value } from './graph'
import { Operands } from './operands'
import type { TensorType } from './operands'

/** The operator set every graph of ours is written in; the newest that all execution providers know. */
export const OPSET = 20

/** The oldest opset whose operators mean what the rules below say: Reduce operators take their axes as an input since 18. */
export const MIN_OPSET = 18

/** A size that is known only when the graph runs: what a network's labels are resized to. */
export const UNKNOWN = -1

type Rule = (node: Operands) => readonly TensorType[]

const ARITHMETIC: readonly DType[] = ['float16', 'float32', 'float64', 'int32', 'int64', 'uint8', 'int8']
const EIGHT_BITS: readonly DType[] = ['uint8', 'int8']
const FLOATING: readonly DType[] = ['float16', 'float32', 'float64']

/** f(x), elementwise on floating numbers. */
const unary: Rule = (node) => [node.inputOf(0, FLOATING)]
/** Like `unary`, for integers too. */
const unaryArithmetic: Rule = (node) => [node.inputOf(0, ARITHMETIC)]
const binary: Rule = (node) => [
  {
    dtype: node.sameDtype(0, 1, ARITHMETIC),
    shape: node.broadcast(node.input(0).shape, node.input(1).shape),
  },
]
const comparison: Rule = (node) => {
  node.sameDtype(0, 1, ARITHMETIC)
  return [{ dtype: 'bool', shape: node.broadcast(node.input(0).shape, node.input(1).shape) }]
}
const logical: Rule = (node) => {
  node.sameDtype(0, 1, ['bool'])
  return [{ dtype: 'bool', shape: node.broadcast(node.input(0).shape, node.input(1).shape) }]
}
/** Max, Min, Sum: any number of operands. */
const variadic: Rule = (node) => {
  const [first, ...rest] = node.present()
  if (first === undefined) return node.fail('has no input')
  rest.forEach((_, index) => node.sameDtype(0, index + 1, ARITHMETIC))
  return [
    {
      dtype: first.dtype,
      shape: rest.reduce((shape, value) => node.broadcast(shape, value.shape), first.shape),
    },
  ]
}

/** The axes come as an int64 constant (opset 18); none means all. */
const reduce: Rule = (node) => {
  const { dtype, shape } = node.inputOf(0, ARITHMETIC)
  const axes =
    node.optional(1) === null ? shape.map((_, axis) => axis) : node.axes(node.constant(1), shape.length)
  return [{ dtype, shape: node.reduced(shape, axes, node.int('keepdims', 1) === 1) }]
}
const argument: Rule = (node) => {
  const { shape } = node.inputOf(0, ARITHMETIC)
  const axis = node.axis(node.int('axis', 0), shape.length)
  return [{ dtype: 'int64', shape: node.reduced(shape, [axis], node.int('keepdims', 1) === 1) }]
}
const softmax: Rule = (node) => {
  const { dtype, shape } = node.inputOf(0, FLOATING)
  node.axis(node.int('axis', -1), shape.length)
  return [{ dtype, shape }]
}

const pool: Rule = (node) => {
  const { dtype, shape } = node.inputOf(0, FLOATING)
  const kernel = node.ints('kernel_shape', [])
  if (kernel.length === 0) return node.fail('needs the attribute kernel_shape')
  return [{ dtype, shape: [...shape.slice(0, 2), ...node.slidingWindow(shape.slice(2), kernel)] }]
}

const RULES = {
  // elementwise
  Abs: unaryArithmetic, Neg: unaryArithmetic, Sign: unaryArithmetic,
  Ceil: unary, Floor: unary, Round: unary, Reciprocal: unary,
  Exp: unary, Log: unary, Sqrt: unary, Sin: unary, Cos: unary, Erf: unary, Tanh: unary, Softplus: unary,
  Relu: unary, LeakyRelu: unary, Sigmoid: unary, HardSigmoid: unary, HardSwish: unary, Gelu: unary, Elu: unary,
  Add: binary, Sub: binary, Mul: binary, Div: binary, Pow: binary,
  Max: variadic, Min: variadic, Sum: variadic,
  Equal: comparison, Less: comparison, LessOrEqual: comparison, Greater: comparison, GreaterOrEqual: comparison,
  And: logical, Or: logical,
  Not: (node) => [node.inputOf(0, ['bool'])],
  Identity: (node) => [node.input(0)],
  Clip: (node) => [node.inputOf(0, ARITHMETIC)],
  Cast: (node) => [{ dtype: node.dtype('to'), shape: node.input(0).shape }],
  Where: (node) => {
    node.inputOf(0, ['bool'])
    const [condition, yes, no] = [node.input(0), node.input(1), node.input(2)]
    const shape = node.broadcast(condition.shape, node.broadcast(yes.shape, no.shape))
    return [{ dtype: node.sameDtype(1, 2), shape }]
  },

  // linear
  MatMul: (node) => [{ dtype: node.sameDtype(0, 1), shape: node.matrixProduct() }],
  Gemm: (node) => {
    const a = node.rank(0, 2).shape
    const b = node.rank(1, 2).shape
    const [rows, inner] = node.int('transA', 0) === 1 ? [a[1], a[0]] : a
    const [innerB, columns] = node.int('transB', 0) === 1 ? [b[1], b[0]] : b
    if (inner !== innerB) return node.fail(`multiplies [${a}] by [${b}]: ${inner} columns meet ${innerB} rows`)
    const shape = [rows ?? 0, columns ?? 0]
    const c = node.optional(2)
    if (c !== null && String(node.broadcast(shape, c.shape)) !== String(shape)) {
      return node.fail(`adds [${c.shape}] to [${shape}]`)
    }
    return [{ dtype: node.sameDtype(0, 1), shape }]
  },

  MatMulInteger: (node) => {
    node.inputOf(0, EIGHT_BITS)
    node.inputOf(1, EIGHT_BITS)
    return [{ dtype: 'int32', shape: node.matrixProduct() }]
  },

  // quantisation
  QuantizeLinear: (node) => {
    const { shape } = node.inputOf(0, FLOATING)
    const axis = node.axis(node.int('axis', 1), shape.length)
    const { shape: scale } = node.input(1)
    if (scale.length > 1 || (scale.length === 1 && scale[0] !== shape[axis])) {
      return node.fail(`scales [${shape}] along axis ${axis} by [${scale}]`)
    }
    return [{ dtype: node.inputOf(2, EIGHT_BITS).dtype, shape }]
  },
  DynamicQuantizeLinear: (node) => [
    { dtype: 'uint8', shape: node.inputOf(0, ['float32']).shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],

  // convolution, pooling, resampling
  Conv: (node) => {
    const [x, w] = [node.inputOf(0, FLOATING).shape, node.input(1).shape]
    const groups = node.int('group', 1)
    const [outChannels = 0, inChannels = 0] = w
    if (x.length < 3 || x.length !== w.length) return node.fail(`convolves [${x}] with [${w}]`)
    if (x[1] !== inChannels * groups || outChannels % groups !== 0) {
      return node.fail(`convolves ${x[1]} channels with weights [${w}] in ${groups} groups`)
    }
    node.bias(2, outChannels)
    const spatial = node.slidingWindow(x.slice(2), w.slice(2))
    return [{ dtype: node.sameDtype(0, 1), shape: [x[0] ?? 0, outChannels, ...spatial] }]
  },
  ConvTranspose: (node) => {
    const [x, w] = [node.inputOf(0, FLOATING).shape, node.input(1).shape]
    const groups = node.int('group', 1)
    const outChannels = (w[1] ?? 0) * groups
    if (x.length < 3 || x.length !== w.length || x[1] !== w[0]) return node.fail(`convolves [${x}] with [${w}]`)
    node.bias(2, outChannels)
    const spatial = node.transposedWindow(x.slice(2), w.slice(2))
    return [{ dtype: node.sameDtype(0, 1), shape: [x[0] ?? 0, outChannels, ...spatial] }]
  },
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: (node) => {
    const { dtype, shape } = node.inputOf(0, FLOATING)
    return [{ dtype, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }]
  },
  Resize: (node) => {
    const { dtype, shape } = node.input(0)
    if (node.optional(3) === null) return node.fail('wants sizes; scales are not used here')
    if (!node.isConstant(3)) return [{ dtype, shape: shape.map((size, axis) => (axis < 2 ? size : UNKNOWN)) }]
    const sizes = node.constant(3)
    if (sizes.length !== shape.length) return node.fail(`resizes [${shape}] to [${sizes}]`)
    return [{ dtype, shape: sizes }]
  },
  DepthToSpace: (node) => {
    const { dtype, shape } = node.rank(0, 4)
    const [n = 0, c = 0, h = 0, w = 0] = shape
    const block = node.int('blocksize', 0)
    if (block < 1 || c % block ** 2 !== 0) return node.fail(`splits ${c} channels in blocks of ${block}`)
    return [{ dtype, shape: [n, c / block ** 2, h * block, w * block] }]
  },

  // normalisation and reduction
  LayerNormalization: (node) => {
    const { dtype, shape } = node.inputOf(0, FLOATING)
    const axis = node.axis(node.int('axis', -1), shape.length)
    node.broadcast(shape, node.input(1).shape)
    const statistics: TensorType = { dtype: 'float32', shape: shape.map((size, i) => (i < axis ? size : 1)) }
    return [{ dtype, shape }, statistics, statistics]
  },
  BatchNormalization: (node) => {
    const { dtype, shape } = node.inputOf(0, FLOATING)
    const channels = shape[1] ?? 0
    for (const index of [1, 2, 3, 4]) node.bias(index, channels)
    const statistics: TensorType = { dtype, shape: [channels] }
    return [{ dtype, shape }, statistics, statistics]
  },
  Softmax: softmax, LogSoftmax: softmax,
  ReduceMean: reduce, ReduceSum: reduce, ReduceMax: reduce, ReduceMin: reduce, ReduceSumSquare: reduce, ReduceL2: reduce,
  ArgMax: argument, ArgMin: argument,

  // shape
  Reshape: (node) => {
    const { dtype, shape } = node.input(0)
    return [{ dtype, shape: node.reshaped(shape, node.constant(1)) }]
  },
  Flatten: (node) => {
    const { dtype, shape } = node.input(0)
    const axis = node.int('axis', 1)
    const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1)
    return [{ dtype, shape: [count(shape.slice(0, axis)), count(shape.slice(axis))] }]
  },
  Transpose: (node) => {
    const { dtype, shape } = node.input(0)
    const perm = node.ints('perm', shape.map((_, axis) => shape.length - 1 - axis))
    const wanted = shape.map((_, axis) => axis)
    if (String([...perm].sort((a, b) => a - b)) !== String(wanted)) return node.fail(`permutes [${shape}] by [${perm}]`)
    return [{ dtype, shape: perm.map((axis) => shape[axis] ?? 0) }]
  },
  Concat: (node) => {
    const [first, ...rest] = node.present()
    if (first === undefined) return node.fail('has no input')
    const axis = node.axis(node.int('axis', 0), first.shape.length)
    rest.forEach((_, index) => node.sameDtype(0, index + 1))
    const others = (shape: readonly number[]) => String(shape.filter((_, i) => i !== axis))
    const odd = rest.find((value) => others(value.shape) !== others(first.shape))
    if (odd !== undefined) return node.fail(`joins [${first.shape}] and [${odd.shape}] along axis ${axis}`)
    const total = [first, ...rest].reduce((sum, value) => sum + (value.shape[axis] ?? 0), 0)
    return [{ dtype: first.dtype, shape: first.shape.map((size, i) => (i === axis ? total : size)) }]
  },
  Split: (node) => {
    const { dtype, shape } = node.input(0)
    const axis = node.axis(node.int('axis', 0), shape.length)
    const parts = node.optional(1) === null ? node.evenParts(shape[axis] ?? 0) : node.constant(1)
    if (parts.reduce((a, b) => a + b, 0) !== shape[axis]) return node.fail(`splits [${shape}] in [${parts}]`)
    return parts.map((part) => ({ dtype, shape: shape.map((size, i) => (i === axis ? part : size)) }))
  },
  Slice: (node) => {
    const { dtype, shape } = node.input(0)
    return [{ dtype, shape: node.sliced(shape) }]
  },
  Pad: (node) => {
    const { dtype, shape } = node.input(0)
    const pads = node.constant(1)
    const axes = node.optional(3) === null ? shape.map((_, axis) => axis) : node.axes(node.constant(3), shape.length)
    if (pads.length !== 2 * axes.length) return node.fail(`has ${pads.length} pads for ${axes.length} axes`)
    const grown = [...shape]
    axes.forEach((axis, i) => (grown[axis] = (grown[axis] ?? 0) + (pads[i] ?? 0) + (pads[i + axes.length] ?? 0)))
    return [{ dtype, shape: grown }]
  },
  Squeeze: (node) => {
    const { dtype, shape } = node.input(0)
    const axes = node.optional(1) === null ? null : node.axes(node.constant(1), shape.length)
    const dropped = (size: number, axis: number) => (axes === null ? size === 1 : axes.includes(axis))
    if (axes?.some((axis) => shape[axis] !== 1) === true) return node.fail(`squeezes [${shape}] at [${axes}]`)
    return [{ dtype, shape: shape.filter((size, axis) => !dropped(size, axis)) }]
  },
  Unsqueeze: (node) => {
    const { dtype, shape } = node.input(0)
    const added = node.constant(1)
    const axes = node.axes(added, shape.length + added.length)
    const grown = [...shape]
    for (const axis of [...axes].sort((a, b) => a - b)) grown.splice(axis, 0, 1)
    return [{ dtype, shape: grown }]
  },
  Expand: (node) => {
    const { dtype, shape } = node.input(0)
    return [{ dtype, shape: node.broadcast(shape, node.constant(1)) }]
  },
  Tile: (node) => {
    const { dtype, shape } = node.input(0)
    const repeats = node.constant(1)
    if (repeats.length !== shape.length) return node.fail(`repeats [${shape}] by [${repeats}]`)
    return [{ dtype, shape: shape.map((size, axis) => size * (repeats[axis] ?? 0)) }]
  },
  Gather: (node) => {
    const { dtype, shape } = node.input(0)
    const indices = node.inputOf(1, ['int32', 'int64']).shape
    const axis = node.axis(node.int('axis', 0), shape.length)
    return [{ dtype, shape: [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)] }]
  },
  GatherElements: (node) => [
    { dtype: node.input(0).dtype, shape: node.inputOf(1, ['int32', 'int64']).shape },
  ],
} satisfies Record<string, Rule> // prettier-ignore

/** Every operator the graph library knows, by its ONNX name. */
export type OpType = keyof typeof RULES

export function isOpType(name: string): name is OpType {
  return Object.hasOwn(RULES, name)
}

/** What inference needs of a node that may not have its outputs yet. */
export interface NodeSketch {
  readonly opType: OpType
  readonly inputs: readonly (Value | null)[]
  readonly attributes: Attributes
  readonly outputNames: readonly string[]
}

/**
 * Types and shapes of a node's outputs. Throws `graph/invalid`, naming node and operator, where its inputs do not
 * fit the operator or it asks for outputs that the operator has not.
 */
export function inferNode(
  node: NodeSketch,
  initializers: ReadonlyMap<string, Tensor>,
): readonly TensorType[] {
  const rule: Rule = RULES[node.opType]
  const operands = new Operands(node, initializers)
  const types = rule(operands)
  if (node.outputNames.length > types.length) {
    return operands.fail(`is asked for ${node.outputNames.length} outputs but has ${types.length}`)
  }
  const bad = types.find((type) => type.shape.some((size) => !Number.isSafeInteger(size) || size < UNKNOWN))
  if (bad !== undefined)
    throw new FacetError('graph/invalid', `${operands.label} would make a tensor of shape [${bad.shape}].`)
  return types.slice(0, node.outputNames.length).map(({ dtype, shape }) => ({ dtype, shape }))
}
