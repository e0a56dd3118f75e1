/** @file A small mixture on WebGPU and on the processor, in a process of its own: a driver may crash. */
import { encodeModel } from '../../src/main/onnx/encode'
import { GraphBuilder, type Graph } from '../../src/main/onnx/graph'
import { Conv } from '../../src/main/onnx/ops/conv'
import { createSession } from '../../src/main/runtime/session'
import { buildMixture } from '../../src/main/segface/mixture'
import { CLASS_NAMES } from '../../src/shared/labels'
import { namedImage, namedTensor } from '../helpers/named_tensors'

const SHAPE = [1, 3, 32, 32] as const

/** Logits that are a 1x1 convolution of the picture. */
function network(name: string): Graph {
  const g = new GraphBuilder(name)
  const image = g.input('image', 'float32', SHAPE)
  const weight = g.initializer('weight', namedTensor(`${name}.kernel`, [CLASS_NAMES.length, 3, 1, 1]))
  g.output('logits', Conv(g, image, weight, null))
  return g.finish()
}

/** The largest difference, and that of each provider to the base alone, which must not be what it gives. */
export default async function compare(): Promise<{ difference: number; toBase: number }> {
  const base = network('base')
  const mixture = buildMixture(base, [{ graph: network('other'), parts: ['hair', 'skin', 'hat'] }])
  const feeds = { image: { data: namedImage('a face', SHAPE), shape: SHAPE } }
  const run = async (graph: Graph, provider: 'cpu' | 'webgpu'): Promise<Float32Array> => {
    const session = await createSession(encodeModel(graph), provider)
    const { logits } = await session.run(feeds)
    return logits?.data as Float32Array
  }
  const [cpu, gpu, alone] = [await run(mixture, 'cpu'), await run(mixture, 'webgpu'), await run(base, 'cpu')]
  const furthest = (other: Float32Array): number =>
    cpu.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0)
  return { difference: furthest(gpu), toBase: furthest(alone) }
}
