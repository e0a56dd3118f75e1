/**
 * @file Gradients of convolution, pooling and resampling. Recipes are chosen for speed on the processor and for what every
 * provider computes correctly: products over shifted pictures for kernels, transposed convolution for pictures.
 */
import { at } from '../../../shared/assert'
import { tensor } from '../../base/tensor'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Conv, ConvTranspose } from '../../onnx/ops/conv'
import { Equal, Mul, Sub, Where } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { ReduceSum } from '../../onnx/ops/norm'
import { Concat, Expand, Reshape, Slice, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule } from '../rule'
import { zeros } from '../rule'
import { depthwiseGradient } from './depthwise'
import { matrixTranspose } from './linear'
import { surrounded, views, windowOf, type Window } from './windows'

/** w [M, C / group, kH, kW] turned upside down and left to right, with input and output channels exchanged within each group. */
function flipped(g: GraphBuilder, w: Value, group: number): Value {
  const [out = 0, perGroup = 0, height = 0, width = 0] = w.shape
  const range = { starts: [-1, -1], ends: [-(2 ** 31), -(2 ** 31)], axes: [2, 3], steps: [-1, -1] }
  const turned = height * width === 1 ? w : Slice(g, w, range)
  if (perGroup === 1 && group === out) return turned
  const grouped = Reshape(g, turned, [group, out / group, perGroup, height, width])
  return Reshape(g, Transpose(g, grouped, [0, 2, 1, 3, 4]), [group * perGroup, out / group, height, width])
}

/**
 * dX of a convolution: the transposed convolution of dY. With strides of 1 that is a convolution by the flipped kernel, which
 * takes half the time; with others, that would multiply the zeros between dY's pixels, too.
 */
function pictureGradient(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  x: Value,
  window: Window,
  group: number,
): Value {
  const { kernel, strides, pads } = window
  if (strides[0] === 1 && strides[1] === 1) {
    const [top, left] = [kernel[0] - 1 - pads[0], kernel[1] - 1 - pads[1]]
    const [bottom, right] = [kernel[0] - 1 - pads[2], kernel[1] - 1 - pads[3]]
    return Conv(g, dy, flipped(g, w, group), null, { pads: [top, left, bottom, right], group })
  }
  return transposed(g, dy, w, x, window, group)
}

/** The transposed convolution of dy by w that gives a picture of x's size. */
function transposed(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  x: Value,
  { kernel, strides, pads }: Window,
  group: number,
): Value {
  // What it leaves out at the end of a picture is what no window saw.
  const missing = (axis: 0 | 1): number =>
    at(x.shape, axis + 2) -
    ((at(dy.shape, axis + 2) - 1) * strides[axis] + kernel[axis] - pads[axis] - at(pads, axis + 2))
  return ConvTranspose(g, dy, w, null, { strides, pads, group, outputPadding: [missing(0), missing(1)] })
}

/** The reverse of `views`: each part back at its place in a picture of x's size, summed, by kernels with a one at the place. */
function scattered(g: GraphBuilder, parts: readonly Value[], x: Value, window: Window): Value {
  const [batch = 0, channels = 0, height = 0, width = 0] = parts[0]?.shape ?? []
  const each = parts.map((part) => Reshape(g, part, [batch, channels, 1, height, width]))
  const joined = Reshape(g, Concat(g, each, 2), [batch, channels * parts.length, height, width])
  const ones = new Float32Array(channels * parts.length ** 2)
  for (let c = 0; c < channels * parts.length; c++) ones[c * parts.length + (c % parts.length)] = 1
  const places = tensor('float32', [channels * parts.length, 1, ...window.kernel], ones)
  return transposed(g, joined, g.constant('places', places), x, window, channels)
}

/** dW of a convolution without groups: for each place of the kernel, a product of dY with what that place saw. */
function kernelGradient(g: GraphBuilder, dy: Value, x: Value, window: Window): Value {
  const [batch = 0, out = 0, height = 0, width = 0] = dy.shape
  const channels = at(x.shape, 1)
  const places = window.kernel[0] * window.kernel[1]
  const seen = views(g, surrounded(g, x, window), window, [height, width])
  const rows = Reshape(g, dy, [batch, out, height * width])
  const products = seen.map((view) =>
    MatMul(g, rows, matrixTranspose(g, Reshape(g, view, [batch, channels, height * width]))),
  )
  const each = products.map((product) => (batch === 1 ? product : ReduceSum(g, product, [0])))
  if (places === 1) return Reshape(g, at(each, 0), [out, channels, 1, 1])
  const joined = Concat(g, each.map((product) => Reshape(g, product, [out, channels, 1])), 2) // prettier-ignore
  return Reshape(g, joined, [out, channels, ...window.kernel])
}

