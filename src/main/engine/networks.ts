/** @file Networks kept ready to run in the engine: from weights on disk to a loaded session, the last few used. */
import type { Provider } from '../../shared/api'
import { withCheckpoint } from '../checkpoint/open'
import type { Tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import type { Graph } from '../onnx/graph'
import { createSession, type Session } from '../runtime/session'
import { buildSegFace } from '../segface/network'
import { buildLabelHead } from '../segface/postprocess'
import type { GraphCache } from './graph_cache'
import type { NetworkRef } from './protocol'

export interface Network {
  readonly classes: number
  readonly resolution: number
  readonly session: Session
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
    return kept(
      this.#networks,
      JSON.stringify([ref, provider, batch]),
      MAX_NETWORKS,
      async () => {
        const make = async (): Promise<Uint8Array> => encodeModel(await buildNetwork(ref, batch))
        const graph = this.cache ? await this.cache.graphOf(ref, batch, make) : await make()
        const session = await createSession(graph, provider)
        const [, classes = 0] = session.outputs.get('logits') ?? []
        return { classes: Number(classes), resolution: ref.resolution, session }
      },
      (network) => network.session.release(),
    )
  }

  /** Logits of [1, classes, resolution, resolution] to one class per pixel on a grid; always on the processor. */
  loadLabelHead(classes: number, resolution: number, width: number, height: number): Promise<Session> {
    return kept(
      this.#heads,
      [classes, resolution, width, height].join(),
      MAX_HEADS,
      () => createSession(encodeModel(buildLabelHead({ classes, resolution, height, width })), 'cpu'),
      (head) => head.release(),
    )
  }
}

/** The graph of `ref`, with all weights read from disk. Throws a checkpoint error or `model/unsupported`. */
export async function buildNetwork({ weights, resolution }: NetworkRef, batch = 1): Promise<Graph> {
  const stateDict = await withCheckpoint(weights, async (checkpoint) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of checkpoint.tensors) tensors.set(name, await checkpoint.read(name))
    return tensors
  })
  return buildSegFace(stateDict, { resolution, batch })
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
