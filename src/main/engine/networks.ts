/** @file Networks kept ready to run in the engine: from weights on disk to a loaded session, the last few used. */
import type { Provider } from '../../shared/terms'
import { at } from '../../shared/assert'
import { fingerprint } from '../base/fs'
import { FacetError } from '../../shared/errors'
import { CLASS_ORDERS, type Channel } from '../../shared/labels'
import { SEGFACE_PREPROCESSING, type OnnxDescription, type Preprocessing } from '../../shared/network'
import { infosByName } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { readTensors } from '../checkpoint/overlay'
import { elementCount } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import type { Graph } from '../onnx/graph'
import { encodeFor } from '../runtime/encode'
import { createSession, type Session } from '../runtime/session'
import { recognise, type SegFaceConfig } from '../segface/config'
import { backboneInInt8, gainsInInt8 } from '../segface/int8'
import { buildMixture, type TakenParts } from '../segface/mixture'
import { buildSegFace } from '../segface/network'
import { buildHead, endIn, type Ending } from '../segface/postprocess'
import { cannotRun } from './examine'
import { DeviceNetwork } from './device_network'
import { endOf, type Grid } from './ending'
import { kept } from './kept'
import type { GraphCache } from './graph_cache'
import { filesOf, type NetworkRef } from './protocol'

interface Releasable {
  release(): Promise<void>
}

/** A network loaded on a provider, and what it is fed. */
interface Loaded<S extends Releasable = Session> {
  /** The class of each of its channels. */
  readonly channels: readonly Channel[]
  readonly resolution: number
  readonly preprocessing: Preprocessing
  readonly session: S
}

/** Loads a graph: ONNX bytes, or the path of an ONNX file. */
type Opener<S> = (graph: Uint8Array | string) => Promise<S>

const sessionOn =
  (provider: Provider): Opener<Session> =>
  (graph) =>
    createSession(graph, provider)
const onDevice: Opener<DeviceNetwork> = (graph) => DeviceNetwork.create(graph)

export interface Network extends Loaded<Releasable> {
  /** Normalised pictures [N, 3, R, R] to logits [N, C, h, w]; h and w are R where SegFace's tensors make it. */
  run(image: Float32Array): Promise<Logits>
}

export interface Labeller extends Loaded<Releasable> {
  /**
   * One normalised picture [1, 3, R, R] to a number per pixel of a grid of any size, [height, width]: a channel's, or how sure
   * the network is of it, by what the labeller was loaded for.
   */
  label(image: Float32Array, grid: Grid): Promise<Uint8Array>
}

export interface Logits {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

export interface BatchLabeller extends Loaded<Releasable> {
  /** Normalised pictures, a batch at most, each on a grid of its own. */
  labelAll(images: readonly Float32Array[], grids: readonly Grid[]): Promise<Uint8Array[]>
}

/** A network with what ends its logits. */
interface Endable extends Loaded<Releasable> {
  /** Normalised pictures [N, 3, R, R], one after another, to what ends the logits of any of them. */
  run(images: Float32Array): Promise<EndPicture>
}

type EndPicture = (ending: Ending, picture: number, grid: Grid) => Promise<Uint8Array>

/** A loaded network costs up to a gigabyte; label heads cost next to nothing but one per mask size. */
const MAX_NETWORKS = 2
const MAX_HEADS = 16

export class Networks {
  readonly #networks = new Map<string, Loaded<Releasable>>()
  readonly #heads = new Map<string, Session>()

  /** Without a cache, every network is built from its weights. */
  constructor(private readonly cache: GraphCache | null) {}

