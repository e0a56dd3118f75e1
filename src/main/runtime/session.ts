/** @file One interface over onnxruntime-node: a graph's bytes in, typed arrays in and out. Both calls block the thread. */
import { availableParallelism } from 'node:os'
import { InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node'
import type { Provider } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { foldingOptions, sessionOptions, threadCount } from './providers'
import { saturates } from './saturation'

export interface Array32 {
  readonly data: Float32Array | Uint8Array | Int32Array
  readonly shape: readonly number[]
}

export interface Session {
  readonly provider: Provider
  /** Shapes of the outputs by name. */
  readonly outputs: ReadonlyMap<string, readonly (number | string)[]>
  /** Runs once, for all outputs or those of the names `wanted`, which are copies that the caller owns. */
  run(feeds: Readonly<Record<string, Array32>>, wanted?: readonly string[]): Promise<Record<string, Array32>>
  release(): Promise<void>
}

/**
 * NVIDIA's libraries round products of floats to 10 bits ("TF32") where nobody forbids it, here by the variable that they read
 * when they are loaded: MobileNet's logits were off by 0.2 % of the largest on an H200, and took as long (measured).
 */
const TENSOR_FLOATS = 'NVIDIA_TF32_OVERRIDE'

/**
 * True where this onnxruntime was compiled with the provider. Only then does asking for it throw when it cannot be used;
 * an unknown name is dropped and the session silently runs on the processor, so unknown names are never passed on.
 */
function isCompiledIn(provider: Provider): boolean {
  return listSupportedBackends().some((backend) => backend.name === provider)
}

/**
 * Loads `graph` (ONNX bytes, or the path of an ONNX file) on `provider` and nothing else.
 * Throws `provider/unusable` with onnxruntime's own reason where the provider is absent or refuses the graph.
 */
export async function createSession(graph: Uint8Array | string, provider: Provider): Promise<Session> {
  const session = await loadGraph(graph, provider)
  return {
    provider,
    outputs: new Map(
      session.outputMetadata.map((output) => [output.name, output.isTensor ? output.shape : []]),
    ),
    async run(feeds, wanted = session.outputNames) {
      const inputs = Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, toTensor(array)]))
      const outputs = await blaming(provider, () => session.run(inputs, wanted))
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [name, fromTensor(name, tensor)]),
      )
    },
    release: () => session.release(),
  }
}

/** `createSession` as onnxruntime's own object; the outputs named `onDevice` stay in the memory of a WebGPU provider. */
export async function loadGraph(
  graph: Uint8Array | string,
  provider: Provider,
  onDevice: readonly string[] = [],
): Promise<InferenceSession> {
  if (!isCompiledIn(provider)) {
    throw new FacetError(
      'provider/unusable',
      noteOf('notBuiltIn', { provider, platform: process.platform }),
      { provider, absent: true },
    )
  }
  if (provider === 'cuda') process.env[TENSOR_FLOATS] ??= '0'
  const options: InferenceSession.SessionOptions = {
    ...sessionOptions(
      provider,
      threadCount(availableParallelism()),
      provider === 'cpu' && (await saturates()),
    ),
    ...(onDevice.length > 0 && {
      preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer'] as const)),
    }),
  }
  try {
    return await (typeof graph === 'string'
      ? InferenceSession.create(graph, options)
      : InferenceSession.create(graph, options))
  } catch (error) {
    throw unusable(provider, error)
  }
}

/**
 * What `run` answers. What a GPU's provider throws in use, as when its driver fails or its memory is full, becomes
 * `provider/unusable`, since another provider may do; the processor's errors are thrown as they are.
 */
export async function blaming<T>(provider: Provider, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw provider === 'cpu' ? error : unusable(provider, error)
  }
}

function unusable(provider: Provider, error: unknown): FacetError {
  const reason = reasonOf(error)
  const sentence = noteOf('cannotRun', { provider, reason: reason.replace(/\.?$/, '.') })
  return new FacetError('provider/unusable', sentence, { provider, reason })
}

/** What onnxruntime says, without the place in its sources and the condition that it found broken. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/^\/\S*onnxruntime\S*:\d+ .*? was false\. /s, '').trim()
}

/** Writes `graph` (ONNX bytes) with its constants folded to `file`, and its weights to `weights` beside it. Blocks the thread. */
export async function foldGraph(graph: Uint8Array, file: string, weights: string): Promise<void> {
  const session = await InferenceSession.create(graph, foldingOptions(file, weights))
  await session.release()
}

/** A view of the array, without a copy. */
export function toTensor({ data, shape }: Array32): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, shape)
  if (data instanceof Int32Array) return new Tensor('int32', data, shape)
  return new Tensor('uint8', data, shape)
}

/** The array of a tensor called `name` that is in the processor's memory. */
export function fromTensor(name: string, { data, dims }: Tensor): Array32 {
  if (data instanceof Float32Array || data instanceof Uint8Array || data instanceof Int32Array) {
    return { data, shape: dims }
  }
  throw new FacetError('engine/failed', `internal: the output ${name} has a type that Facet does not read`)
}
