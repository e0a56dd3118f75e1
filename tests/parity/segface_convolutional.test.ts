/** @file SegFace's convolutional backbones beside MobileNet against numbers recorded from PyTorch. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/shared/assert'
import { recognise, requireBuildable } from '../../src/main/segface/config'
import { countParameters } from '../../src/main/segface/weights'
import type { NamedBackbone } from '../helpers/backbone'
import { namedBackbone } from '../helpers/backbone'
import type { Sample } from '../helpers/forward'
import { expectParity, expectSample, readReference } from '../helpers/forward'
import { namedImage } from '../helpers/named_tensors'
import type { Numbers } from '../helpers/run_graph'
import { runGraph } from '../helpers/run_graph'
import { shared } from '../helpers/shared'

/** These networks are large, and machines may be busy. */
const TIMEOUT = 300_000

/** What torchvision's networks give for named tensors, at a size whose halves are odd. */
const RECORDED = JSON.parse(readFileSync('tests/fixtures/forward/convolutional_72.json', 'utf8')) as {
  readonly resolution: number
  readonly input: string
  readonly features: Readonly<Record<'convnext_small' | 'efficientnet' | 'resnet', readonly Sample[]>>
}

describe.each(['convnext_small', 'efficientnet', 'resnet'] as const)('the backbone %s', (arch) => {
  const { resolution, input, features } = RECORDED
  let made: NamedBackbone
  beforeAll(() => {
    made = namedBackbone(arch, resolution)
  }, TIMEOUT)

  it(`computes what torchvision computes at ${resolution}`, { timeout: TIMEOUT }, async () => {
    const outputs = await runGraph(made.graph, { image: namedImage(input, [1, 3, resolution, resolution]) })
    for (const [index, { name, shape }] of made.graph.outputs.entries()) {
      expectSample(name, { shape, data: outputs[name] as Numbers }, at(features[arch], index))
    }
    expect(made.graph.outputs).toHaveLength(4)
  })

  it('is recognised by the tensors it asks for', () => {
    const token = { shape: [1, 256] }
    const tensors = new Map<string, { readonly shape: readonly number[] }>(made.parameters)
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

    it.runIf(FORWARD.present)('computes what PyTorch computes at 256', { timeout: TIMEOUT }, () =>
      expectParity(read()),
    )

    it.runIf(FORWARD.present)('is recognised, with as many parameters as the paper counts', () => {
      const entries = read().state_dict.map(([name, shape]) => [name, { shape }] as const)
      const tensors = new Map(entries)
      expect(requireBuildable(tensors)).toEqual({ arch, classes: 19 })
      expect(countParameters(tensors)).toBe(PARAMETERS[arch])
    })
  },
)
