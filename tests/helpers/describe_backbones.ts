/** @file What holds for every backbone alone: it computes what torchvision computes, and is recognised by what it asks for. */
import { beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/shared/assert'
import type { Architecture } from '../../src/main/segface/config'
import { recognise } from '../../src/main/segface/config'
import type { NamedBackbone } from './backbone'
import { namedBackbone } from './backbone'
import type { Sample } from './forward'
import { expectSample } from './forward'
import { namedImage } from './named_tensors'
import type { Numbers } from './run_graph'
import { runGraph } from './run_graph'

/** These networks are large, and machines may be busy. */
const TIMEOUT = 300_000

/** The four taps of some backbones for named tensors, recorded from torchvision. */
export interface RecordedTaps<A extends Architecture> {
  readonly resolution: number
  readonly input: string
  readonly features: Readonly<Record<A, readonly Sample[]>>
}

export function describeBackbones<A extends Architecture>(
  archs: readonly A[],
  recorded: RecordedTaps<A>,
): void {
  const { resolution, input, features } = recorded
  describe.each(archs)('the backbone %s', (arch) => {
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
}
