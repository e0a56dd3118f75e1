/** @file What every kind of checkpoint file offers: its tensors by name, read one at a time. */
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import type { DType, Tensor } from '../base/tensor'

/** What a checkpoint says of a tensor before it is read. */
export interface TensorInfo {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** Named tensors in order, each read when asked for. */
export interface TensorSource {
  readonly tensors: readonly TensorInfo[]
  /** Reads one tensor, contiguous; throws `checkpoint/missing-tensor` for a name that is not there. */
  read(name: string): Promise<Tensor> | Tensor
}

/** A plain value beside the tensors, such as `epoch`. */
export type Scalar = string | number | boolean

/**
 * An open checkpoint. Names are those of the network: what wrappers put before all of them is gone (prefixes.ts), and of
 * a training checkpoint only the model's state dict is seen, never the optimiser's state.
 */
export interface Checkpoint extends TensorSource {
  readonly path: string
  /** `pytorch` is the zip container of PyTorch 1.6 and later, `pytorch-legacy` the one before. */
  readonly format: 'pytorch' | 'pytorch-legacy' | 'safetensors'
  /** The plain values stored beside the tensors (`epoch`, `iteration`); a safetensors file holds strings only. */
  readonly metadata: Readonly<Record<string, Scalar>>
  read(name: string): Promise<Tensor>
  /** Closes the file; nothing can be read afterwards. */
  close(): Promise<void>
}

/** Text from a file as it may stand in a sentence: on one line, and short. */
export function printable(text: string): string {
  const line = text.replace(/\p{C}/gu, '?')
  return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE)}…` : line
}

const MAX_QUOTE = 400

/** The error for a file that breaks its format: `what` completes "… cannot be read as a checkpoint: …". */
export function malformed(file: string, what: string, cause?: unknown): FacetError {
  const message = noteOf('noCheckpoint', { file, reason: printable(what) })
  return new FacetError('checkpoint/malformed', message, { file }, { cause })
}

/** The error for a tensor that is asked for and not there. */
export function missingTensor(file: string, name: string): FacetError {
  const message = `${file} holds no tensor named "${printable(name)}".`
  return new FacetError('checkpoint/missing-tensor', message, { file, tensor: name })
}

/** What a source says of its tensors, by name. */
export function infosByName({ tensors }: Pick<TensorSource, 'tensors'>): ReadonlyMap<string, TensorInfo> {
  return new Map(tensors.map((info) => [info.name, info]))
}

/** Tensors in memory as a source. */
export function tensorSource(tensors: ReadonlyMap<string, Tensor>): TensorSource {
  return {
    tensors: Array.from(tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape })),
    read(name) {
      const tensor = tensors.get(name)
      if (tensor === undefined) throw missingTensor('The state dict in memory', name)
      return tensor
    },
  }
}
