/** @file Which tensors a network reads, by name and shape, without one at hand: for checking a checkpoint before it is taken. */
import { FacetError } from '../../shared/errors'
import { GraphBuilder } from '../onnx/graph'
import { classTokens, recognise, type Architecture, type TensorShapes } from './config'
import { fuseTaps } from './decoder'
import { backbone, headLogits } from './network'
import { onceEach, requireShape } from './weights'

/** Any side that every backbone accepts: shapes of tensors do not depend on it. */
const SIDE = 64

/** Shapes of the tensors that the network of these class tokens reads, in the order in which it asks for them. */
export function parameterShapes(
  arch: Architecture,
  tokens?: readonly string[],
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>()
  const g = new GraphBuilder('shapes')
  const parameter = onceEach((name, shape) => {
    shapes.set(name, shape)
    return g.input(name, 'float32', shape)
  })
  const context = { g, parameter }
  const taps = backbone(context, arch, g.input('image', 'float32', [1, 3, SIDE, SIDE]))
  headLogits(context, fuseTaps(context, taps), SIDE, tokens)
  return shapes
}

/**
 * Names of the tensors that the network of a state dict reads. Throws `checkpoint/missing-tensor` where one of them is absent
 * or has another shape, and `model/unsupported` for other numbers of classes, naming `file`.
 */
export function requireParameters(tensors: TensorShapes, file: string): ReadonlySet<string> {
  const { arch } = recognise(tensors, file)
  try {
    const shapes = parameterShapes(arch, classTokens(tensors))
    for (const [name, shape] of shapes) requireShape(tensors, name, shape)
    return new Set(shapes.keys())
  } catch (error) {
    if (!(error instanceof FacetError)) throw error
    const message = `${file} is a ${arch} that cannot be used: ${error.message}`
    throw new FacetError(error.code, message, { ...error.details, file }, { cause: error })
  }
}
