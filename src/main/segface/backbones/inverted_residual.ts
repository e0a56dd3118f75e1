/**
 * @file The building blocks that MobileNetV3 and EfficientNetV2 share, with the names that torchvision gives their layers:
 * convolution with batch norm and activation, squeeze-and-excite, and the inverted residual made of them.
 */
import { at } from '../../../shared/assert'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { GlobalAveragePool } from '../../onnx/ops/conv'
import { Add, Mul } from '../../onnx/ops/elementwise'
import type { NetworkContext } from '../layers'
import { conv2d, convBatchNorm } from '../layers'

/** torchvision gives the batch norms of both networks this ε. */
const EPSILON = 1e-3

/** An elementwise function. */
export type Activation = (g: GraphBuilder, x: Value) => Value

/** 1x1 to `channels`, `activation`, 1x1 back, `gate`: a factor for each channel from the means of all. */
export interface SqueezeExcite {
  readonly channels: number
  readonly activation: Activation
  readonly gate: Activation
}

/** 1x1 to `expanded` channels, depthwise `kernel`, squeeze and excite where there is one, 1x1 to `out`. */
export interface InvertedResidual {
  readonly kernel: 3 | 5
  readonly expanded: number
  readonly out: number
  readonly squeeze: SqueezeExcite | null
  readonly activation: Activation
  readonly stride: 1 | 2
}

/** The block `{name}` on x [N, C, H, W]; x is added where the shape stays. */
export function invertedResidual(
  context: NetworkContext,
  x: Value,
  name: string,
  block: InvertedResidual,
): Value {
  const { kernel, expanded, out, squeeze, activation, stride } = block
  // The layers are numbered without gaps; a block that expands nothing lacks that layer.
  let layer = 0
  let y = x
  if (expanded !== at(x.shape, 1))
    y = convNormActivation(context, y, `${name}.${layer++}`, expanded, activation)
  const depthwise = { kernel, stride, group: expanded }
  y = convNormActivation(context, y, `${name}.${layer++}`, expanded, activation, depthwise)
  if (squeeze !== null) y = squeezeExcite(context, y, `${name}.${layer++}`, squeeze)
  y = convNormActivation(context, y, `${name}.${layer}`, out, null)
  return residual(context, x, y, name)
}

/** y, plus x where it has the same shape. */
export function residual({ g }: NetworkContext, x: Value, y: Value, name: string): Value {
  return String(x.shape) === String(y.shape) ? g.scope(name, () => Add(g, x, y)) : y
}

/** torchvision's Conv2dNormActivation: convolution `{name}.0` padded to keep the size, batch norm `{name}.1`, activation. */
export function convNormActivation(
  context: NetworkContext,
  x: Value,
  name: string,
  channels: number,
  activation: Activation | null,
  { kernel = 1, stride = 1, group = 1 } = {},
): Value {
  const pad = (kernel - 1) / 2
  const y = convBatchNorm(context, x, { conv: `${name}.0`, norm: `${name}.1` }, EPSILON, channels, kernel, {
    ...(stride > 1 && { strides: [stride, stride] }),
    ...(pad > 0 && { pads: [pad, pad, pad, pad] }),
    ...(group > 1 && { group }),
  })
  return activation === null ? y : context.g.scope(name, () => activation(context.g, y))
}

function squeezeExcite(context: NetworkContext, x: Value, name: string, squeeze: SqueezeExcite): Value {
  const { g } = context
  return g.scope(name, () => {
    const fc1 = conv2d(context, GlobalAveragePool(g, x), `${name}.fc1`, squeeze.channels)
    const fc2 = conv2d(context, squeeze.activation(g, fc1), `${name}.fc2`, at(x.shape, 1))
    return Mul(g, x, squeeze.gate(g, fc2))
  })
}
