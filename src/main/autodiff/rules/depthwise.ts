/** @file The kernel's gradient of a depthwise convolution, by products of rows or by a convolution, whichever is faster. */
import { at } from '../../../shared/assert'
import { tensor } from '../../base/tensor'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Conv } from '../../onnx/ops/conv'
import { MatMul } from '../../onnx/ops/linear'
import { Gather, Reshape, Slice, Transpose } from '../../onnx/ops/shape'
import { unbroadcast } from '../rule'
import { surrounded, type Window } from './windows'

/** Up to this width products of whole rows beat a convolution (two cores, kernels of 3 x 3 to 7 x 7); of 128 pixels they do not. */
const WIDEST_ROW = 64

/** dW [C, 1, kH, kW] from dY and X [N, C, …]: for each place of the kernel, the sum over pixels of dY times what that place saw. */
export function depthwiseGradient(g: GraphBuilder, dy: Value, x: Value, window: Window): Value {
  const { kernel, strides } = window
  const [batch = 0, channels = 0, , width = 0] = dy.shape
  const isByRows = strides[0] === 1 && strides[1] === 1 && width <= WIDEST_ROW
  const sums = isByRows ? productsOfRows(g, dy, x, window) : convolutionByGradient(g, dy, x, window)
  return unbroadcast(g, Reshape(g, sums, [batch, channels, 1, ...kernel]), [channels, 1, ...kernel])
}

/**
 * The sums, place by place, without strides: dW[i, j] = Σ dY[r, c] X[r + i, c + j]. Row by row of the kernel, the product
 * Σ_r X[r + i]ᵀ dY[r] holds all pairs of columns; those that lie j apart are summed by a matrix of zeros and ones. Most of the
 * product is not asked for, and yet it takes half as long as the convolution.
 */
function productsOfRows(g: GraphBuilder, dy: Value, x: Value, window: Window): Value {
  const [tall, wide] = window.kernel
  const [batch = 0, channels = 0, height = 0, width = 0] = dy.shape
  const pictures = batch * channels
  const reach = width + wide - 1
  const rows = Reshape(g, surrounded(g, x, window), [pictures, height + tall - 1, reach])
  const seen = Int32Array.from({ length: height * tall }, (_, n) => Math.floor(n / tall) + (n % tall))
  const taken = Gather(g, rows, g.constant('rows', tensor('int32', [seen.length], seen)), 1)
  const stacked = Reshape(g, taken, [pictures, height, tall * reach])
  const pairs = MatMul(g, Transpose(g, stacked, [0, 2, 1]), Reshape(g, dy, [pictures, height, width]))

  const isApart = new Float32Array(reach * width * wide)
  for (let column = 0; column < width; column++) {
    for (let j = 0; j < wide; j++) isApart[((column + j) * width + column) * wide + j] = 1
  }
  const apart = g.constant('apart', tensor('float32', [reach * width, wide], isApart))
  return MatMul(g, Reshape(g, pairs, [pictures * tall, reach * width]), apart)
}

/** The same sums, at any strides, as a convolution of X by dY as the kernel, whose pixels lie as far apart as the windows do. */
function convolutionByGradient(
  g: GraphBuilder,
  dy: Value,
  x: Value,
  { kernel, strides, pads }: Window,
): Value {
  const [batch = 0, channels = 0, height = 0, width = 0] = dy.shape
  const [, , tall = 0, wide = 0] = x.shape
  const group = batch * channels
  const after = (axis: 0 | 1): number =>
    (at(dy.shape, axis + 2) - 1) * strides[axis] + kernel[axis] - at(x.shape, axis + 2) - pads[axis]
  const [bottom, right] = [after(0), after(1)]
  const pictures = Reshape(g, x, [1, group, tall, wide])
  const kernels = Reshape(g, dy, [group, 1, height, width])
  // Negative where the windows leave out the last rows or columns of X.
  const ends = [tall + Math.min(0, bottom), wide + Math.min(0, right)]
  const seen =
    ends[0] === tall && ends[1] === wide
      ? pictures
      : Slice(g, pictures, { starts: [0, 0], ends, axes: [2, 3] })
  return Conv(g, seen, kernels, null, {
    group,
    dilations: strides,
    pads: [pads[0], pads[1], Math.max(0, bottom), Math.max(0, right)],
  })
}