export const CONV_RULES = {
  Conv: (step) => {
    const { g, dy, operands } = step
    const [x, w, b] = [step.x(0), step.x(1), operands.optional(2)]
    const group = operands.int('group', 1)
    const window = windowOf(step, w.shape.slice(2))
    const isDepthwise = group > 1 && at(w.shape, 1) === 1 && at(w.shape, 0) === group
    if (group > 1 && !isDepthwise)
      return operands.fail('is differentiated without groups, or depthwise, only')
    return [
      step.when(0, () => pictureGradient(g, dy, w, x, window, group)),
      step.when(1, () =>
        isDepthwise ? depthwiseGradient(g, dy, x, window) : kernelGradient(g, dy, x, window),
      ),
      b && step.when(2, () => Reshape(g, ReduceSum(g, dy, [0, 2, 3]), b.shape)),
    ]
  },

  /** A transposed convolution is the picture's gradient of a convolution, so its gradients are that convolution's own. */
  ConvTranspose: (step) => {
    const { g, dy, operands } = step
    const [x, w, b] = [step.x(0), step.x(1), operands.optional(2)]
    if (operands.int('group', 1) !== 1) return operands.fail('is differentiated without groups only')
    const window = windowOf(step, w.shape.slice(2))
    const { strides, pads } = window
    return [
      step.when(0, () => Conv(g, dy, w, null, { strides, pads })),
      step.when(1, () => kernelGradient(g, x, dy, window)),
      b && step.when(2, () => Reshape(g, ReduceSum(g, dy, [0, 2, 3]), b.shape)),
    ]
  },

  /** All of dy goes to the first place of each window, row by row, that holds its greatest element. */
  MaxPool: (step) => {
    const { g, dy, y } = step
    const x = step.x()
    const window = windowOf(step, step.operands.ints('kernel_shape', []))
    const [, , height = 0, width = 0] = y.shape
    const lowest = g.scalar(-3.4028234663852886e38)
    const [top, left, bottom, right] = window.pads
    const isPadded = window.pads.some((pad) => pad > 0)
    const padded = isPadded ? g.op('Pad', [x, g.int64s([0, 0, top, left, 0, 0, bottom, right]), lowest]) : x
    let rest = dy
    const parts = views(g, padded, window, [height, width]).map((view) => {
      const part = Where(g, Equal(g, view, y), rest, zeros(g, [1]))
      rest = Sub(g, rest, part)
      return part
    })
    return [scattered(g, parts, x, window)]
  },

  GlobalAveragePool: (step) => {
    const { g, dy } = step
    const x = step.x()
    const pixels = x.shape.slice(2).reduce((product, size) => product * size, 1)
    return [Expand(g, Mul(g, dy, 1 / pixels), x.shape)]
  },

  /** Bilinear resampling is A X Bᵀ with a fixed matrix for each axis; the way back is Aᵀ dY B. */
  Resize: (step) => {
    const { g, dy, node, operands } = step
    const x = step.x()
    const attribute = (name: string) => {
      const found = node.attributes[name]
      return found?.type === 'string' ? found.value : undefined
    }
    if (attribute('mode') !== 'linear' || attribute('coordinate_transformation_mode') !== 'half_pixel') {
      return operands.fail('is differentiated for linear interpolation with half-pixel centres only')
    }
    const [, , height = 0, width = 0] = x.shape
    const [, , tall = 0, wide = 0] = dy.shape
    const rows = g.constant('rows', tensor('float32', [height, tall], resizeMatrix(height, tall, true)))
    const columns = g.constant('columns', tensor('float32', [wide, width], resizeMatrix(width, wide, false)))
    // The smaller intermediate first: columns shrink before rows are summed.
    return [MatMul(g, rows, MatMul(g, dy, columns))]
  },

  DepthToSpace: (step) => {
    const { g, dy, node, operands } = step
    const [batch = 0, channels = 0, height = 0, width = 0] = step.x().shape
    const block = operands.int('blocksize', 1)
    const inner = channels / block ** 2
    const apart = Reshape(g, dy, [batch, inner, height, block, width, block])
    const isCrd = node.attributes.mode?.type === 'string' && node.attributes.mode.value === 'CRD'
    const gathered = Transpose(g, apart, isCrd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
    return [Reshape(g, gathered, [batch, channels, height, width])]
  },
} satisfies Partial<Record<OpType, Rule>>

/**
 * The weights of bilinear interpolation with half-pixel centres from `size` to `target` places, edges repeated:
 * [target, size], or transposed [size, target].
 */
function resizeMatrix(size: number, target: number, transposed: boolean): Float32Array {
  const matrix = new Float32Array(size * target)
  for (let to = 0; to < target; to++) {
    const centre = Math.min(Math.max(((to + 0.5) * size) / target - 0.5, 0), size - 1)
    const first = Math.min(Math.floor(centre), size - 1)
    const second = Math.min(first + 1, size - 1)
    const add = (from: number, weight: number): void => {
      const index = transposed ? from * target + to : to * size + from
      matrix[index] = (matrix[index] ?? 0) + weight
    }
    add(first, 1 - (centre - first))
    add(second, centre - first)
  }
  return matrix
}
