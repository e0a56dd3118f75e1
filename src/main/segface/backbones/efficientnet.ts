/**
 * @file EfficientNetV2-M's `.features` as torchvision builds it: the table of stages, and the four taps that SegFace takes.
 * Tan and Le, EfficientNetV2, table 4 (https://arxiv.org/abs/2104.00298).
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { Mul, Sigmoid } from '../../onnx/ops/elementwise'
import type { NetworkContext } from '../layers'
import type { Activation } from './inverted_residual'
import { convNormActivation, invertedResidual, residual } from './inverted_residual'

/** PyTorch's SiLU. */
const silu: Activation = (g, x) => Mul(g, x, Sigmoid(g, x))

/** Blocks in a row, the first with `stride`; each has `expansion` times its incoming channels inside. */
interface Stage {
  /** Fused blocks have one full convolution where the others have a 1x1 and a depthwise one. */
  readonly fused: boolean
  readonly expansion: 1 | 4 | 6
  readonly stride: 1 | 2
  readonly out: number
  readonly blocks: number
}

const stage = (fused: boolean, expansion: 1 | 4 | 6, stride: 1 | 2, out: number, blocks: number): Stage => ({
  fused,
  expansion,
  stride,
  out,
  blocks,
})

/** `.features.1` to `.features.7`: fused or not, expansion, stride, outgoing channels, number of blocks. */
const STAGES: readonly Stage[] = [
  stage(true, 1, 1, 24, 3),
  stage(true, 4, 2, 48, 5),
  stage(true, 4, 2, 80, 5),
  stage(false, 4, 2, 160, 7),
  stage(false, 6, 1, 176, 14),
  stage(false, 6, 2, 304, 18),
  stage(false, 6, 1, 512, 5),
]

const STEM_CHANNELS = 24
const HEAD_CHANNELS = 1280
/** Squeeze-and-excite squeezes to a quarter of what comes into the block. */
const SQUEEZE = 4

/** SegFace takes what these `.features` give: at R/4, R/8, R/16 and R/32. */
const TAPS: readonly number[] = [2, 3, 5, 8]

/** The taps of a normalised image [N, 3, R, R]: [N, 48, R/4, R/4], [N, 80, R/8, R/8], [N, 176, R/16, R/16], [N, 1280, R/32, R/32]. */
export function efficientnet(context: NetworkContext, image: Value): readonly Value[] {
  let x = convNormActivation(context, image, 'backbone.0', STEM_CHANNELS, silu, { kernel: 3, stride: 2 })
  const features = [x]
  for (const [index, { fused, expansion, stride, out, blocks }] of STAGES.entries()) {
    for (let n = 0; n < blocks; n++) {
      const name = `backbone.${index + 1}.${n}.block`
      const channels = at(x.shape, 1)
      const shape = { expanded: channels * expansion, out, stride: n === 0 ? stride : 1 } as const
      const squeeze = { channels: channels / SQUEEZE, activation: silu, gate: Sigmoid }
      x = fused
        ? fusedInvertedResidual(context, x, name, shape)
        : invertedResidual(context, x, name, { kernel: 3, squeeze, activation: silu, ...shape })
    }
    features.push(x)
  }
  features.push(convNormActivation(context, x, 'backbone.8', HEAD_CHANNELS, silu))
  return TAPS.map((tap) => at(features, tap))
}

/** 3x3 to `expanded` channels, 1x1 to `out`; a block that expands nothing is its 3x3 alone. */
function fusedInvertedResidual(
  context: NetworkContext,
  x: Value,
  name: string,
  { expanded, out, stride }: { readonly expanded: number; readonly out: number; readonly stride: 1 | 2 },
): Value {
  const expands = expanded !== at(x.shape, 1)
  const first = expands ? expanded : out
  let y = convNormActivation(context, x, `${name}.0`, first, silu, { kernel: 3, stride })
  if (expands) y = convNormActivation(context, y, `${name}.1`, out, null)
  return residual(context, x, y, name)
}
