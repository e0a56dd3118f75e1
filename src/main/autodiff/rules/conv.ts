/**
 * @file Gradients of convolution, pooling and resampling. Recipes are chosen for speed on the processor and for what every
 * provider computes correctly: products over shifted pictures for kernels, convolution by the flipped kernel for pictures.
 */
import { at } from '../../../shared/assert'
import { tensor } from '../../base/tensor'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Conv, ConvTranspose } from '../../onnx/ops/conv'
import { Add, Equal, Mul, Sub, Where } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { ReduceSum } from '../../onnx/ops/norm'
import { Concat, Expand, Pad, Reshape, Slice, Transpose } from '../../onnx/ops/shape'
import type { OpType } from '../../onnx/shapes'
import type { Rule, Step } from '../rule'
import { unbroadcast, zeros } from '../rule'
import { matrixTranspose } from './linear'

/** A window sliding over a picture: how it steps and what surrounds the picture, in both axes [vertical, horizontal]. */
interface Window {
  readonly kernel: Pair
  readonly strides: Pair
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
}
type Pair = readonly [number, number]

function windowOf({ operands }: Step, kernel: readonly number[]): Window {
  const dilations = operands.ints('dilations', [1, 1])
  if (dilations.some((dilation) => dilation !== 1)) operands.fail('is differentiated without dilations only')
  return {
    kernel: [at(kernel, 0), at(kernel, 1)],
    strides: operands.ints('strides', [1, 1]) as Pair,
    pads: operands.ints('pads', [0, 0, 0, 0]) as Window['pads'],
  }
}

/** x [N, C, H, W] with what surrounds it. */
function surrounded(g: GraphBuilder, x: Value, { pads: [top, left, bottom, right] }: Window): Value {
  return top + left + bottom + right === 0 ? x : Pad(g, x, [0, 0, top, left, 0, 0, bottom, right])
}

/** What each place (row, column) of the window sees of a surrounded picture: [N, C, height, width], row by row. */
function views(g: GraphBuilder, x: Value, { kernel, strides }: Window, [height, width]: Pair): Value[] {
  const whole = kernel[0] === 1 && kernel[1] === 1 && at(strides, 0) === 1 && at(strides, 1) === 1
  if (whole) return [x]
  return Array.from({ length: kernel[0] * kernel[1] }, (_, place) => {
    const [row, column] = [Math.floor(place / kernel[1]), place % kernel[1]]
    return Slice(g, x, {
      starts: [row, column],
      ends: [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1],
      axes: [2, 3],
      steps: [...strides],
    })
  })
}

/** The reverse of `views`: each of them back at its place in a picture of `size`, summed; what surrounded it is dropped. */
function sumOfViews(
  g: GraphBuilder,
  parts: readonly Value[],
  { kernel, strides, pads: [top, left] }: Window,
  size: readonly number[],
): Value {
  const [, , height = 0, width = 0] = size
  const placed = parts.map((part, place) => {
    const [row, column] = [Math.floor(place / kernel[1]), place % kernel[1]]
    return dilate(g, part, strides, [row - top, column - left], [height, width])
  })
  return placed.reduce((sum, each) => Add(g, sum, each))
}

/** x [N, C, h, w] with zeros between its pixels and around, so that pixel (i, j) comes to strides · (i, j) + offset of `size`. */
function dilate(g: GraphBuilder, x: Value, strides: Pair, offset: Pair, size: Pair): Value {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape
  let spread = x
  if (strides[0] > 1 || strides[1] > 1) {
    const apart = Reshape(g, x, [batch * channels, height, 1, width, 1])
    const padded = Pad(g, apart, [0, 0, 0, 0, 0, 0, 0, strides[0] - 1, 0, strides[1] - 1])
    spread = Reshape(g, padded, [batch, channels, height * strides[0], width * strides[1]])
  }
  const [, , tall = 0, wide = 0] = spread.shape
  // Negative pads crop.
  const pads = [offset[0], offset[1], size[0] - tall - offset[0], size[1] - wide - offset[1]]
  return cropOrPad(g, spread, pads)
}

