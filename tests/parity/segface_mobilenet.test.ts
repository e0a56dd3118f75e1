/** @file SegFace with MobileNetV3-Large against numbers recorded from PyTorch: taps, fused map and logits. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { elementCount } from '../../src/main/base/tensor'
import { decodeModel } from '../../src/main/onnx/decode'
import { encodeModel } from '../../src/main/onnx/encode'
import { printGraph } from '../../src/main/onnx/print'
import { requireBuildable } from '../../src/main/segface/config'
import { buildSegFace } from '../../src/main/segface/network'
import { countParameters } from '../../src/main/segface/weights'
import { maxDifference } from '../helpers/allclose'
import { namedImage, namedStateDict, pickedPositions } from '../helpers/named_tensors'
import { runGraph } from '../helpers/run_graph'
import { shared } from '../helpers/shared'

interface Sample {
  readonly shape: readonly number[]
  readonly picks: string
  readonly count: number
  readonly values_f32_b64: string
}
interface Reference {
  readonly resolution: number
  readonly state_dict: readonly (readonly [string, readonly number[], string])[]
  /** The name of the image's tensor. */
  readonly input: string
  readonly features: readonly Sample[]
  readonly fused: Sample
  readonly logits: Sample
}

/** The bar of the design: outputs within 1e-3 of PyTorch. */
const TOLERANCE = 1e-3

const FIXTURE = resolve('tests/fixtures/forward/mobilenet_256.json')
const AT_512 = shared('reference', 'forward', 'mobilenet_512.json')

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Reference

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

async function expectParity(reference: Reference): Promise<void> {
  const graph = buildSegFace(namedStateDict(reference.state_dict), {
    resolution: reference.resolution,
    taps: true,
  })
  const shape = [1, 3, reference.resolution, reference.resolution]
  const outputs = await runGraph(graph, { image: namedImage(reference.input, shape) })
  const samples: [string, Sample][] = [
    ...reference.features.map((sample, index): [string, Sample] => [`feature${index}`, sample]),
    ['fused', reference.fused],
    ['logits', reference.logits],
  ]
  for (const [name, sample] of samples) {
    const output = outputs[name] as Float32Array
    expect(graph.outputs.find((value) => value.name === name)?.shape).toEqual(sample.shape)
    const positions = pickedPositions(sample.picks, sample.count, elementCount(sample.shape))
    const bytes = Buffer.from(sample.values_f32_b64, 'base64')
    const expected = positions.map((_, index) => bytes.readFloatLE(4 * index))
    const actual = positions.map((position) => output[position] as number)
    expect(maxDifference(actual, expected), name).toBeLessThanOrEqual(TOLERANCE)
  }
}

describe('SegFace MobileNet', () => {
  const reference = read(FIXTURE)
  const stateDict = namedStateDict(reference.state_dict)

  it('computes what PyTorch computes at 256', () => expectParity(reference))

  it.runIf(AT_512.present)('computes what PyTorch computes at 512', () => expectParity(read(AT_512.path)))

  it('is recognised, with as many parameters as the paper counts', () => {
    expect(requireBuildable(stateDict)).toEqual({ arch: 'mobilenet', classes: 19 })
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
