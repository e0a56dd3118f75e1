/**
 * @file ResNet-101 as torchvision builds it, without its classifier; SegFace takes what its four stages give.
 * He et al., Deep Residual Learning (https://arxiv.org/abs/1512.03385), with the stride in the 3x3 convolution (V1.5).
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { MaxPool } from '../../onnx/ops/conv'
import { Add, Relu } from '../../onnx/ops/elementwise'
import type { NetworkContext } from '../layers'
import { convBatchNorm } from '../layers'

/** PyTorch's default for nn.BatchNorm2d. */
const EPSILON = 1e-5

const STEM_CHANNELS = 64

/** Of each stage: the channels of its 3x3 convolutions, and how many blocks it has. */
const STAGES = [
  { width: 64, blocks: 3 },
  { width: 128, blocks: 4 },
  { width: 256, blocks: 23 },
  { width: 512, blocks: 3 },
] as const

/** A block gives this many times the channels of its 3x3 convolution. */
const EXPANSION = 4

/** SegFace numbers the layers in a row: 0 and 1 are the stem, 4 to 7 the stages. */
const FIRST_STAGE = 4

/** The taps of a normalised image [N, 3, R, R]: [N, 256, R/4, R/4], [N, 512, R/8, R/8], [N, 1024, R/16, R/16], [N, 2048, R/32, R/32]. */
export function resnet(context: NetworkContext, image: Value): readonly Value[] {
  const { g } = context
  const stem = { conv: 'backbone.0', norm: 'backbone.1' }
  const wide = convBatchNorm(context, image, stem, EPSILON, STEM_CHANNELS, 7, {
    strides: [2, 2],
    pads: [3, 3, 3, 3],
  })
  let x = g.scope('backbone.3', () =>
    MaxPool(g, Relu(g, wide), [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  )
  return STAGES.map(({ width, blocks }, index) => {
    for (let n = 0; n < blocks; n++) {
      x = bottleneck(context, x, `backbone.${FIRST_STAGE + index}.${n}`, width, n === 0 && index > 0 ? 2 : 1)
    }
    return x
  })
}

/** 1x1 to `width` channels, 3x3 with the stride, 1x1 to four times as many; x, projected where the shape changes, is added. */
function bottleneck(context: NetworkContext, x: Value, name: string, width: number, stride: 1 | 2): Value {
  const { g } = context
  const out = width * EXPANSION
  const strides = { strides: [stride, stride] }
  const layer = (y: Value, n: 1 | 2 | 3, channels: number, kernel = 1, options = {}) => {
    const names = { conv: `${name}.conv${n}`, norm: `${name}.bn${n}` }
    return convBatchNorm(context, y, names, EPSILON, channels, kernel, options)
  }
  const relu = (y: Value) => g.scope(name, () => Relu(g, y))

  const reduced = relu(layer(x, 1, width))
  const seen = relu(layer(reduced, 2, width, 3, { ...strides, pads: [1, 1, 1, 1] }))
  const restored = layer(seen, 3, out)
  const downsample = { conv: `${name}.downsample.0`, norm: `${name}.downsample.1` }
  const identity =
    at(x.shape, 1) === out ? x : convBatchNorm(context, x, downsample, EPSILON, out, 1, strides)
  return relu(g.scope(name, () => Add(g, identity, restored)))
}
