/** @file Networks kept ready to run in the engine: from weights on disk to a loaded session, the last few used. */
import type { Provider } from '../../shared/api'
import { withCheckpoint } from '../checkpoint/open'
import type { Tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import { createSession, type Session } from '../runtime/session'
import { recognise } from '../segface/config'
import { buildSegFace } from '../segface/network'
import { buildLabelHead } from '../segface/postprocess'
import type { NetworkRef } from './protocol'

export interface Network {
  readonly arch: string
  readonly classes: number
  readonly resolution: number
  readonly session: Session
}

/** A loaded network costs up to a gigabyte; label heads cost next to nothing but one per mask size. */
const MAX_NETWORKS = 2
const MAX_HEADS = 16

const networks = new Map<string, Network>()
const heads = new Map<string, Session>()

/** Reads every tensor of a checkpoint. */
function readStateDict(file: string): Promise<Map<string, Tensor>> {
  return withCheckpoint(file, async (checkpoint) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of checkpoint.tensors) tensors.set(name, await checkpoint.read(name))
    return tensors
  })
}

/** The network of `ref` for `batch` pictures at once, loaded on `provider`. */
export async function loadNetwork(ref: NetworkRef, provider: Provider, batch = 1): Promise<Network> {
  const key = JSON.stringify([ref, provider, batch])
  return kept(
    networks,
    key,
    MAX_NETWORKS,
    async () => {
      const stateDict = await readStateDict(ref.weights)
      const { arch, classes } = recognise(stateDict, ref.weights)
      const graph = buildSegFace(stateDict, { resolution: ref.resolution, batch })
      return {
        arch,
        classes,
        resolution: ref.resolution,
        session: await createSession(encodeModel(graph), provider),
      }
    },
    (network) => network.session.release(),
  )
}

/** Logits of [1, classes, resolution, resolution] to one class per pixel on a grid; always on the processor. */
export async function loadLabelHead(
  classes: number,
  resolution: number,
  width: number,
  height: number,
): Promise<Session> {
  const key = [classes, resolution, width, height].join()
  return kept(
    heads,
    key,
    MAX_HEADS,
    () => createSession(encodeModel(buildLabelHead({ classes, resolution, height, width })), 'cpu'),
    (head) => head.release(),
  )
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
