/** @file torchvision's ConvNeXt, literally: each block leaves for channels-last and comes back. */
import { at } from '../../../src/shared/assert'
import type { Value } from '../../../src/main/onnx/graph'
import { Add, Gelu, Mul } from '../../../src/main/onnx/ops/elementwise'
import type { Literal } from './layers'
import { channelsFirst, channelsLast, conv2d, layerNorm, linear } from './layers'

const DEPTHS = [3, 3, 27, 3]
const EPSILON = 1e-6

/** The four taps of an image [N, 3, R, R], for the base (128 channels) or the small network (96). */
export function literalConvNeXt(context: Literal, image: Value, channels: number): readonly Value[] {
  const stem = conv2d(context, image, 'backbone.0.0.0', channels, 4, { strides: [4, 4] })
  let x = layerNorm2d(context, stem, 'backbone.0.0.1')
  return DEPTHS.map((blocks, stage) => {
    if (stage > 0) {
      const normed = layerNorm2d(context, x, `backbone.0.${2 * stage}.0`)
      x = conv2d(context, normed, `backbone.0.${2 * stage}.1`, 2 * at(x.shape, 1), 2, { strides: [2, 2] })
    }
    for (let n = 0; n < blocks; n++) x = block(context, x, `backbone.0.${2 * stage + 1}.${n}`)
    return x
  })
}

function layerNorm2d(context: Literal, x: Value, name: string): Value {
  return channelsFirst(context, layerNorm(context, channelsLast(context, x), name, EPSILON))
}

function block(context: Literal, x: Value, name: string): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 1)
  const seen = conv2d(context, x, `${name}.block.0`, channels, 7, { pads: [3, 3, 3, 3], group: channels })
  const normed = layerNorm(context, channelsLast(context, seen), `${name}.block.2`, EPSILON)
  const hidden = Gelu(g, linear(context, normed, `${name}.block.3`, 4 * channels))
  const y = channelsFirst(context, linear(context, hidden, `${name}.block.5`, channels))
  return Add(g, Mul(g, parameter(`${name}.layer_scale`, [channels, 1, 1]), y), x)
}
