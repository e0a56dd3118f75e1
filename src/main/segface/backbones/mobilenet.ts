/**
 * @file MobileNetV3-Large's `.features` as torchvision builds it: the table of blocks, and the four taps that SegFace takes.
 * Howard et al., Searching for MobileNetV3, table 1 (https://arxiv.org/abs/1905.02244).
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { GlobalAveragePool } from '../../onnx/ops/conv'
import { Add, HardSigmoid, HardSwish, Mul, Relu } from '../../onnx/ops/elementwise'
import type { NetworkContext } from '../layers'
import { conv2d, convBatchNorm } from '../layers'

/** torchvision gives MobileNetV3's batch norms this ε. */
const EPSILON = 1e-3

type Activation = 'relu' | 'hardswish'

/** One inverted residual: 1x1 to `expanded` channels, depthwise `kernel`, squeeze and excite, 1x1 to `out`. */
interface Block {
  readonly kernel: 3 | 5
  readonly expanded: number
  readonly out: number
  /** Channels between the two 1x1 convolutions of squeeze-and-excite, or null for none. */
  readonly squeeze: number | null
  readonly activation: Activation
  readonly stride: 1 | 2
}

const block = (
  kernel: 3 | 5,
  expanded: number,
  out: number,
  squeeze: number | null,
  activation: Activation,
  stride: 1 | 2,
): Block => ({ kernel, expanded, out, squeeze, activation, stride })

/** `.features.1` to `.features.15`. */
const BLOCKS: readonly Block[] = [
  block(3, 16, 16, null, 'relu', 1),
  block(3, 64, 24, null, 'relu', 2),
  block(3, 72, 24, null, 'relu', 1),
  block(5, 72, 40, 24, 'relu', 2),
  block(5, 120, 40, 32, 'relu', 1),
  block(5, 120, 40, 32, 'relu', 1),
  block(3, 240, 80, null, 'hardswish', 2),
  block(3, 200, 80, null, 'hardswish', 1),
  block(3, 184, 80, null, 'hardswish', 1),
  block(3, 184, 80, null, 'hardswish', 1),
  block(3, 480, 112, 120, 'hardswish', 1),
  block(3, 672, 112, 168, 'hardswish', 1),
  block(5, 672, 160, 168, 'hardswish', 2),
  block(5, 960, 160, 240, 'hardswish', 1),
  block(5, 960, 160, 240, 'hardswish', 1),
]

const STEM_CHANNELS = 16
const HEAD_CHANNELS = 960

/** SegFace takes what these `.features` give: at R/4, R/8, R/16 and R/32. */
const TAPS: readonly number[] = [3, 6, 12, 16]

/** The taps of a normalised image [N, 3, R, R]: [N, 24, R/4, R/4], [N, 40, R/8, R/8], [N, 112, R/16, R/16], [N, 960, R/32, R/32]. */
export function mobilenet(context: NetworkContext, image: Value): readonly Value[] {
  const features: Value[] = []
  let x = convolution(context, image, 'backbone.0', STEM_CHANNELS, 'hardswish', { kernel: 3, stride: 2 })
  features.push(x)
  for (const [index, each] of BLOCKS.entries()) {
    x = invertedResidual(context, x, `backbone.${index + 1}.block`, each)
    features.push(x)
  }
  features.push(convolution(context, x, 'backbone.16', HEAD_CHANNELS, 'hardswish'))
  return TAPS.map((tap) => at(features, tap))
}

function invertedResidual(context: NetworkContext, x: Value, name: string, block: Block): Value {
  const { kernel, expanded, out, squeeze, activation, stride } = block
  // The layers of `.block` are numbered without gaps; the first block expands nothing and lacks that layer.
  let layer = 0
  let y = x
  if (expanded !== at(x.shape, 1)) y = convolution(context, y, `${name}.${layer++}`, expanded, activation)
  y = convolution(context, y, `${name}.${layer++}`, expanded, activation, { kernel, stride, depthwise: true })
  if (squeeze !== null) y = squeezeExcite(context, y, `${name}.${layer++}`, squeeze)
  y = convolution(context, y, `${name}.${layer}`, out, null)
  const residual = stride === 1 && at(x.shape, 1) === out
  return residual ? context.g.scope(name, () => Add(context.g, x, y)) : y
}

/** Convolution, batch norm and activation: `{name}.0`, `{name}.1`. */
function convolution(
  context: NetworkContext,
  x: Value,
  name: string,
  channels: number,
  activation: Activation | null,
  { kernel = 1, stride = 1, depthwise = false } = {},
): Value {
  const pad = (kernel - 1) / 2
  const y = convBatchNorm(context, x, { conv: `${name}.0`, norm: `${name}.1` }, EPSILON, channels, kernel, {
    ...(stride > 1 && { strides: [stride, stride] }),
    ...(pad > 0 && { pads: [pad, pad, pad, pad] }),
    ...(depthwise && { group: channels }),
  })
  return activation === null ? y : context.g.scope(name, () => activate(context, y, activation))
}

function activate({ g }: NetworkContext, x: Value, activation: Activation): Value {
  return activation === 'relu' ? Relu(g, x) : HardSwish(g, x)
}

/** Each channel times a factor in [0, 1] that depends on the means of all channels. */
function squeezeExcite(context: NetworkContext, x: Value, name: string, squeezed: number): Value {
  const { g } = context
  return g.scope(name, () => {
    const channels = at(x.shape, 1)
    const fc1 = conv2d(context, GlobalAveragePool(g, x), `${name}.fc1`, squeezed)
    const fc2 = conv2d(context, Relu(g, fc1), `${name}.fc2`, channels)
    return Mul(g, x, HardSigmoid(g, fc2, { alpha: 1 / 6, beta: 0.5 }))
  })
}
