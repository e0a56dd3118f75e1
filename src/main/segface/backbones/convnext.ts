/**
 * @file ConvNeXt's `.features` as torchvision builds it; SegFace takes what its four stages give.
 * Liu et al., A ConvNet for the 2020s (https://arxiv.org/abs/2201.03545).
 *
 * The picture lies as [N, C, H, W], for the convolutions and the layers of each pixel, which are convolutions, too. Norms go
 * over channels: they have their transposes directly around them, where onnxruntime merges them into its own relayout.
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { Conv } from '../../onnx/ops/conv'
import { Add, Gelu, Mul } from '../../onnx/ops/elementwise'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { NetworkContext } from '../layers'
import { conv2d, layerNorm, linearOfPixels } from '../layers'

/** torchvision gives ConvNeXt's layer norms this ε. */
const EPSILON = 1e-6

/** Blocks of the four stages, in the base and in the small network. */
const DEPTHS = [3, 3, 27, 3] as const

/** Channels of the first stage; each later one has twice those of the one before. */
const FIRST_CHANNELS = { convnext_base: 128, convnext_small: 96 } as const

/** Inside a block each pixel gets this many times its channels. */
const EXPANSION = 4

/** The taps of a normalised image [N, 3, R, R]: [N, C, R/4, R/4], [N, 2 C, R/8, R/8], [N, 4 C, R/16, R/16], [N, 8 C, R/32, R/32]. */
export function convnext(
  context: NetworkContext,
  image: Value,
  arch: keyof typeof FIRST_CHANNELS,
): readonly Value[] {
  const stem = conv2d(context, image, 'backbone.0.0.0', FIRST_CHANNELS[arch], 4, { strides: [4, 4] })
  let x = normalise(context, stem, 'backbone.0.0.1')
  // `.features` are in turn what makes the picture smaller, the stem first, and a stage.
  return DEPTHS.map((blocks, index) => {
    if (index > 0) x = downsample(context, x, `backbone.0.${2 * index}`)
    for (let n = 0; n < blocks; n++) x = block(context, x, `backbone.0.${2 * index + 1}.${n}`)
    return x
  })
}

/** nn.LayerNorm over the channels of x [N, C, H, W]. */
function normalise(context: NetworkContext, x: Value, name: string): Value {
  const { g } = context
  const pixels = g.scope(name, () => Transpose(g, x, [0, 2, 3, 1]))
  const normed = layerNorm(context, pixels, name, EPSILON)
  return g.scope(name, () => Transpose(g, normed, [0, 3, 1, 2]))
}

/** [N, C, H, W] to [N, 2 C, H/2, W/2]. */
function downsample(context: NetworkContext, x: Value, name: string): Value {
  const normed = normalise(context, x, `${name}.0`)
  return conv2d(context, normed, `${name}.1`, 2 * at(x.shape, 1), 2, { strides: [2, 2] })
}

/**
 * x [N, C, H, W] plus what a depthwise 7x7 convolution and two layers per pixel make of it. `layer_scale`, a factor for each
 * outgoing channel, moves into the second layer's weight and bias.
 */
function block(context: NetworkContext, x: Value, name: string): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 1)
  const hidden = EXPANSION * channels
  const seen = conv2d(context, x, `${name}.block.0`, channels, 7, { pads: [3, 3, 3, 3], group: channels })
  const normed = normalise(context, seen, `${name}.block.2`)
  const features = linearOfPixels(context, normed, `${name}.block.3`, hidden)
  const weight = parameter(`${name}.block.5.weight`, [channels, hidden])
  const bias = parameter(`${name}.block.5.bias`, [channels])
  const layerScale = parameter(`${name}.layer_scale`, [channels, 1, 1])
  return g.scope(name, () => {
    const scaled = Mul(g, weight, Reshape(g, layerScale, [channels, 1]))
    const kernel = Reshape(g, scaled, [channels, hidden, 1, 1])
    const offset = Mul(g, bias, Reshape(g, layerScale, [channels]))
    return Add(g, x, Conv(g, Gelu(g, features), kernel, offset))
  })
}
