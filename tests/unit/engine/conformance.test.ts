/** @file What a provider is tried with: every operator that a network of ours has, and its judge. */
import { describe, expect, test } from 'vitest'
import { checkOperators, conformanceGraphs, requireClose } from '../../../src/main/engine/conformance'
import type { Value } from '../../../src/main/onnx/graph'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { ARCHITECTURES, type Architecture } from '../../../src/main/segface/config'
import { fuseTaps } from '../../../src/main/segface/decoder'
import { backbone, headLogits } from '../../../src/main/segface/network'

/** The operators of a whole network, which needs no weights for that. */
function operatorsOf(arch: Architecture): Set<string> {
  const g = new GraphBuilder(arch)
  const made = new Map<string, Value>()
  const parameter = (name: string, shape: readonly number[]): Value => {
    const value = made.get(name) ?? g.input(name, 'float32', shape)
    made.set(name, value)
    return value
  }
  const context = { g, parameter }
  const image = g.input('image', 'float32', [1, 3, 64, 64])
  g.output('logits', headLogits(context, fuseTaps(context, backbone(context, arch, image)), 64))
  return new Set(g.finish().nodes.map(({ opType }) => opType))
}

const graphs = conformanceGraphs()

test.each(ARCHITECTURES)('every operator of %s is tried', (arch) => {
  const tried = new Set([...graphs.values()].flatMap(({ nodes }) => nodes.map(({ opType }) => opType)))
  expect([...operatorsOf(arch)].filter((operator) => !tried.has(operator as never))).toEqual([])
})

test('convolutions are tried with the channel counts that WebGPU gets wrong in its own layout', () => {
  for (const channels of [6, 9, 15, 18]) expect(graphs.has(`Conv of ${channels} channels`)).toBe(true)
})

test('the processor agrees with itself', async () => {
  expect(await checkOperators('cpu')).toEqual({ operators: graphs.size, worst: 0 })
})

describe('what is computed', () => {
  const expected = [1, -2, 0]
  test('may differ a little, relative to the largest magnitude', () => {
    expect(requireClose('webgpu', 'x', [1.01, -2, 0.02], expected)).toBeCloseTo(0.01)
  })

  test.each([
    [[1, -2, 0.1], /webgpu computes Softmax otherwise than the processor: it differs by 5.0 %/],
    [[1, NaN, 0], /not everything is a number/],
    [[1, -2], /not everything is a number/],
    [[], /not everything is a number/],
  ])('%j is refused', (found, message) => {
    expect(() => requireClose('webgpu', 'Softmax', found, expected)).toThrow(message)
  })
})
