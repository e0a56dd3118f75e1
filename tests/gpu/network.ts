/** @file A whole network on WebGPU, for a child process: how far its logits are from the processor's. */
import { at } from '../../src/shared/assert'
import { encodeFor } from '../../src/main/runtime/encode'
import { createSession } from '../../src/main/runtime/session'
import type { Architecture } from '../../src/main/segface/config'
import { buildSegFace } from '../../src/main/segface/network'
import { maxDifference } from '../helpers/allclose'
import { namedSegFace } from '../helpers/backbone'
import { namedImage } from '../helpers/named_tensors'

/** Of logits for named tensors: their largest difference, and the processor's largest magnitude. */
export default async function compare(arch: Architecture, resolution: number) {
  const graph = buildSegFace(namedSegFace(arch), { resolution })
  const shape = [1, 3, resolution, resolution]
  const image = { data: namedImage('image', shape), shape }
  const logits = []
  for (const provider of ['webgpu', 'cpu'] as const) {
    const session = await createSession(encodeFor(provider, graph), provider)
    logits.push((await session.run({ image })).logits?.data ?? [])
    await session.release()
  }
  const [found, expected] = [at(logits, 0), at(logits, 1)]
  return {
    count: found.length,
    difference: maxDifference(found, expected),
    largest: maxDifference(expected, new Float32Array(expected.length)),
  }
}
