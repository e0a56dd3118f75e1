/**
 * @file MobileNetV3-Large's `.features` as torchvision builds it: the table of blocks, and the four taps that SegFace takes.
 * Howard et al., Searching for MobileNetV3, table 1 (https://arxiv.org/abs/1905.02244).
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { HardSigmoid, HardSwish, Relu } from '../../onnx/ops/elementwise'
import type { NetworkContext } from '../layers'
import type { Activation, InvertedResidual } from './inverted_residual'
import { convNormActivation, invertedResidual } from './inverted_residual'

/** PyTorch's Hardsigmoid. */
const hardSigmoid: Activation = (g, x) => HardSigmoid(g, x, { alpha: 1 / 6, beta: 0.5 })

const block = (
  kernel: 3 | 5,
  expanded: number,
  out: number,
  squeezed: number | null,
  activation: Activation,
  stride: 1 | 2,
): InvertedResidual => {
  const squeeze = squeezed === null ? null : { channels: squeezed, activation: Relu, gate: hardSigmoid }
  return { kernel, expanded, out, squeeze, activation, stride }
}

/** `.features.1` to `.features.15`: kernel, expanded and outgoing channels, squeezed channels, activation, stride. */
const BLOCKS: readonly InvertedResidual[] = [
  block(3, 16, 16, null, Relu, 1),
  block(3, 64, 24, null, Relu, 2),
  block(3, 72, 24, null, Relu, 1),
  block(5, 72, 40, 24, Relu, 2),
  block(5, 120, 40, 32, Relu, 1),
  block(5, 120, 40, 32, Relu, 1),
  block(3, 240, 80, null, HardSwish, 2),
  block(3, 200, 80, null, HardSwish, 1),
  block(3, 184, 80, null, HardSwish, 1),
  block(3, 184, 80, null, HardSwish, 1),
  block(3, 480, 112, 120, HardSwish, 1),
  block(3, 672, 112, 168, HardSwish, 1),
  block(5, 672, 160, 168, HardSwish, 2),
  block(5, 960, 160, 240, HardSwish, 1),
  block(5, 960, 160, 240, HardSwish, 1),
]

const STEM_CHANNELS = 16
const HEAD_CHANNELS = 960

/** SegFace takes what these `.features` give: at R/4, R/8, R/16 and R/32. */
const TAPS: readonly number[] = [3, 6, 12, 16]

/** The taps of a normalised image [N, 3, R, R]: [N, 24, R/4, R/4], [N, 40, R/8, R/8], [N, 112, R/16, R/16], [N, 960, R/32, R/32]. */
export function mobilenet(context: NetworkContext, image: Value): readonly Value[] {
  const stem = { kernel: 3, stride: 2 }
  let x = convNormActivation(context, image, 'backbone.0', STEM_CHANNELS, HardSwish, stem)
  const features = [x]
  for (const [index, each] of BLOCKS.entries()) {
    x = invertedResidual(context, x, `backbone.${index + 1}.block`, each)
    features.push(x)
  }
  features.push(convNormActivation(context, x, 'backbone.16', HEAD_CHANNELS, HardSwish))
  return TAPS.map((tap) => at(features, tap))
}
