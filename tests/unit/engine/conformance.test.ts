/** @file What a provider is tried with: every operator that a network of ours has, and its judge. */
import { describe, expect, test } from 'vitest'
import { checkOperators, conformanceGraphs, requireClose } from '../../../src/main/engine/conformance'
import { elementCount, tensor, type Tensor } from '../../../src/main/base/tensor'
import { GraphBuilder, type Graph, type Value } from '../../../src/main/onnx/graph'
import { ARCHITECTURES, type Architecture } from '../../../src/main/segface/config'
import { fuseTaps } from '../../../src/main/segface/decoder'
import { backbone, buildSegFace, headLogits } from '../../../src/main/segface/network'
import { buildStep } from '../../../src/main/training/step_graph'

/** Zeros in the place of the weights of a whole network, as it asks for them. */
function shapesOf(arch: Architecture): Map<string, Tensor> {
  const g = new GraphBuilder(arch)
  const stateDict = new Map<string, Tensor>()
  const parameter = (name: string, shape: readonly number[]): Value => {
    const zeros = stateDict.get(name) ?? tensor('float32', shape, new Float32Array(elementCount(shape)))
    stateDict.set(name, zeros)
    return g.initializer(name, zeros)
  }
  const context = { g, parameter }
  headLogits(
    context,
    fuseTaps(context, backbone(context, arch, g.input('image', 'float32', [1, 3, 64, 64]))),
    64,
  )
  return stateDict
}

const operatorsOf = ({ nodes }: Graph): string[] => nodes.map(({ opType }) => opType)
const [predicting, training] = [conformanceGraphs('predicting'), conformanceGraphs('training')]
const tried = new Set([...predicting.values()].flatMap(operatorsOf))
const triedToo = new Set([...training.values()].flatMap(operatorsOf))

describe.each(ARCHITECTURES)('every operator of %s is tried', (arch) => {
  const stateDict = shapesOf(arch)

  test('for predicting', () => {
    const graph = buildSegFace(stateDict, { resolution: 64 })
    expect(operatorsOf(graph).filter((operator) => !tried.has(operator))).toEqual([])
  })

  test.each(['running', 'batch'] as const)('for training, batch norm %s', (batchNorm) => {
    const options = { arch, scope: 'full', resolution: 64, batch: 1, batchNorm, dicePresent: true } as const
    const { graph } = buildStep(stateDict, options)
    const left = operatorsOf(graph).filter((operator) => !tried.has(operator) && !triedToo.has(operator))
    expect([...new Set(left)]).toEqual([])
  })
})

test('convolutions are tried with the channel counts that WebGPU gets wrong in its own layout', () => {
  for (const channels of [6, 9, 15, 18]) expect(predicting.has(`Conv of ${channels} channels`)).toBe(true)
})

test.each(['predicting', 'training'] as const)('the processor agrees with itself in %s', async (purpose) => {
  const operators = conformanceGraphs(purpose).size
  expect(await checkOperators('cpu', purpose)).toEqual({ operators, worst: 0 })
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