/** Pads [top, left, bottom, right], of which negative ones crop: done apart, since not every provider takes those. */
function cropOrPad(g: GraphBuilder, x: Value, pads: readonly number[]): Value {
  const [, , height = 0, width = 0] = x.shape
  if (pads.every((pad) => pad === 0)) return x
  const crop = pads.map((pad) => Math.max(0, -pad))
  const grow = pads.map((pad) => Math.max(0, pad))
  const cropped = crop.every((pad) => pad === 0)
    ? x
    : Slice(g, x, {
        starts: [at(crop, 0), at(crop, 1)],
        ends: [height - at(crop, 2), width - at(crop, 3)],
        axes: [2, 3],
      })
  return grow.every((pad) => pad === 0)
    ? cropped
    : Pad(g, cropped, [0, 0, at(grow, 0), at(grow, 1), 0, 0, at(grow, 2), at(grow, 3)])
}

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
 * dX of a convolution: the convolution of dY, spread out by the strides, with the flipped kernel. Where windows neither overlap
 * nor leave gaps (patches), a product per pixel.
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
  const [, , height = 0, width = 0] = x.shape
  const isPatches = String(kernel) === String(strides) && pads.every((pad) => pad === 0) && group === 1
  if (isPatches && kernel[0] > 1) return ConvTranspose(g, dy, w, null, { strides })
  const [top, left] = [kernel[0] - 1 - pads[0], kernel[1] - 1 - pads[1]]
  if (strides[0] === 1 && strides[1] === 1) {
    const [bottom, right] = [kernel[0] - 1 - pads[2], kernel[1] - 1 - pads[3]]
    return Conv(g, dy, flipped(g, w, group), null, { pads: [top, left, bottom, right], group })
  }
  if (group > 1) {
    // What ConvTranspose leaves out at the end of a picture is what no window saw.
    const missing = (size: number, count: number, axis: 0 | 1): number =>
      size - ((count - 1) * strides[axis] + kernel[axis] - pads[axis] - pads[axis === 0 ? 2 : 3])
    const outputPadding = [missing(height, at(dy.shape, 2), 0), missing(width, at(dy.shape, 3), 1)]
    return ConvTranspose(g, dy, w, null, { strides, pads, group, outputPadding })
  }
  // dY spread so that the result has just the picture's size, pixels that no window saw included.
  const size: Pair = [height + kernel[0] - 1, width + kernel[1] - 1]
  return Conv(g, dilate(g, dy, strides, [top, left], size), flipped(g, w, group), null, { group })
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

/**
 * dW of a depthwise convolution: for each place of the kernel, the sum over pixels of dY times what that place saw. That is
 * a convolution of X by dY as the kernel, whose pixels lie as far apart as the windows do.
 */
function depthwiseGradient(g: GraphBuilder, dy: Value, x: Value, window: Window): Value {
  const { kernel, strides, pads } = window
  const [batch = 0, channels = 0, height = 0, width = 0] = dy.shape
  const [, , tall = 0, wide = 0] = x.shape
  const group = batch * channels
  // Negative where the windows leave out the last rows or columns of X.
  const after = (size: number, before: number, count: number, stride: number, length: number): number =>
    (count - 1) * stride + length - size - before
  const bottom = after(tall, pads[0], height, strides[0], kernel[0])
  const right = after(wide, pads[1], width, strides[1], kernel[1])
  const pictures = Reshape(g, x, [1, group, tall, wide])
  const kernels = Reshape(g, dy, [group, 1, height, width])
  const seen = cropOrPad(g, pictures, [0, 0, Math.min(0, bottom), Math.min(0, right)])
  const sums = Conv(g, seen, kernels, null, {
    group,
    dilations: strides,
    pads: [pads[0], pads[1], Math.max(0, bottom), Math.max(0, right)],
  })
  return unbroadcast(g, Reshape(g, sums, [batch, channels, 1, ...kernel]), [channels, 1, ...kernel])
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
    return [sumOfViews(g, parts, window, x.shape)]
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
