/** @file Convolution, pooling and resampling of ONNX, by their own names. Images are [N, C, H, W]. */
import type { Attributes, GraphBuilder, Value } from '../graph'
import { int, ints, string } from '../graph'

/** Window arguments; one number per spatial axis, pads as [top, left, bottom, right]. Left out: 1, 1, no pads, 1. */
export interface ConvOptions {
  readonly strides?: readonly number[]
  readonly dilations?: readonly number[]
  readonly pads?: readonly number[]
  readonly group?: number
}

function windowAttributes({ strides, dilations, pads, group }: ConvOptions): Attributes {
  return {
    ...(strides && { strides: ints(strides) }),
    ...(dilations && { dilations: ints(dilations) }),
    ...(pads && { pads: ints(pads) }),
    ...(group !== undefined && { group: int(group) }),
  }
}

/** x [N, C, H, W] with w [M, C / group, kH, kW] and bias [M]; cross-correlation, as PyTorch's Conv2d. */
export function Conv(g: GraphBuilder, x: Value, w: Value, b: Value | null, options: ConvOptions = {}): Value {
  return g.op('Conv', b === null ? [x, w] : [x, w, b], windowAttributes(options))
}

/** x [N, C, H, W] with w [C, M / group, kH, kW] and bias [M], as PyTorch's ConvTranspose2d. */
export function ConvTranspose(
  g: GraphBuilder,
  x: Value,
  w: Value,
  b: Value | null,
  options: ConvOptions & { readonly outputPadding?: readonly number[] } = {},
): Value {
  const { outputPadding } = options
  return g.op('ConvTranspose', b === null ? [x, w] : [x, w, b], {
    ...windowAttributes(options),
    ...(outputPadding && { output_padding: ints(outputPadding) }),
  })
}

/** The greatest element of each window. */
export function MaxPool(
  g: GraphBuilder,
  x: Value,
  kernel: readonly number[],
  options: ConvOptions = {},
): Value {
  return g.op('MaxPool', [x], { kernel_shape: ints(kernel), ...windowAttributes(options) })
}

/** The mean over all pixels: [N, C, 1, 1]. */
export function GlobalAveragePool(g: GraphBuilder, x: Value): Value {
  return g.op('GlobalAveragePool', [x])
}

const BILINEAR = { coordinate_transformation_mode: string('half_pixel'), mode: string('linear') }

/**
 * `Resize` to a size that comes as a value: `sizes` is int64 [4], of which the first two are N and C. Height and width of the
 * result are unknown until the graph runs.
 */
export function ResizeTo(g: GraphBuilder, x: Value, sizes: Value): Value {
  return g.op('Resize', [x, null, null, sizes], BILINEAR)
}

/**
 * x [N, C, H, W] at `size` [height, width] by bilinear interpolation with half-pixel centres and no antialiasing:
 * what PyTorch's F.interpolate(mode='bilinear', align_corners=False) computes.
 */
export function Resize(g: GraphBuilder, x: Value, size: readonly [number, number]): Value {
  const [batch = 0, channels = 0] = x.shape
  return ResizeTo(g, x, g.int64s([batch, channels, ...size]))
}

/** [N, C b², H, W] to [N, C, H b, W b]; CRD takes the channels as [C, b, b], as PyTorch's PixelShuffle. */
export function DepthToSpace(
  g: GraphBuilder,
  x: Value,
  blocksize: number,
  mode: 'DCR' | 'CRD' = 'CRD',
): Value {
  return g.op('DepthToSpace', [x], { blocksize: int(blocksize), mode: string(mode) })
}
