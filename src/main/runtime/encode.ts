/** @file Graphs as a provider computes them best. */
import { encodeModel } from '../onnx/encode'
import type { Graph } from '../onnx/graph'
import { splitLongProducts } from '../onnx/split_k'
import type { Provider } from '../../shared/terms'

/** The ONNX bytes of `graph` for `provider`. The other providers' libraries cut long products by themselves. */
export function encodeFor(provider: Provider, graph: Graph): Uint8Array {
  return encodeModel(provider === 'webgpu' ? splitLongProducts(graph) : graph)
}
