/** @file Tensors on their way into the registry or out of it: watched as they are read, and rounded or widened. */
import { FacetError } from '../../shared/errors'
import { isFloating, toFloat16Bits, toFloat32 } from '../base/tensor'
import { malformed, type TensorInfo, type TensorSource } from '../checkpoint/checkpoint'

/** Who is told of each tensor, and may stop. */
export interface Watch {
  readonly signal?: AbortSignal
  readonly progress?: (done: number, total: number) => void
}

/** Tensors as they are read: progress after each, and a place to stop. */
export function watched(source: TensorSource, { signal, progress }: Watch): TensorSource {
  let done = 0
  return {
    tensors: source.tensors,
    async read(name) {
      signal?.throwIfAborted()
      const tensor = await source.read(name)
      progress?.(++done, source.tensors.length)
      return tensor
    },
  }
}

/**
 * The tensors of `file` as they are; reading throws `checkpoint/malformed` for one of `read` that holds infinities or what is no
 * number, which a training that came apart leaves.
 */
export function finite(source: TensorSource, file: string, read: ReadonlySet<string>): TensorSource {
  return {
    tensors: source.tensors,
    async read(name) {
      const tensor = await source.read(name)
      if (read.has(name) && isFloating(tensor.dtype) && !areFinite(toFloat32(tensor)))
        throw malformed(
          file,
          `its tensor '${name}' holds infinities or what is no number, so it would find nothing; take a checkpoint from before its training came apart`,
        )
      return tensor
    },
  }
}

function areFinite(values: Float32Array): boolean {
  for (const value of values) if (value - value !== 0) return false
  return true
}

/** Numbers from here on, halfway from 65504 to the next step, are infinite in float16. */
const BEYOND_FLOAT16 = 65520

/**
 * The tensors of `file`, matrices and kernels rounded to float16; vectors (norms, statistics, biases) keep their precision and
 * range. Reading throws `usage` for one whose numbers float16 cannot hold.
 */
export function halved(source: TensorSource, file: string): TensorSource {
  const isHalved = ({ dtype, shape }: Omit<TensorInfo, 'name'>): boolean =>
    dtype === 'float32' && shape.length >= 2
  return {
    tensors: source.tensors.map((info) => (isHalved(info) ? { ...info, dtype: 'float16' } : info)),
    async read(name) {
      const tensor = await source.read(name)
      if (!isHalved(tensor)) return tensor
      const values = toFloat32(tensor)
      const large = values.find((value) => Math.abs(value) >= BEYOND_FLOAT16 && Number.isFinite(value))
      if (large !== undefined)
        throw new FacetError(
          'usage',
          `${file} cannot be halved: its tensor '${name}' holds ${large}, and 16 bits hold at most 65504; leave --half out.`,
          { file, tensor: name },
        )
      return { dtype: 'float16', shape: tensor.shape, data: toFloat16Bits(values) }
    },
  }
}

/** What `halved` rounded as float32 again, with the rounded values. */
export function widened(source: TensorSource): TensorSource {
  return {
    tensors: source.tensors.map((info) => (info.dtype === 'float16' ? { ...info, dtype: 'float32' } : info)),
    async read(name) {
      const tensor = await source.read(name)
      if (tensor.dtype !== 'float16') return tensor
      return { dtype: 'float32', shape: tensor.shape, data: toFloat32(tensor) }
    },
  }
}
