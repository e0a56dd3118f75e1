/** @file A network's parameters: named tensors of a state dict, checked against the shapes that the network expects. */
import { FacetError } from '../../shared/errors'
import type { Tensor } from '../base/tensor'
import { elementCount, tensor, toFloat32 } from '../base/tensor'
import type { GraphBuilder, Value } from '../onnx/graph'

/** A checkpoint's tensors by PyTorch's names. */
export type StateDict = ReadonlyMap<string, Tensor>

/**
 * Gives the network its parameters by PyTorch's name, checked to have `shape`. Where they come from is the caller's
 * choice: constants for inference, graph inputs for training.
 */
export type Parameters = (name: string, shape: readonly number[]) => Value

/** Parameters as constants of the graph, in single precision. */
export function constantParameters(g: GraphBuilder, stateDict: StateDict): Parameters {
  return onceEach((name, shape) => g.initializer(name, requireTensor(stateDict, name, shape)))
}

/** Asks `make` for each parameter once; a network may read one in several places. */
export function onceEach(make: Parameters): Parameters {
  const made = new Map<string, Value>()
  return (name, shape) => {
    const known = made.get(name)
    if (known !== undefined) return known
    const value = make(name, shape)
    made.set(name, value)
    return value
  }
}

/**
 * The float32 tensor `name`; half precision widens. Throws `checkpoint/missing-tensor` where it is absent or has
 * another shape than expected.
 */
export function requireTensor(stateDict: StateDict, name: string, shape: readonly number[]): Tensor {
  const found = requireShape(stateDict, name, shape)
  return found.dtype === 'float32' ? found : tensor('float32', shape, toFloat32(found))
}

/** What `tensors` has under `name`. Throws `checkpoint/missing-tensor` where it is absent or has another shape than expected. */
export function requireShape<T extends { readonly shape: readonly number[] }>(
  tensors: ReadonlyMap<string, T>,
  name: string,
  shape: readonly number[],
): T {
  const found = tensors.get(name)
  if (found === undefined) {
    throw new FacetError(
      'checkpoint/missing-tensor',
      `The checkpoint has no tensor '${name}', which its network needs with the shape [${shape.join(', ')}].`,
      { tensor: name },
    )
  }
  if (found.shape.join() !== shape.join()) {
    throw new FacetError(
      'checkpoint/missing-tensor',
      `The checkpoint's tensor '${name}' has the shape [${found.shape.join(', ')}]; its network needs [${shape.join(', ')}].`,
      { tensor: name, found: found.shape.join(), expected: shape.join() },
    )
  }
  return found
}

/** Last name parts of tensors that a state dict holds but an optimiser does not learn. */
const BUFFERS: ReadonlySet<string> = new Set([
  'running_mean',
  'running_var',
  'num_batches_tracked',
  'positional_encoding_gaussian_matrix',
  'relative_position_index',
  'relative_coords_table',
])

/** True for a learned tensor, false for a buffer. */
export function isParameter(name: string): boolean {
  return !BUFFERS.has(name.slice(name.lastIndexOf('.') + 1))
}

/** How many numbers of a state dict are learned: what papers call the parameter count. */
export function countParameters(tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>): number {
  let count = 0
  for (const [name, { shape }] of tensors) if (isParameter(name)) count += elementCount(shape)
  return count
}
