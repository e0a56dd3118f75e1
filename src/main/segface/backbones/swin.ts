/**
 * @file Swin Transformer as torchvision builds it: what is its own of the stages that it shares with SwinV2.
 * Liu et al., Swin Transformer: Hierarchical Vision Transformer using Shifted Windows (https://arxiv.org/abs/2103.14030).
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { Mul } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { Transpose } from '../../onnx/ops/shape'
import type { NetworkContext } from '../layers'
import type { SwinSizes, SwinVersion } from './swin_stages'
import { swinStages } from './swin_stages'

const BASE: SwinSizes = { channels: 128, depths: [2, 2, 18, 2], window: 7 }

const SWIN: SwinVersion = {
  norm: 'before',
  scores: ({ g }, _, query, key) => {
    const scale = 1 / Math.sqrt(at(query.shape, 4))
    return MatMul(g, Mul(g, query, scale), Transpose(g, key, [0, 1, 2, 4, 3]))
  },
  biasTable: ({ parameter }, name, side, heads) =>
    parameter(`${name}.relative_position_bias_table`, [(2 * side - 1) ** 2, heads]),
}

/** The taps of Swin-B for a normalised image [N, 3, R, R]: 128, 256, 512 and 1024 channels at R/4, R/8, R/16 and R/32. */
export function swin(context: NetworkContext, image: Value): readonly Value[] {
  return swinStages(context, image, BASE, SWIN)
}
