/** @file An ONNX file of others before it is a model: does it run, and what do its outputs turn out to be? */
import { FacetError, toWire } from '../../shared/errors'
import { createSession } from '../runtime/session'
import type { Jobs } from './protocol'

/**
 * Runs the file once on a grey picture and answers the outputs' real shapes. Throws `model/unsupported` with onnxruntime's
 * reason where it does not run.
 */
export async function examine({
  weights,
  input,
  outputs,
  resolution,
}: Jobs['examine']['request']): Promise<Jobs['examine']['answer']> {
  try {
    const session = await createSession(weights, 'cpu')
    try {
      const picture = { data: new Float32Array(3 * resolution ** 2), shape: [1, 3, resolution, resolution] }
      const results = await session.run({ [input]: picture }, outputs)
      return { outputs: outputs.map((name) => ({ name, shape: [...(results[name]?.shape ?? [])] })) }
    } finally {
      await session.release()
    }
  } catch (error) {
    throw cannotRun(weights, resolution, error)
  }
}

/** What onnxruntime says against running `file` at a side, in a sentence that ends with `advice`. */
export function cannotRun(file: string, side: number, error: unknown, advice = ''): FacetError {
  const { message, details } = toWire(error)
  const reason = (typeof details.reason === 'string' ? details.reason : message).replace(/\s+/g, ' ').trim()
  return new FacetError(
    'model/unsupported',
    `${file} cannot be run by onnxruntime at ${side} x ${side}: ${reason}${advice}`,
    { file },
    { cause: error },
  )
}
