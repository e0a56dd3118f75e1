/** @file Networks kept ready to run in the engine: from weights on disk to a loaded session, the last few used. */
import type { Provider } from '../../shared/api'
import { FacetError } from '../../shared/errors'
import { CLASS_ORDERS, type Channel } from '../../shared/labels'
import { SEGFACE_PREPROCESSING, type OnnxDescription, type Preprocessing } from '../../shared/network'
import { withTensors } from '../checkpoint/overlay'
import type { Tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import type { Graph } from '../onnx/graph'
import { createSession, type Session } from '../runtime/session'
import { buildMixture, type TakenParts } from '../segface/mixture'
import { buildSegFace } from '../segface/network'
import { buildLabelHead } from '../segface/postprocess'
import type { GraphCache } from './graph_cache'
import type { NetworkRef } from './protocol'

export interface Network {
  /** The class of each channel of its logits. */
  readonly channels: readonly Channel[]
  readonly resolution: number
  readonly preprocessing: Preprocessing
  readonly session: Session
  /** One normalised picture [1, 3, R, R] to logits [1, C, h, w]; h and w are R where SegFace's tensors make it. */
  run(image: Float32Array): Promise<Logits>
}

export interface Logits {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** A loaded network costs up to a gigabyte; label heads cost next to nothing but one per mask size. */
const MAX_NETWORKS = 2
const MAX_HEADS = 16

export class Networks {
  readonly #networks = new Map<string, Network>()
  readonly #heads = new Map<string, Session>()

  /** Without a cache, every network is built from its weights. */
  constructor(private readonly cache: GraphCache | null) {}

  /** The network of `ref` for `batch` pictures at once, loaded on `provider`. */
  load(ref: NetworkRef, provider: Provider, batch = 1): Promise<Network> {
    const { weights, changes, resolution, onnx, taken } = ref
    return kept(
      this.#networks,
      JSON.stringify([weights, changes, resolution, onnx, taken, provider, batch]),
      MAX_NETWORKS,
      async () => (onnx ? loadOnnx(ref, onnx, provider) : this.#loadSegFace(ref, provider, batch)),
      (network) => network.session.release(),
    )
  }

  async #loadSegFace(ref: NetworkRef, provider: Provider, batch: number): Promise<Network> {
    const make = async (): Promise<Uint8Array> => encodeModel(await buildNetwork(ref, batch))
    const graph = this.cache ? await this.cache.graphOf(ref, batch, make) : await make()
    const session = await createSession(graph, provider)
    const [, classes] = session.outputs.get('logits') ?? []
    const channels = CLASS_ORDERS[classes === 11 ? 'lapa' : 'segface']
    return networkOver(session, ref.resolution, SEGFACE_PREPROCESSING, channels, SEGFACE_PORTS)
  }

  /** Logits of `shape` [1, C, h, w] to one channel's number per pixel of a grid; always on the processor. */
  loadLabelHead(shape: readonly number[], width: number, height: number): Promise<Session> {
    return kept(
      this.#heads,
      [...shape, width, height].join(),
      MAX_HEADS,
      () => createSession(encodeModel(buildLabelHead({ shape, height, width })), 'cpu'),
      (head) => head.release(),
    )
  }
}

const SEGFACE_PORTS = { input: 'image', output: 'logits' }

/** An ONNX file of others as it is; what it must be like is told by the error where it is not. */
async function loadOnnx(ref: NetworkRef, onnx: OnnxDescription, provider: Provider): Promise<Network> {
  const session = await createSession(ref.weights, provider)
  return networkOver(session, ref.resolution, onnx.preprocessing, onnx.classes, onnx)
}

function networkOver(
  session: Session,
  resolution: number,
  preprocessing: Preprocessing,
  channels: readonly Channel[],
  { input, output }: { readonly input: string; readonly output: string },
): Network {
  return {
    channels,
    resolution,
    preprocessing,
    session,
    async run(image) {
      const outputs = await session.run({ [input]: { data: image, shape: [1, 3, resolution, resolution] } })
      const logits = outputs[output]
      if (!(logits?.data instanceof Float32Array) || logits.shape[1] !== channels.length) {
        const found = logits ? `[${logits.shape.join(', ')}]` : 'nothing'
        throw new FacetError(
          'model/unsupported',
          `The network's output '${output}' gives ${found} where float32 logits of ${channels.length} classes, [1, ${channels.length}, h, w], are expected; import the file again and choose its output and class order.`,
        )
      }
      return { data: logits.data, shape: logits.shape }
    },
  }
}

/** The graph of SegFace's tensors in `ref`, all read from disk. Throws a checkpoint error or `model/unsupported`. */
export async function buildNetwork(ref: NetworkRef, batch = 1): Promise<Graph> {
  const { weights, changes = [], resolution, taken = [] } = ref
  const stateDict = await withTensors([weights, ...changes], async (source) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of source.tensors) tensors.set(name, await source.read(name))
    return tensors
  })
  const graph = buildSegFace(stateDict, { resolution, batch })
  const others: TakenParts[] = []
  for (const { from, parts } of taken) others.push({ graph: await buildNetwork(from, batch), parts })
  return buildMixture(graph, others)
}

/** The cached value under `key`, made where absent; the least recently used one beyond `most` is released. */
async function kept<T>(
  cache: Map<string, T>,
  key: string,
  most: number,
  make: () => Promise<T>,
  release: (value: T) => Promise<void>,
): Promise<T> {
  const found = cache.get(key)
  if (found !== undefined) {
    cache.delete(key)
    cache.set(key, found)
    return found
  }
  for (const [oldest, value] of cache) {
    if (cache.size < most) break
    cache.delete(oldest)
    await release(value)
  }
  const value = await make()
  cache.set(key, value)
  return value
}
