/** @file A backbone in 8 bits against the same in floats: near, and far smaller. */
import { expect, it } from 'vitest'
import { elementCount } from '../../src/main/base/tensor'
import { backboneInInt8 } from '../../src/main/segface/int8'
import { namedBackbone } from '../helpers/backbone'
import { namedImage } from '../helpers/named_tensors'
import { runGraph } from '../helpers/run_graph'

/** The network is large, and machines may be busy. */
const TIMEOUT = 300_000
const SIDE = 128

it('SwinV2 in 8 bits gives nearly the same taps', { timeout: TIMEOUT }, async () => {
  const { graph } = namedBackbone('swinv2_tiny', SIDE)
  const int8 = backboneInInt8(graph)
  expect(int8.nodes.filter(({ opType }) => opType === 'MatMulInteger').length).toBeGreaterThan(20)
  const image = namedImage('image', [1, 3, SIDE, SIDE])
  const [exact, near] = [await runGraph(graph, { image }), await runGraph(int8, { image })]
  for (const { name, shape } of graph.outputs) {
    const [a, b] = [exact[name] as Float32Array, near[name] as Float32Array]
    expect(b).toHaveLength(elementCount(shape))
    const error = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0)
    const power = a.reduce((sum, value) => sum + value ** 2, 0)
    expect(Math.sqrt(error / power), name).toBeLessThan(0.1)
  }
})
