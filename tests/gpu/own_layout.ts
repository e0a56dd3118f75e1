/** @file WebGPU in its own layout, for a child process: which of the conformance convolutions it gets wrong then. */
import { InferenceSession } from 'onnxruntime-node'
import { conformanceGraphs, feedsOf, requireClose } from '../../src/main/engine/conformance'
import { encodeModel } from '../../src/main/onnx/encode'
import { toTensor } from '../../src/main/runtime/session'

export default async function wrongInOwnLayout(): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, graph] of conformanceGraphs('predicting')) {
    if (!name.startsWith('Conv of ')) continue
    const feeds = Object.entries(feedsOf(graph)).map(([input, array]) => [input, toTensor(array)] as const)
    const results = []
    for (const provider of [{ name: 'webgpu', preferredLayout: 'NHWC' } as const, 'cpu'] as const) {
      const session = await InferenceSession.create(encodeModel(graph), { executionProviders: [provider] })
      results.push((await session.run(Object.fromEntries(feeds))).y?.data as Float32Array)
    }
    const [found = [], expected = []] = results
    try {
      requireClose('webgpu', name, found, expected)
    } catch {
      wrong.push(name)
    }
  }
  return wrong
}