  /** The network of `ref` for `batch` pictures at once (one, where it is a file of others), loaded on `provider`. */
  async load(ref: NetworkRef, provider: Provider, batch = 1): Promise<Network> {
    const { weights, resolution, onnx } = ref
    if (onnx) {
      // One session, however the file is described.
      const described = async (): Promise<Loaded> => loadOnnx(ref, onnx, provider)
      const { session } = await this.#kept({ weights, resolution }, provider, 'a file of others', described)
      const { preprocessing, classes: channels } = onnx
      const network = networkOver({ session, resolution, preprocessing, channels }, onnx)
      const run: Network['run'] = (image) =>
        network.run(image).catch((error: unknown) => {
          if (error instanceof FacetError) throw error
          const advice = ' Say in its description which side, input and output it really has.'
          throw cannotRun(weights, resolution, error, advice)
        })
      return { ...network, run }
    }
    if (provider === 'webgpu') {
      const loaded = await this.#loadForLogits(ref, provider, batch, onDevice)
      const { session: network } = loaded
      const run: Network['run'] = async (image) => {
        await network.run(image, [batch, 3, resolution, resolution])
        return network.logits()
      }
      return { ...loaded, run }
    }
    return networkOver(await this.#loadForLogits(ref, provider, batch, sessionOn(provider)), SEGFACE_PORTS)
  }

  /**
   * What labels pictures by the network of `ref` on `provider`, or says how sure it is of that. On the processor its graph ends
   * in them; others need not know how to make them.
   */
  async loadLabeller(ref: NetworkRef, provider: Provider, ending: Ending = 'labels'): Promise<Labeller> {
    if (provider === 'cpu' && !ref.onnx) {
      const make = async (): Promise<Graph> => endIn(ending, await buildNetwork(ref))
      return labellerOver(await this.#loadSegFace(ref, provider, ending, make, sessionOn(provider)), ending)
    }
    const { run, ...network } = await this.#loadEndable(ref, provider, 1)
    return { ...network, label: async (image, grid) => (await run(image))(ending, 0, grid) }
  }

  /** What labels `batch` pictures at once. An ONNX file of others, and a batch of one, take one after another. */
  async loadBatchLabeller(ref: NetworkRef, provider: Provider, batch: number): Promise<BatchLabeller> {
    if (batch === 1 || ref.onnx) {
      const labeller = await this.loadLabeller(ref, provider)
      const labelAll: BatchLabeller['labelAll'] = async (images, grids) => {
        const all: Uint8Array[] = []
        for (const [i, image] of images.entries()) all.push(await labeller.label(image, at(grids, i)))
        return all
      }
      return { ...labeller, labelAll }
    }
    const { run, ...network } = await this.#loadEndable(ref, provider, batch)
    const labelAll: BatchLabeller['labelAll'] = async (images, grids) => {
      const size = 3 * ref.resolution ** 2
      // Places that stay empty are pictures of zeros.
      const together = new Float32Array(batch * size)
      images.forEach((image, i) => together.set(image, i * size))
      const end = await run(together)
      const all: Uint8Array[] = []
      for (const [i, grid] of grids.entries()) all.push(await end('labels', i, grid))
      return all
    }
    return { ...network, labelAll }
  }

  /** A network whose logits are ended where they are; those that cannot be are brought to an end on the processor. */
  async #loadEndable(ref: NetworkRef, provider: Provider, batch: number): Promise<Endable> {
    if (provider === 'webgpu' && !ref.onnx) {
      const loaded = await this.#loadForLogits(ref, provider, batch, onDevice)
      const { session: network, resolution } = loaded
      const run: Endable['run'] = async (images) => {
        await network.run(images, [batch, 3, resolution, resolution])
        let logits: Promise<Logits> | undefined
        return async (ending, picture, grid) =>
          network.fits(grid)
            ? network.end(ending, picture, grid)
            : this.#end(ending, await (logits ??= network.logits()), picture, grid)
      }
      return { ...loaded, run }
    }
    const network = await this.load(ref, provider, batch)
    const run: Endable['run'] = async (images) => {
      const logits = await network.run(images)
      return (ending, picture, grid) => this.#end(ending, logits, picture, grid)
    }
    return { ...network, run }
  }

  /** Ends the logits of a picture on the processor. */
  async #end(ending: Ending, { data, shape }: Logits, picture: number, grid: Grid): Promise<Uint8Array> {
    const one = [1, ...shape.slice(1)]
    const length = elementCount(one)
    const head = await this.#loadHead(ending, one, grid)
    const logits = { data: data.subarray(picture * length, (picture + 1) * length), shape: one }
    return endOf(ending, await head.run({ logits }))
  }

  #loadForLogits<S extends Releasable>(
    ref: NetworkRef,
    provider: Provider,
    batch: number,
    open: Opener<S>,
  ): Promise<Loaded<S>> {
    return this.#loadSegFace(ref, provider, `logits of ${batch}`, () => buildNetwork(ref, batch), open)
  }

