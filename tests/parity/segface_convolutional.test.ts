/** @file SegFace's convolutional backbones beside MobileNet against numbers recorded from PyTorch. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { at } from '../../src/shared/assert'
import type { Graph } from '../../src/main/onnx/graph'
import { GraphBuilder } from '../../src/main/onnx/graph'
import type { BuildableArchitecture } from '../../src/main/segface/config'
import { recognise, requireBuildable } from '../../src/main/segface/config'
import { backbone } from '../../src/main/segface/network'
import { countParameters } from '../../src/main/segface/weights'
import type { Sample } from '../helpers/forward'
import { expectParity, expectSample, readReference } from '../helpers/forward'
import { namedImage, namedTensor } from '../helpers/named_tensors'
import type { Numbers } from '../helpers/run_graph'
import { runGraph } from '../helpers/run_graph'
import { shared } from '../helpers/shared'

/** What torchvision's networks give for named tensors, at a size whose halves are odd. */
const RECORDED = JSON.parse(readFileSync('tests/fixtures/forward/convolutional_72.json', 'utf8')) as {
  readonly resolution: number
  readonly input: string
  readonly features: Readonly<Record<'convnext_small' | 'efficientnet' | 'resnet', readonly Sample[]>>
}

/** The backbone alone, whose parameters are made as it asks for them: a wrong name is a wrong value. */
function backboneGraph(arch: BuildableArchitecture, resolution: number): Graph {
  const g = new GraphBuilder(arch)
  const made = new Map<string, ReturnType<typeof namedTensor>>()
  const parameter = (name: string, shape: readonly number[]) => {
    const tensor = made.get(name) ?? namedTensor(name, shape)
    made.set(name, tensor)
    return g.initializer(name, tensor)
  }
  const image = g.input('image', 'float32', [1, 3, resolution, resolution])
  backbone({ g, parameter }, arch, image).forEach((tap, index) => g.output(`feature${index}`, tap))
  return g.finish()
}

describe.each(['convnext_small', 'efficientnet', 'resnet'] as const)('the backbone %s', (arch) => {
  const { resolution, input, features } = RECORDED
  const graph = backboneGraph(arch, resolution)

  it(`computes what torchvision computes at ${resolution}`, async () => {
    const outputs = await runGraph(graph, { image: namedImage(input, [1, 3, resolution, resolution]) })
    for (const [index, { name, shape }] of graph.outputs.entries()) {
      expectSample(name, { shape, data: outputs[name] as Numbers }, at(features[arch], index))
    }
    expect(graph.outputs).toHaveLength(4)
  })

  it('is recognised by the tensors it asks for', () => {
    const token = { shape: [1, 256] }
    const tensors = new Map<string, { readonly shape: readonly number[] }>(graph.initializers)
      .set('face_decoder.background_token.weight', token)
      .set('face_decoder.necklace_token.weight', token)
    expect(recognise(tensors)).toEqual({ arch, classes: 19 })
  })
})

const FORWARD = shared('reference', 'forward')

/** The papers' networks with SegFace's head of 19 classes. */
const PARAMETERS = {
  convnext_base: 91_828_992,
  convnext_small: 53_594_848,
  efficientnet: 57_036_916,
  resnet: 47_256_256,
} as const

describe.each(['convnext_base', 'convnext_small', 'efficientnet', 'resnet'] as const)(
  'SegFace %s',
  (arch) => {
    const read = () => readReference(join(FORWARD.path, `${arch}_256.json`))

    it.runIf(FORWARD.present)('computes what PyTorch computes at 256', () => expectParity(read()))

    it.runIf(FORWARD.present)('is recognised, with as many parameters as the paper counts', () => {
      const entries = read().state_dict.map(([name, shape]) => [name, { shape }] as const)
      const tensors = new Map(entries)
      expect(requireBuildable(tensors)).toEqual({ arch, classes: 19 })
      expect(countParameters(tensors)).toBe(PARAMETERS[arch])
    })
  },
)
