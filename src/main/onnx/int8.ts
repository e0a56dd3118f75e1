/**
 * @file A pass over a finished graph: its large products with constant matrices in 8 bits, which processors multiply several
 * times faster than floats. It changes the result a little; whoever uses it measures how much.
 *
 * Each column of a matrix has a scale of its own, made from the float weights by operators that the runtime folds when it
 * loads the graph; the other operand is quantised as it comes, by its own range. onnxruntime fuses each group of operators
 * written here into one kernel.
 */
import { elementCount, tensor } from '../base/tensor'
import type { Graph, Node, Value } from './graph'
import { GraphBuilder } from './graph'
import { Operands } from './operands'
import { Abs, Add, Cast, Div, Max, Mul } from './ops/elementwise'
import { ReduceMax } from './ops/norm'
import { DynamicQuantizeLinear, MatMulInteger, QuantizeLinear } from './ops/quantise'
import { Reshape, Transpose } from './ops/shape'
import { rewriteNodes } from './rewrite'

/** Multiply-adds below which quantising costs more than it saves. */
const LARGE = 2 ** 22
/** The greatest magnitude of an int8 weight: the range is kept symmetric. */
const GREATEST = 127
/** Columns of zeros get this scale. */
const SMALLEST_SCALE = 1e-30

type Quantised = ReturnType<typeof DynamicQuantizeLinear>

/**
 * `graph` with every large `MatMul` of something that changes by a constant matrix in 8 bits, and every large 1x1 `Conv`, which
 * is one, of those whose result's name `isWanted` says yes to: the same inputs and outputs.
 */
export function multiplyInInt8(graph: Graph, isWanted: (name: string) => boolean = () => true): Graph {
  const g = new GraphBuilder(graph.name, { ...graph, outputs: [], nodes: [] })
  const constants = new Set(graph.initializers.keys())
  const quantised = new Map<string, Quantised>()
  /** x as rows of vectors, as a `MatMul` has it or a `Conv`: values of one name and operator share theirs. */
  const quantise = (x: Value, opType: Node['opType']): Quantised => {
    const key = `${opType} ${x.name}`
    const made =
      quantised.get(key) ?? DynamicQuantizeLinear(g, opType === 'MatMul' ? x : Transpose(g, x, [0, 2, 3, 1]))
    quantised.set(key, made)
    return made
  }
  const current = rewriteNodes(g, graph, (node, [x, weight, bias]) => {
    if (node.inputs.every((value) => value === null || constants.has(value.name))) {
      for (const { name } of node.outputs) constants.add(name)
    }
    const [output] = node.outputs
    if (!x || !weight || !output || !isWanted(output.name) || !isLargeProduct(node, constants)) return null
    return g.scope(output.name, () => {
      const rows = quantise(x, node.opType)
      if (node.opType === 'MatMul') return multiply(g, rows, weight)
      const columns = Transpose(g, Reshape(g, weight, weight.shape.slice(0, 2)), [1, 0])
      const made = multiply(g, rows, columns)
      return Transpose(g, bias ? Add(g, made, bias) : made, [0, 3, 1, 2])
    })
  })
  for (const output of graph.outputs) g.output(output.name, current(output))
  return g.finish()
}

function isLargeProduct(node: Node, constants: ReadonlySet<string>): boolean {
  const [x, weight, bias] = node.inputs
  const [output] = node.outputs
  if (!x || !weight || !output || output.dtype !== 'float32') return false
  if (constants.has(x.name) || !constants.has(weight.name)) return false
  if (bias && !constants.has(bias.name)) return false
  if (node.opType === 'MatMul' ? weight.shape.length !== 2 : !isPointwise(node)) return false
  return elementCount(weight.shape) * rowsOf(node.opType, x.shape) >= LARGE
}

/** True of a `Conv` whose pixels are each computed from the one in their place alone. */
function isPointwise(node: Node): boolean {
  if (node.opType !== 'Conv') return false
  const conv = Operands.of(node, new Map())
  const [, , ...kernel] = conv.input(1).shape
  const ones = [...kernel, ...conv.ints('strides', []), conv.int('group', 1)]
  return ones.every((size) => size === 1) && conv.ints('pads', []).every((pad) => pad === 0)
}

/** How many vectors are multiplied: channels are the last axis of a `MatMul`'s operand, and the second of a `Conv`'s. */
function rowsOf(opType: Node['opType'], shape: readonly number[]): number {
  return elementCount(shape) / (shape.at(opType === 'MatMul' ? -1 : 1) ?? 1)
}

/** x by a matrix [K, N] as float32, where x is what `DynamicQuantizeLinear` made of it. */
function multiply(g: GraphBuilder, [x, scale, zeroPoint]: Quantised, weight: Value): Value {
  const [, columns = 0] = weight.shape
  const magnitudes = Max(g, ReduceMax(g, Abs(g, weight), [0], false), GREATEST * SMALLEST_SCALE)
  const weightScale = Div(g, magnitudes, GREATEST)
  const zeros = g.initializer(`${weight.name}.zero_point`, tensor('int8', [columns], new Int8Array(columns)))
  const integers = QuantizeLinear(g, weight, weightScale, zeros, 1)
  const product = MatMulInteger(g, x, integers, zeroPoint)
  return Mul(g, Cast(g, product, 'float32'), Mul(g, scale, weightScale))
}
