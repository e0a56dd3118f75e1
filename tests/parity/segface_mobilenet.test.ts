/** @file SegFace with MobileNetV3-Large against numbers recorded from PyTorch: taps, fused map and logits. */
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeModel } from '../../src/main/onnx/decode'
import { encodeModel } from '../../src/main/onnx/encode'
import { printGraph } from '../../src/main/onnx/print'
import { recognise } from '../../src/main/segface/config'
import { buildSegFace } from '../../src/main/segface/network'
import { countParameters } from '../../src/main/segface/weights'
import { maxDifference } from '../helpers/allclose'
import { expectParity, readReference } from '../helpers/forward'
import { namedImage, namedStateDict } from '../helpers/named_tensors'
import { runGraph } from '../helpers/run_graph'
import { shared } from '../helpers/shared'

const FIXTURE = resolve('tests/fixtures/forward/mobilenet_256.json')
const AT_512 = shared('reference', 'forward', 'mobilenet_512.json')

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

describe('SegFace MobileNet', () => {
  const reference = readReference(FIXTURE)
  const stateDict = namedStateDict(reference.state_dict)

  it('computes what PyTorch computes at 256', () => expectParity(reference))

  it.runIf(AT_512.present)('computes what PyTorch computes at 512', () =>
    expectParity(readReference(AT_512.path)),
  )

  it('is recognised, with as many parameters as the paper counts', () => {
    expect(recognise(stateDict)).toEqual({ arch: 'mobilenet', classes: 19 })
    expect(countParameters(stateDict)).toBe(7_035_824)
  })

  it.each([224, 250, 320, 448])('runs at %i', async (resolution) => {
    const graph = buildSegFace(stateDict, { resolution })
    const image = namedImage(`image:${resolution}`, [1, 3, resolution, resolution])
    const { logits } = await runGraph(graph, { image })
    expect(graph.outputs[0]?.shape).toEqual([1, 19, resolution, resolution])
    expect(logits).toHaveLength(19 * resolution ** 2)
    expect((logits as Float32Array).every(Number.isFinite)).toBe(true)
  })

  it('treats the pictures of a batch alone', async () => {
    const shape = [1, 3, 64, 64]
    const [a, b] = [namedImage('a', shape), namedImage('b', shape)]
    const alone = buildSegFace(stateDict, { resolution: 64 })
    const together = buildSegFace(stateDict, { resolution: 64, batch: 2 })
    const { logits } = await runGraph(together, { image: joined(a, b) })
    const ofA = (await runGraph(alone, { image: a }))['logits'] as Float32Array
    const ofB = (await runGraph(alone, { image: b }))['logits'] as Float32Array
    expect(maxDifference(logits as Float32Array, joined(ofA, ofB))).toBeLessThan(1e-4)
  })

  it('survives its own file', () => {
    const graph = buildSegFace(stateDict, { resolution: 64 })
    expect(printGraph(decodeModel(encodeModel(graph)))).toBe(printGraph(graph))
  })
})
