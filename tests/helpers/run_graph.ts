/** @file Runs a graph of ours in the real onnxruntime, on the processor, with the options of the product. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { at } from '../../src/shared/assert'
import { elementCount } from '../../src/main/base/tensor'
import { encodeModel } from '../../src/main/onnx/encode'
import type { Graph } from '../../src/main/onnx/graph'
import { sessionOptions } from '../../src/main/runtime/providers'
import { saturates } from '../../src/main/runtime/saturation'

export type Numbers = Float32Array | Uint8Array | Int32Array | BigInt64Array

const ORT_TYPES = { float32: 'float32', uint8: 'uint8', int32: 'int32', int64: 'int64' } as const

/** Outputs by name; `feeds` gives each graph input its elements. */
export async function runGraph(
  graph: Graph,
  feeds: Readonly<Record<string, Numbers>>,
): Promise<Record<string, Numbers>> {
  const session = await InferenceSession.create(
    encodeModel(graph),
    sessionOptions('cpu', 2, await saturates()),
  )
  try {
    const inputs = graph.inputs.map(({ name, dtype, shape }) => {
      const data = feeds[name]
      if (data?.length !== elementCount(shape))
        throw new Error(`the input ${name} needs ${elementCount(shape)} numbers`)
      return [name, new Tensor(ORT_TYPES[dtype as keyof typeof ORT_TYPES], data, shape)] as const
    })
    const outputs = await session.run(Object.fromEntries(inputs))
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Numbers]))
  } finally {
    await session.release()
  }
}

/** `runGraph` for a graph with one output. */
export async function runOne(graph: Graph, feeds: Readonly<Record<string, Numbers>>): Promise<Numbers> {
  const outputs = await runGraph(graph, feeds)
  return outputs[at(graph.outputs, 0).name] as Numbers
}
