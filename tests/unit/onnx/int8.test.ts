/** @file Products in 8 bits: which are rewritten, as what, and how near they come. */
import { describe, expect, it } from 'vitest'
import { tensor } from '../../../src/main/base/tensor'
import { GraphBuilder, type Graph } from '../../../src/main/onnx/graph'
import { multiplyInInt8 } from '../../../src/main/onnx/int8'
import { Conv } from '../../../src/main/onnx/ops/conv'
import { Add, Gelu } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import { Transpose } from '../../../src/main/onnx/ops/shape'
import { noise } from '../../helpers/named_tensors'
import { runGraph, runOne } from '../../helpers/run_graph'

const ROWS = 128
const [INNER, COLUMNS] = [256, 512]

const matrix = (name: string, shape: readonly number[]) =>
  tensor(
    'float32',
    shape,
    new Float32Array(
      noise(
        name,
        shape.reduce((a, b) => a * b),
      ),
    ),
  )

/** Two large products of one input, the first's matrix stored transposed, and a small one of their sum. */
function network(): Graph {
  const g = new GraphBuilder('network')
  const x = g.input('x', 'float32', [1, ROWS, INNER])
  const stored = g.initializer('stored', matrix('stored', [COLUMNS, INNER]))
  const first = g.scope('first', () => Gelu(g, MatMul(g, x, Transpose(g, stored, [1, 0]))))
  const second = g.scope('second', () => MatMul(g, x, g.initializer('w', matrix('w', [INNER, COLUMNS]))))
  const small = g.initializer('small', matrix('small', [COLUMNS, 2]))
  g.output('y', MatMul(g, Add(g, first, second), small))
  return g.finish()
}

const operators = ({ nodes }: Graph, opType: string): number =>
  nodes.filter((node) => node.opType === opType).length

/** How long the vector of the errors is, beside that of the exact values. */
function relativeError(values: Float32Array, exact: Float32Array): number {
  const square = (vector: Float32Array) => vector.reduce((sum, value) => sum + value ** 2, 0)
  return Math.sqrt(square(exact.map((value, i) => (values[i] ?? Infinity) - value)) / square(exact))
}

describe('products in 8 bits', () => {
  it('are the large ones with constant matrices, and share what their operand is quantised to', () => {
    const graph = multiplyInInt8(network())
    expect(operators(graph, 'MatMulInteger')).toBe(2)
    expect(operators(graph, 'DynamicQuantizeLinear')).toBe(1)
    expect(operators(graph, 'MatMul')).toBe(1)
    expect([graph.inputs, graph.outputs]).toEqual([network().inputs, network().outputs])
  })

  it('are only those that are wanted', () => {
    const graph = multiplyInInt8(network(), (name) => name.startsWith('second'))
    expect(operators(graph, 'MatMulInteger')).toBe(1)
    expect(operators(multiplyInInt8(network(), () => false), 'MatMulInteger')).toBe(0) // prettier-ignore
  })

  it('come near those of floats', async () => {
    const feeds = { x: new Float32Array(noise('x', ROWS * INNER)) }
    const run = async (graph: Graph) => (await runOne(graph, feeds)) as Float32Array
    const [exact, near] = [await run(network()), await run(multiplyInInt8(network()))]
    expect(relativeError(near, exact)).toBeLessThan(0.02)
    expect(relativeError(near, exact)).toBeGreaterThan(0)
  })

  it('are 1x1 convolutions, too, and no other ones', async () => {
    const g = new GraphBuilder('pixels')
    const x = g.input('x', 'float32', [1, 64, 16, 16])
    const kernel = (name: string, shape: readonly number[]) => g.initializer(name, matrix(name, shape))
    const y = Conv(g, x, kernel('pointwise', [256, 64, 1, 1]), kernel('bias', [256]))
    const strided = Conv(g, y, kernel('strided', [256, 256, 1, 1]), null, { strides: [2, 2] })
    const grouped = Conv(g, strided, kernel('grouped', [256, 64, 1, 1]), null, { group: 4 })
    g.output('y', y)
    g.output('z', Conv(g, grouped, kernel('wide', [64, 256, 3, 3]), null))
    const int8 = multiplyInInt8(g.finish())
    expect([operators(int8, 'MatMulInteger'), operators(int8, 'Conv')]).toEqual([1, 3])

    const feeds = { x: new Float32Array(noise('x', 64 * 16 * 16)) }
    const [exact, near] = [await runGraph(g.finish(), feeds), await runGraph(int8, feeds)]
    expect(relativeError(near.y as Float32Array, exact.y as Float32Array)).toBeLessThan(0.02)
  })

  it('read one value as rows and as a map, each quantised in its layout', async () => {
    const g = new GraphBuilder('both')
    const [channels, side] = [256, 32]
    const x = g.input('x', 'float32', [1, channels, side, side])
    const kernel = g.initializer('kernel', matrix('kernel', [channels, channels, 1, 1]))
    g.output('map', Conv(g, x, kernel, null))
    g.output('rows', MatMul(g, x, g.initializer('w', matrix('w', [side, COLUMNS]))))
    const int8 = multiplyInInt8(g.finish())
    expect([operators(int8, 'MatMulInteger'), operators(int8, 'DynamicQuantizeLinear')]).toEqual([2, 2])

    const feeds = { x: new Float32Array(noise('x', channels * side ** 2)) }
    const [exact, near] = [await runGraph(g.finish(), feeds), await runGraph(int8, feeds)]
    for (const name of ['map', 'rows'])
      expect(relativeError(near[name] as Float32Array, exact[name] as Float32Array), name).toBeLessThan(0.02)
  })

  it('survive a column of zeros', async () => {
    const g = new GraphBuilder('zeros')
    const weight = matrix('w', [INNER, COLUMNS])
    for (let row = 0; row < INNER; row++) weight.data[row * COLUMNS] = 0
    g.output('y', MatMul(g, g.input('x', 'float32', [ROWS, INNER]), g.initializer('w', weight)))
    const y = await runOne(multiplyInInt8(g.finish()), { x: new Float32Array(noise('x', ROWS * INNER)) })
    expect(Array.from(y, Number).every(Number.isFinite)).toBe(true)
    expect(y[0]).toBe(0)
  })
})
