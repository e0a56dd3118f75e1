/** @file The builder, the examiner and the text form of small graphs. */
import { describe, expect, it } from 'vitest'
import { FacetError } from '../../../src/shared/errors'
import { tensor } from '../../../src/main/base/tensor'
import { checkGraph } from '../../../src/main/onnx/check'
import type { Graph, Node } from '../../../src/main/onnx/graph'
import { float, GraphBuilder, int } from '../../../src/main/onnx/graph'
import { Conv } from '../../../src/main/onnx/ops/conv'
import { Add, HardSigmoid, Mul, Relu } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import { LayerNormalization } from '../../../src/main/onnx/ops/norm'
import { Reshape, Split } from '../../../src/main/onnx/ops/shape'
import { printGraph } from '../../../src/main/onnx/print'

const ones = (...shape: number[]) =>
  tensor('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1))

/** A layer norm over a linear layer, with PyTorch's names. */
function small(): Graph {
  const g = new GraphBuilder('small')
  const x = g.input('x', 'float32', [1, 6, 4])
  const y = g.scope('lin', () => Add(g, MatMul(g, x, g.initializer('lin.weight', ones(4, 8))), 0.001))
  const gamma = g.initializer('norm.weight', ones(8))
  const beta = g.initializer('norm.bias', ones(8))
  const normed = g.scope('norm', () => LayerNormalization(g, y, gamma, beta, { epsilon: 1e-5 }))
  g.output('y', HardSigmoid(g, Mul(g, Relu(g, normed), 0.001), { alpha: 1 / 6, beta: 0.5 }))
  return g.finish()
}

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof FacetError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('a graph', () => {
  it('prints as text, one line a value', () => {
    expect(printGraph(small())).toMatchInlineSnapshot(`
      "graph small (%x:f32[1,6,4]) -> (%y:f32[1,6,8]) opset 20
        %lin.weight:f32[4,8]
        %float32_0.001:f32[] = 0.001
        %norm.weight:f32[8] = [1, 1, 1, 1, 1, 1, 1, 1]
        %norm.bias:f32[8] = [1, 1, 1, 1, 1, 1, 1, 1]
        %lin.MatMul:f32[1,6,8] = MatMul(%x, %lin.weight)
        %lin.Add:f32[1,6,8] = Add(%lin.MatMul, %float32_0.001)
        %norm.LayerNormalization:f32[1,6,8] = LayerNormalization(%lin.Add, %norm.weight, %norm.bias) {axis=-1, epsilon=0.00001}
        %Relu:f32[1,6,8] = Relu(%norm.LayerNormalization)
        %Mul:f32[1,6,8] = Mul(%Relu, %float32_0.001)
        %HardSigmoid:f32[1,6,8] = HardSigmoid(%Mul) {alpha=0.16666667, beta=0.5}
        %y:f32[1,6,8] = Identity(%HardSigmoid)"
    `)
  })

  it('shares equal constants and keeps initializers by reference', () => {
    const g = new GraphBuilder()
    const weight = ones(2)
    expect(g.initializer('w', weight)).toBe(g.initializer('w', weight))
    expect(g.scalar(2)).toBe(g.scalar(2))
    expect(g.scalar(2, 'int32')).not.toBe(g.scalar(2))
    expect(g.int64s([1, 2])).toBe(g.int64s([1, 2]))
    expect(g.scalar(1, 'int64').shape).toEqual([])
    expect(g.int64s([1]).shape).toEqual([1])
    expect(g.finish().initializers.get('w')).toBe(weight)
  })

  it('can be appended to', () => {
    const g = new GraphBuilder('larger', small())
    const more = g.input('more', 'float32', [1])
    g.output('z', Relu(g, more))
    const graph = g.finish()
    expect(graph.outputs.map((value) => value.name)).toEqual(['y', 'z'])
    expect(graph.nodes.slice(0, -2)).toEqual(small().nodes)
    expect(codeOf(() => g.input('x', 'float32', [1]))).toContain('made twice')
  })

  it('gives several outputs a name each', () => {
    const g = new GraphBuilder()
    const parts = Split(g, g.input('x', 'float32', [2, 6]), [1, 2, 3], 1)
    expect(parts).toEqual([
      { name: 'Split', dtype: 'float32', shape: [2, 1] },
      { name: 'Split.1', dtype: 'float32', shape: [2, 2] },
      { name: 'Split.2', dtype: 'float32', shape: [2, 3] },
    ])
  })
})

describe('a mistake', () => {
  const g = new GraphBuilder()
  const x = g.input('x', 'float32', [1, 3, 8, 8])
  const i = g.input('i', 'int64', [3])

  it.each([
    ['channels', () => Conv(g, x, g.initializer('w', ones(4, 2, 3, 3)), null)],
    ['a kernel too large', () => Conv(g, x, g.initializer('k', ones(4, 3, 9, 9)), null)],
    ['broadcasting', () => Add(g, x, g.initializer('a', ones(5)))],
    ['mixed types', () => Mul(g, x, i)],
    ['columns and rows', () => MatMul(g, x, g.initializer('m', ones(7, 2)))],
    ['a reshape', () => Reshape(g, x, [5, -1])],
    ['a type', () => Relu(g, i)],
  ])('in %s names node and operator where it is made', (_, make) => {
    expect(codeOf(make)).toMatch(/^graph\/invalid: Node '\w+' \(\w+\) /)
  })
})

describe('the examiner', () => {
  const graph = small()
  const without = (name: string): Graph => ({
    ...graph,
    nodes: graph.nodes.filter((node) => node.outputs[0]?.name !== name),
  })
  const replaced = (change: (node: Node) => Node): Graph => ({ ...graph, nodes: graph.nodes.map(change) })

  it('passes a good graph', () => {
    expect(codeOf(() => checkGraph(graph))).toBe('no error')
  })

  it.each<[string, Graph, RegExp]>([
    ['an input that nothing makes', without('lin.MatMul'), /Add 'lin.Add' reads 'lin.MatMul' before/],
    ['an order upside down', { ...graph, nodes: graph.nodes.toReversed() }, /before anything makes it/],
    ['a value made twice', { ...graph, nodes: [...graph.nodes, ...graph.nodes] }, /made twice/],
    ['an output that nothing makes', without('y'), /the list of outputs reads 'y'/],
    ['an opset that is not known', { ...graph, opset: 23 }, /opset 23/],
    [
      'a shape that does not follow',
      replaced((node) => ({ ...node, outputs: node.outputs.map((value) => ({ ...value, shape: [1] })) })),
      /MatMul makes 'lin.MatMul:float32\[1\]', but its inputs give float32\[1,6,8\]/,
    ],
    [
      'an attribute of the wrong type',
      replaced((node) =>
        node.opType === 'LayerNormalization'
          ? { ...node, attributes: { axis: float(-1), epsilon: int(0) } }
          : node,
      ),
      /has the attribute 'axis' as float, not int/,
    ],
  ])('refuses %s', (_, broken, message) => {
    expect(codeOf(() => checkGraph(broken))).toMatch(message)
    expect(codeOf(() => checkGraph(broken))).toMatch(/^graph\/invalid/)
  })
})
