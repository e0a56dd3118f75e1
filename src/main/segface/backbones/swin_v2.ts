/**
 * @file Swin Transformer V2 as torchvision builds it: what is its own of the stages that it shares with Swin.
 * Liu et al., Swin Transformer V2: Scaling Up Capacity and Resolution (https://arxiv.org/abs/2111.09883), section 3.
 */
import type { Value } from '../../onnx/graph'
import { Div, Exp, Max, Min, Mul, Relu, Sigmoid, Sqrt } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { ReduceSumSquare } from '../../onnx/ops/norm'
import { Reshape, Transpose } from '../../onnx/ops/shape'
import type { NetworkContext } from '../layers'
import { linear } from '../layers'
import type { SwinSizes, SwinVersion } from './swin_stages'
import { swinStages } from './swin_stages'

const SIZES = {
  swinv2_base: { channels: 128, depths: [2, 2, 18, 2], window: 8 },
  swinv2_small: { channels: 96, depths: [2, 2, 18, 2], window: 8 },
  swinv2_tiny: { channels: 96, depths: [2, 2, 6, 2], window: 8 },
} as const satisfies Readonly<Record<string, SwinSizes>>

/** Cosines are multiplied by no more than this. */
const MAX_LOGIT_SCALE = 100
/** Shorter vectors are not lengthened to 1: PyTorch's default for F.normalize. */
const MIN_LENGTH = 1e-12
/** Channels between the two layers that make a bias of a relative position. */
const POSITION_CHANNELS = 512
/** Biases lie between 0 and this. */
const MAX_BIAS = 16

const SWIN_V2: SwinVersion = {
  norm: 'after',
  scores: ({ g, parameter }, name, query, key) => {
    const [, , heads = 0] = query.shape
    const logitScale = parameter(`${name}.logit_scale`, [heads, 1, 1])
    const scale = Exp(g, Min(g, logitScale, Math.log(MAX_LOGIT_SCALE)))
    const cosineQuery = Mul(g, query, Div(g, scale, lengths({ g, parameter }, query)))
    const cosineKey = Div(g, key, lengths({ g, parameter }, key))
    return MatMul(g, cosineQuery, Transpose(g, cosineKey, [0, 1, 2, 4, 3]))
  },
  biasTable: continuousPositionBias,
}

/** The taps for a normalised image [N, 3, R, R]: C, 2 C, 4 C and 8 C channels at R/4, R/8, R/16 and R/32. */
export function swinV2(context: NetworkContext, image: Value, arch: keyof typeof SIZES): readonly Value[] {
  return swinStages(context, image, SIZES[arch], SWIN_V2)
}

/** Euclidean lengths along the last axis, which stays as 1. The limit is under the root, whose slope at 0 has no bound. */
function lengths({ g }: NetworkContext, x: Value): Value {
  const squares = ReduceSumSquare(g, x, [x.shape.length - 1])
  return Sqrt(g, Max(g, squares, MIN_LENGTH ** 2))
}

/** The bias table [(2 side - 1)², heads] that two layers make of relative positions, which the checkpoint stores. */
function continuousPositionBias(context: NetworkContext, name: string, side: number, heads: number): Value {
  const { g, parameter } = context
  const reach = 2 * side - 1
  const coordinates = parameter(`${name}.relative_coords_table`, [1, reach, reach, 2])
  const weight = parameter(`${name}.cpb_mlp.2.weight`, [heads, POSITION_CHANNELS])
  return g.scope(`${name}.cpb_mlp`, () => {
    const hidden = linear(
      context,
      Reshape(g, coordinates, [reach ** 2, 2]),
      `${name}.cpb_mlp.0`,
      POSITION_CHANNELS,
    )
    const table = MatMul(g, Relu(g, hidden), Transpose(g, weight, [1, 0]))
    return Mul(g, Sigmoid(g, table), MAX_BIAS)
  })
}
