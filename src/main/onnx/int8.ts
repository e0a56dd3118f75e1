/**
 * @file A pass over a finished graph: its large products with constant matrices in 8 bits, which processors multiply several
 * times faster than floats. It changes the result a little; whoever uses it measures how much.
 *
 * Each column of a matrix has a scale of its own, made from the float weights by operators that the runtime folds when it
 * loads the graph; the other operand is quantised as it comes, by its own range. onnxruntime fuses each group of operators
 * written here into one kernel.
 */
import { tensor } from '../base/tensor'
import type { Graph, Node, Value } from './graph'
import { GraphBuilder } from './graph'
import { Abs, Cast, Div, Max, Mul } from './ops/elementwise'
import { ReduceMax } from './ops/norm'
import { DynamicQuantizeLinear, MatMulInteger, QuantizeLinear } from './ops/quantise'

/** Multiply-adds below which quantising costs more than it saves. */
const LARGE = 2 ** 22
/** The greatest magnitude of an int8 weight: the range is kept symmetric. */
const GREATEST = 127
/** Columns of zeros get this scale. */
const SMALLEST_SCALE = 1e-30

type Quantised = ReturnType<typeof DynamicQuantizeLinear>

/**
 * `graph` with every large `MatMul` of something that changes by a constant matrix in 8 bits, of those whose result's name
 * `isWanted` says yes to: the same inputs and outputs.
 */
export function multiplyInInt8(graph: Graph, isWanted: (name: string) => boolean = () => true): Graph {
  const g = new GraphBuilder(graph.name, { ...graph, outputs: [], nodes: [] })
  const constants = new Set(graph.initializers.keys())
  const replaced = new Map<string, Value>()
  const quantised = new Map<string, Quantised>()
  const current = (value: Value): Value => replaced.get(value.name) ?? value
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => value && current(value))
    if (node.inputs.every((value) => value === null || constants.has(value.name))) {
      for (const { name } of node.outputs) constants.add(name)
    }
    const [x, weight] = inputs
    const [output] = node.outputs
    if (x && weight && output && isWanted(output.name) && isLargeProduct(node, constants)) {
      const product = g.scope(output.name, () => {
        const known = quantised.get(x.name) ?? DynamicQuantizeLinear(g, x)
        quantised.set(x.name, known)
        return multiply(g, known, weight)
      })
      replaced.set(output.name, product)
    } else {
      g.keep(node, inputs)
    }
  }
  for (const output of graph.outputs) g.output(output.name, current(output))
  return g.finish()
}

function isLargeProduct({ opType, inputs, outputs }: Node, constants: ReadonlySet<string>): boolean {
  const [x, weight] = inputs
  const [output] = outputs
  if (opType !== 'MatMul' || !x || !weight || !output || output.dtype !== 'float32') return false
  if (constants.has(x.name) || !constants.has(weight.name) || weight.shape.length !== 2) return false
  const [inner = 0] = weight.shape
  return output.shape.reduce((product, size) => product * size, inner) >= LARGE
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
