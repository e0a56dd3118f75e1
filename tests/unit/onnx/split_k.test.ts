/** @file Long products cut along their inner side compute the same, in any form that they come in; short ones are left alone. */
import { describe, expect, test } from 'vitest'
import { GraphBuilder, type Graph, type Value } from '../../../src/main/onnx/graph'
import { Add } from '../../../src/main/onnx/ops/elementwise'
import { Gemm, MatMul } from '../../../src/main/onnx/ops/linear'
import { splitLongProducts } from '../../../src/main/onnx/split_k'
import { expectAllClose } from '../../helpers/allclose'
import { noise } from '../../helpers/named_tensors'
import { runGraph } from '../../helpers/run_graph'

type Make = (g: GraphBuilder, x: (...shape: number[]) => Value) => Value

function graphOf(make: Make): Graph {
  const g = new GraphBuilder('product')
  let inputs = 0
  g.output(
    'y',
    make(g, (...shape) => g.input(`x${inputs++}`, 'float32', shape)),
  )
  return g.finish()
}

const run = (graph: Graph) =>
  runGraph(
    graph,
    Object.fromEntries(
      graph.inputs.map(({ name, shape }) => [
        name,
        Float32Array.from(
          noise(
            name,
            shape.reduce((a, b) => a * b, 1),
          ),
        ),
      ]),
    ),
  )
const products = ({ nodes }: Graph) => nodes.filter(({ opType }) => /^(MatMul|Gemm)$/.test(opType))

const LONG: Readonly<Record<string, Make>> = {
  'of two matrices': (g, x) => MatMul(g, x(16, 4096), x(4096, 3)),
  'of a row': (g, x) => MatMul(g, x(1, 8192), x(8192, 19)),
  'of many pairs': (g, x) => MatMul(g, x(2, 3, 5, 2048), x(2, 3, 2048, 7)),
  'of many by one': (g, x) => MatMul(g, x(2, 3, 2048), x(2048, 7)),
  'whose length has few divisors': (g, x) => MatMul(g, x(5, 1200), x(1200, 6)),
  'of Gemm': (g, x) => Gemm(g, x(16, 2048), x(2048, 5)),
  'of Gemm, A transposed': (g, x) => Gemm(g, x(2048, 16), x(2048, 5), null, { transA: true }),
  'of Gemm, B transposed': (g, x) => Gemm(g, x(16, 2048), x(5, 2048), null, { transB: true }),
  'of Gemm, both transposed': (g, x) =>
    Gemm(g, x(2048, 16), x(5, 2048), null, { transA: true, transB: true }),
  'with more behind it': (g, x) => Add(g, MatMul(g, x(4, 2048), x(2048, 4)), 1),
}

const LEFT: Readonly<Record<string, Make>> = {
  'short ones': (g, x) => MatMul(g, x(16, 256), x(256, 16)),
  'those of large results': (g, x) => MatMul(g, x(1024, 2048), x(2048, 512)),
  'those of an odd length': (g, x) => MatMul(g, x(16, 4097), x(4097, 3)),
  'those that broadcast both ways': (g, x) => MatMul(g, x(2, 1, 4, 2048), x(1, 3, 2048, 4)),
  'those with a sum': (g, x) => Gemm(g, x(16, 2048), x(2048, 5), x(5)),
}

describe('a long product', () => {
  test.each(Object.entries(LONG))('%s is cut, and computes the same', async (_, make) => {
    const graph = graphOf(make)
    const cut = splitLongProducts(graph)
    expect(products(cut)).toHaveLength(1)
    expect(products(cut)[0]?.inputs[0]?.shape[1]).toBeGreaterThanOrEqual(4)
    expect(cut.outputs).toEqual(graph.outputs)
    expectAllClose((await run(cut)).y as Float32Array, (await run(graph)).y as Float32Array, {
      atol: 2e-4,
      rtol: 1e-4,
    })
  })
})

test.each(Object.entries(LEFT))('%s are left alone', (_, make) => {
  const graph = graphOf(make)
  expect(splitLongProducts(graph)).toBe(graph)
})