  /** The network of `ref` as `open` loads its graph, which `make` builds where the cache does not have it. */
  #loadSegFace<S extends Releasable>(
    ref: NetworkRef,
    provider: Provider,
    form: string,
    make: () => Promise<Graph>,
    open: Opener<S>,
  ): Promise<Loaded<S>> {
    return this.#kept(ref, provider, form, async () => {
      const encode = async (): Promise<Uint8Array> => encodeFor(provider, await make())
      const cached = provider === 'webgpu' ? `${form}, for WebGPU` : form
      const graph = this.cache ? await this.cache.graphOf(ref, cached, encode) : await encode()
      const session = await open(graph)
      const channels = CLASS_ORDERS[(await recogniseIn(ref.weights)).classes === 11 ? 'lapa' : 'segface']
      return { session, channels, resolution: ref.resolution, preprocessing: SEGFACE_PREPROCESSING }
    })
  }

  /** By what its files hold, too: another model may stand in the place of one that was deleted. */
  async #kept<S extends Releasable>(
    ref: NetworkRef,
    provider: Provider,
    form: string,
    make: () => Promise<Loaded<S>>,
  ): Promise<Loaded<S>> {
    const { resolution, onnx, precision = 'float', taken } = ref
    const files = await Promise.all(filesOf(ref).map(fingerprint))
    const key = JSON.stringify([files, resolution, onnx, precision, taken, provider, form])
    const networks = this.#networks as Map<string, Loaded<S>>
    return kept(networks, key, MAX_NETWORKS, make, ({ session }) => session.release())
  }

  /** Logits of `shape` [1, C, h, w] to an ending per pixel of a grid; always on the processor. */
  #loadHead(ending: Ending, shape: readonly number[], { width, height }: Grid): Promise<Session> {
    return kept(
      this.#heads,
      [ending, ...shape, width, height].join(),
      MAX_HEADS,
      () => createSession(encodeModel(buildHead({ ending, shape, height, width })), 'cpu'),
      (head) => head.release(),
    )
  }
}

const SEGFACE_PORTS = { input: 'image', output: 'logits' }

/** An ONNX file of others as it is; what it must be like is told by the error where it is not. */
async function loadOnnx(ref: NetworkRef, onnx: OnnxDescription, provider: Provider): Promise<Loaded> {
  const session = await createSession(ref.weights, provider)
  const { preprocessing, classes } = onnx
  return { session, resolution: ref.resolution, preprocessing, channels: classes }
}

function networkOver(
  loaded: Loaded,
  { input, output }: { readonly input: string; readonly output: string },
): Network {
  const { session, resolution, channels } = loaded
  return {
    ...loaded,
    async run(image) {
      const batch = image.length / (3 * resolution ** 2)
      const feeds = { [input]: { data: image, shape: [batch, 3, resolution, resolution] } }
      const { [output]: logits } = await session.run(feeds, [output])
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

/** Over a graph that ends in it. */
function labellerOver(loaded: Loaded, ending: Ending): Labeller {
  const { session, resolution } = loaded
  return {
    ...loaded,
    async label(image, { height, width }) {
      const outputs = await session.run({
        image: { data: image, shape: [1, 3, resolution, resolution] },
        grid: { data: Int32Array.of(height, width), shape: [2] },
      })
      return endOf(ending, outputs)
    },
  }
}

/** What the tensors at `weights` are. Errors as for `recognise` and opening a checkpoint. */
export function recogniseIn(weights: string): Promise<SegFaceConfig> {
  return withCheckpoint(weights, async (checkpoint) => recognise(infosByName(checkpoint), weights))
}

/** The graph of SegFace's tensors in `ref`, all read from disk. Throws a checkpoint error or `model/unsupported`. */
export async function buildNetwork(ref: NetworkRef, batch = 1): Promise<Graph> {
  const { weights, changes = [], resolution, precision = 'float', taken = [] } = ref
  const stateDict = await readTensors([weights, ...changes])
  const built = buildSegFace(stateDict, { resolution, batch })
  const isFaster = precision === 'int8' && gainsInInt8(recognise(stateDict).arch)
  const graph = isFaster ? backboneInInt8(built) : built
  const others: TakenParts[] = []
  for (const { from, parts } of taken)
    others.push({ graph: await buildNetwork({ ...from, precision }, batch), parts })
  return buildMixture(graph, others)
}
