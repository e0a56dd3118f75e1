/** @file Holding a network against numbers recorded from PyTorch, in the format of ../shared/reference/README.md. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { at } from '../../src/shared/assert'
import { elementCount } from '../../src/main/base/tensor'
import { buildSegFace } from '../../src/main/segface/network'
import { maxDifference } from './allclose'
import { namedImage, namedStateDict, pickedPositions } from './named_tensors'
import type { Numbers } from './run_graph'
import { runGraph } from './run_graph'

/** Some elements of a tensor. */
export interface Sample {
  readonly shape: readonly number[]
  readonly picks: string
  readonly count: number
  /** The largest magnitude in the whole tensor. */
  readonly absmax: number
  readonly values_f32_b64: string
}

export interface Reference {
  readonly model: string
  readonly resolution: number
  readonly state_dict: readonly (readonly [name: string, shape: readonly number[], dtype: string])[]
  /** The name of the image's tensor. */
  readonly input: string
  readonly features: readonly Sample[]
  readonly fused: Sample
  readonly logits: Sample
}

/** The bar of the design: outputs within 1e-3 of PyTorch, relative to the tensor's largest magnitude where that exceeds 1. */
const TOLERANCE = 1e-3

export function readReference(file: string): Reference {
  return JSON.parse(readFileSync(file, 'utf8')) as Reference
}

/** Fails unless the tensor called `name` has the sample's shape and, at the picked positions, its values. */
export function expectSample(
  name: string,
  tensor: { readonly shape: readonly number[]; readonly data: Numbers },
  sample: Sample,
): void {
  expect(tensor.shape, name).toEqual(sample.shape)
  const positions = pickedPositions(sample.picks, sample.count, elementCount(sample.shape))
  const bytes = Buffer.from(sample.values_f32_b64, 'base64')
  const expected = positions.map((_, index) => bytes.readFloatLE(4 * index))
  const actual = positions.map((position) => Number(tensor.data[position]))
  expect(maxDifference(actual, expected), name).toBeLessThanOrEqual(TOLERANCE * Math.max(1, sample.absmax))
}

/** Fails unless the network of the reference's state dict gives its taps, fused map and logits. */
export async function expectParity(reference: Reference): Promise<void> {
  const { resolution, features, fused, logits } = reference
  const graph = buildSegFace(namedStateDict(reference.state_dict), { resolution, taps: true })
  const image = namedImage(reference.input, [1, 3, resolution, resolution])
  const outputs = await runGraph(graph, { image })
  // In the order in which buildSegFace lists its outputs.
  const samples = [logits, ...features, fused]
  expect(graph.outputs).toHaveLength(samples.length)
  for (const [index, { name, shape }] of graph.outputs.entries()) {
    expectSample(name, { shape, data: outputs[name] as Numbers }, at(samples, index))
  }
}
