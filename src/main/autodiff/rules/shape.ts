/** @file Gradients of operators that move elements: each is the way back. */
import { at } from '../../../shared/assert'
import { elementCount, tensor } from '../../base/tensor'
import type { Value } from '../../onnx/graph'
import { Gemm } from '../../onnx/ops/linear'
import { ReduceSum } from '../../onnx/ops/norm'
import { Concat, Gather, Pad, Reshape, Slice, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule, Step } from '../rule'
import { unbroadcast, zeros } from '../rule'
import { isMatrixTranspose, matrixTranspose } from './linear'

/** The gradient in the shape of the input. */
const reshaped: Rule = ({ g, dy, operands }) => [Reshape(g, dy, operands.input(0).shape)]

export const SHAPE_RULES = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,

  Transpose: ({ g, dy, node, operands }) => {
    if (isMatrixTranspose(node)) return [matrixTranspose(g, dy)]
    const perm = operands.ints(
      'perm',
      dy.shape.map((_, axis) => dy.shape.length - 1 - axis),
    )
    return [Transpose(g, dy, dy.shape.map((_, axis) => perm.indexOf(axis)))]
  },

  Concat: (step) => {
    const { g, dy, operands } = step
    const axis = operands.axis(operands.int('axis', 0), dy.shape.length)
    let end = 0
    // Slices, not one Split: its kernel on WebGPU binds a buffer per part, of which a device may have no more than 8.
    return operands.present().map((value) => {
      const start = end
      end += at(value.shape, axis)
      return Slice(g, dy, { starts: [start], ends: [end], axes: [axis] })
    })
  },

  Split: ({ g, gradients, node, operands }) => {
    const axis = operands.axis(operands.int('axis', 0), operands.input(0).shape.length)
    const parts = node.outputs.map((output, index) => gradients[index] ?? zeros(g, output.shape))
    return [Concat(g, parts, axis)]
  },

  /** Zeros around what was cut out, and between where it was cut in steps. */
  Slice: (step) => {
    const { g, operands } = step
    const { shape } = step.x()
    const [starts, axes] = [operands.constant(1), operands.constant(3)]
    const steps = operands.optional(4) === null ? axes.map(() => 1) : operands.constant(4)
    let gradient = step.dy
    axes.forEach((given, i) => {
      const axis = operands.axis(given, shape.length)
      const size = at(shape, axis)
      const stride = at(steps, i)
      const start = at(starts, i) < 0 ? at(starts, i) + size : Math.min(at(starts, i), size)
      if (stride < 0) {
        const reversed = { starts: [-1], ends: [-(2 ** 31)], axes: [axis], steps: [-1] }
        gradient = Slice(g, gradient, reversed)
      }
      const count = at(gradient.shape, axis)
      const reach = Math.abs(stride)
      const first = stride > 0 ? start : start - (count - 1) * reach
      gradient = spread(step, gradient, axis, reach)
      const after = size - first - at(gradient.shape, axis)
      gradient = padAxis(step, gradient, axis, first, after)
    })
    return [gradient]
  },

  /** What lies inside the padding; the padding itself is zeros. */
  Pad: (step) => {
    const { g, dy, operands, node } = step
    if (node.attributes.mode !== undefined) return operands.fail('is differentiated with zeros around only')
    const { shape } = step.x()
    const pads = operands.constant(1)
    const axes =
      operands.optional(3) === null
        ? shape.map((_, axis) => axis)
        : operands.axes(operands.constant(3), shape.length)
    const padded = axes.flatMap((axis, i) =>
      at(pads, i) === 0 && at(pads, i + axes.length) === 0 ? [] : [{ axis, before: at(pads, i) }],
    )
    if (padded.length === 0) return [dy]
    return [
      Slice(g, dy, {
        starts: padded.map(({ before }) => before),
        ends: padded.map(({ axis, before }) => before + at(shape, axis)),
        axes: padded.map(({ axis }) => axis),
      }),
    ]
  },

  Expand: (step) => [unbroadcast(step.g, step.dy, step.x().shape)],

  /**
   * Each entry's gradient goes back to where it was taken from. Where none was taken twice, that is a `Gather` by the inverse
   * places, with zeros for what was left behind; else a product with the matrix of ones at [place, entry].
   */
  Gather: (step) => {
    const { g, dy, operands } = step
    const x = step.x()
    const axis = operands.axis(operands.int('axis', 0), x.shape.length)
    const size = at(x.shape, axis)
    const places = placesOf(step, size)
    const before = x.shape.slice(0, axis)
    const after = x.shape.slice(axis + 1)
    const entries = Reshape(g, dy, [...before, places.length, ...after])

    const inverse = new Int32Array(size).fill(places.length)
    places.forEach((place, entry) => (inverse[place] = entry))
    if (new Set(places).size === places.length) {
      const isWhole = places.length === size
      const index = g.constant('inverse', tensor('int32', [size], inverse))
      return [Gather(g, isWhole ? entries : padAxis(step, entries, axis, 0, 1), index, axis)]
    }
    if (axis !== 0) return operands.fail('takes entries twice; that is differentiated along axis 0 only')
    const ones = new Float32Array(size * places.length)
    places.forEach((place, entry) => (ones[place * places.length + entry] = 1))
    const matrix = g.constant('taken', tensor('float32', [size, places.length], ones))
    const summed = Gemm(g, matrix, Reshape(g, entries, [places.length, elementCount(after)]))
    return [Reshape(g, summed, x.shape)]
  },

  Tile: (step) => {
    const { g, dy, operands } = step
    const { shape } = step.x()
    const repeats = operands.constant(1)
    const split = Reshape(g, dy, shape.flatMap((size, axis) => [at(repeats, axis), size]))
    return [ReduceSum(g, split, shape.map((_, axis) => 2 * axis), false)]
  },
} satisfies Partial<Record<OpType, Rule>> // prettier-ignore

/** The constant indices of a Gather, in a row; negative ones count from the end. */
function placesOf({ g, operands }: Step, size: number): number[] {
  const data = g.initializers.get(operands.input(1).name)?.data
  if (!(data instanceof Int32Array || data instanceof BigInt64Array)) {
    return operands.fail('is differentiated for constant indices only')
  }
  const indices = data instanceof BigInt64Array ? Array.from(data, Number) : Array.from(data)
  return indices.map((index) => (index < 0 ? index + size : index))
}

/** `x` with zeros before and after along one axis. */
function padAxis({ g }: Step, x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  const ends = (count: number) => x.shape.map((_, i) => (i === axis ? count : 0))
  return Pad(g, x, [...ends(before), ...ends(after)])
}

/** `x` with `reach - 1` zeros between its entries along one axis. */
function spread(step: Step, x: Value, axis: number, reach: number): Value {
  if (reach === 1) return x
  const { g } = step
  const count = at(x.shape, axis)
  const apart = Reshape(g, x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)])
  const padded = padAxis(step, apart, axis + 1, 0, reach - 1)
  const joined = Reshape(
    g,
    padded,
    x.shape.map((size, i) => (i === axis ? count * reach : size)),
  )
  return Slice(g, joined, { starts: [0], ends: [(count - 1) * reach + 1], axes: [axis] })
}
