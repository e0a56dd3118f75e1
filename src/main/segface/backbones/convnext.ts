/**
 * @file ConvNeXt's `.features` as torchvision builds it; SegFace takes what its four stages give.
 * Liu et al., A ConvNet for the 2020s (https://arxiv.org/abs/2201.03545).
 *
 * Normalisation and products go over channels, convolutions over pixels: the picture lies as [N, H, W, C] but for the
 * convolutions, which have their transposes directly around them, where onnxruntime merges them into its own relayout.
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { Add, Gelu, Mul } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { ConvOptions } from '../../onnx/ops/conv'
import type { NetworkContext } from '../layers'
import { conv2d, layerNorm, linear } from '../layers'

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
  const { g } = context
  const stem = conv2d(context, image, 'backbone.0.0.0', FIRST_CHANNELS[arch], 4, { strides: [4, 4] })
  const pixels = g.scope('backbone.0.0', () => Transpose(g, stem, CHANNELS_LAST))
  let x = layerNorm(context, pixels, 'backbone.0.0.1', EPSILON)
  // `.features` are in turn what makes the picture smaller, the stem first, and a stage.
  return DEPTHS.map((blocks, index) => {
    if (index > 0) x = downsample(context, x, `backbone.0.${2 * index}`)
    const name = `backbone.0.${2 * index + 1}`
    for (let n = 0; n < blocks; n++) x = block(context, x, `${name}.${n}`)
    return g.scope(name, () => Transpose(g, x, CHANNELS_FIRST))
  })
}

const CHANNELS_FIRST = [0, 3, 1, 2]
const CHANNELS_LAST = [0, 2, 3, 1]

/** nn.Conv2d on pixels [N, H, W, C]. */
function convolvePixels(
  context: NetworkContext,
  x: Value,
  name: string,
  out: number,
  kernel: number,
  options: ConvOptions,
): Value {
  const { g } = context
  return g.scope(name, () => {
    const y = conv2d(context, Transpose(g, x, CHANNELS_FIRST), name, out, kernel, options)
    return Transpose(g, y, CHANNELS_LAST)
  })
}

/** [N, H, W, C] to [N, H/2, W/2, 2 C]. */
function downsample(context: NetworkContext, x: Value, name: string): Value {
  const normed = layerNorm(context, x, `${name}.0`, EPSILON)
  return convolvePixels(context, normed, `${name}.1`, 2 * at(x.shape, 3), 2, { strides: [2, 2] })
}

/**
 * x [N, H, W, C] plus what a depthwise 7x7 convolution and two layers per pixel make of it. `layer_scale`, a factor for each
 * outgoing channel, moves into the second layer's weight and bias.
 */
function block(context: NetworkContext, x: Value, name: string): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 3)
  const seen = convolvePixels(context, x, `${name}.block.0`, channels, 7, {
    pads: [3, 3, 3, 3],
    group: channels,
  })
  const normed = layerNorm(context, seen, `${name}.block.2`, EPSILON)
  const hidden = linear(context, normed, `${name}.block.3`, EXPANSION * channels)
  const weight = parameter(`${name}.block.5.weight`, [channels, EXPANSION * channels])
  const bias = parameter(`${name}.block.5.bias`, [channels])
  const layerScale = parameter(`${name}.layer_scale`, [channels, 1, 1])
  return g.scope(name, () => {
    const scale = Reshape(g, layerScale, [channels])
    const scaled = Mul(g, Transpose(g, weight, [1, 0]), scale)
    const y = Add(g, MatMul(g, Gelu(g, hidden), scaled), Mul(g, bias, scale))
    return Add(g, x, y)
  })
}
