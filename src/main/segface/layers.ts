/** @file PyTorch's building blocks in ONNX operators, each reading its parameters under its module's name. */
import { at } from '../../shared/assert'
import { elementCount } from '../base/tensor'
import type { GraphBuilder, Value } from '../onnx/graph'
import type { ConvOptions } from '../onnx/ops/conv'
import { Conv } from '../onnx/ops/conv'
import { Add, Div, Mul, Sqrt, Sub } from '../onnx/ops/elementwise'
import { MatMul } from '../onnx/ops/linear'
import { LayerNormalization, ReduceMean } from '../onnx/ops/norm'
import { Reshape, Transpose } from '../onnx/ops/shape'
import type { Parameters } from './weights'

/** What every part of a network needs to write itself down. */
export interface NetworkContext {
  readonly g: GraphBuilder
  readonly parameter: Parameters
  /** Where batch norms are to use the statistics of their batch: told of each. Left out, they use the running ones. */
  readonly batchStatistics?: (statistics: BatchStatistics) => void
}

/** What one batch norm measured. */
export interface BatchStatistics {
  /** The module's name. */
  readonly norm: string
  /** Per channel [C]; the variance as it normalises, Σ (x - mean)² / count. */
  readonly mean: Value
  readonly variance: Value
  /** Pixels of all pictures of the batch. */
  readonly count: number
}

/** nn.Linear on the last axis: x Wᵀ + b. */
export function linear({ g, parameter }: NetworkContext, x: Value, name: string, outFeatures: number): Value {
  const inFeatures = at(x.shape, x.shape.length - 1)
  const weight = parameter(`${name}.weight`, [outFeatures, inFeatures])
  const bias = parameter(`${name}.bias`, [outFeatures])
  return g.scope(name, () => Add(g, MatMul(g, x, Transpose(g, weight, [1, 0])), bias))
}

/**
 * nn.Linear on the channels of every pixel of x [N, C, H, W], as a convolution: in the blocked layout that onnxruntime gives
 * convolutions on a processor, the same products take a sixth less time than as those of a matrix.
 */
export function linearOfPixels(context: NetworkContext, x: Value, name: string, outFeatures: number): Value {
  const { g, parameter } = context
  const inFeatures = at(x.shape, 1)
  const weight = parameter(`${name}.weight`, [outFeatures, inFeatures])
  const bias = parameter(`${name}.bias`, [outFeatures])
  return g.scope(name, () => Conv(g, x, Reshape(g, weight, [outFeatures, inFeatures, 1, 1]), bias))
}

/** nn.LayerNorm over the last axis. */
export function layerNorm({ g, parameter }: NetworkContext, x: Value, name: string, epsilon: number): Value {
  const features = at(x.shape, x.shape.length - 1)
  const weight = parameter(`${name}.weight`, [features])
  const bias = parameter(`${name}.bias`, [features])
  return g.scope(name, () => LayerNormalization(g, x, weight, bias, { epsilon }))
}

/** nn.Conv2d with a bias. */
export function conv2d(
  { g, parameter }: NetworkContext,
  x: Value,
  name: string,
  outChannels: number,
  kernel = 1,
  options: ConvOptions = {},
): Value {
  const shape = [outChannels, at(x.shape, 1) / (options.group ?? 1), kernel, kernel]
  const weight = parameter(`${name}.weight`, shape)
  const bias = parameter(`${name}.bias`, [outChannels])
  return g.scope(name, () => Conv(g, x, weight, bias, options))
}

/**
 * nn.Conv2d without bias, then nn.BatchNorm2d with its running statistics. With those fixed, the normalisation is one
 * factor and one offset per channel, s = γ / √(σ² + ε) and β - μ s, which move into the convolution's weight and bias:
 * no pass over the picture. The folding stands in the graph, so the runtime does it once when the weights are constants,
 * and gradients reach γ and β when they are not.
 */
export function convBatchNorm(
  context: NetworkContext,
  x: Value,
  names: { readonly conv: string; readonly norm: string },
  epsilon: number,
  outChannels: number,
  kernel: number,
  options: ConvOptions = {},
): Value {
  const { g, parameter, batchStatistics } = context
  const weight = parameter(`${names.conv}.weight`, [
    outChannels,
    at(x.shape, 1) / (options.group ?? 1),
    kernel,
    kernel,
  ])
  const perChannel = (part: string) => parameter(`${names.norm}.${part}`, [outChannels])
  const [gamma, beta] = [perChannel('weight'), perChannel('bias')]
  if (batchStatistics !== undefined) {
    const y = g.scope(names.conv, () => Conv(g, x, weight, null, options))
    return g.scope(names.norm, () => {
      const { normalised, mean, variance } = normaliseBatch(g, y, gamma, beta, epsilon)
      batchStatistics({ norm: names.norm, mean, variance, count: elementCount(y.shape) / outChannels })
      return normalised
    })
  }
  const [mean, variance] = [perChannel('running_mean'), perChannel('running_var')]
  return g.scope(names.conv, () => {
    const scale = Div(g, gamma, Sqrt(g, Add(g, variance, epsilon)))
    const folded = Mul(g, weight, Reshape(g, scale, [outChannels, 1, 1, 1]))
    return Conv(g, x, folded, Sub(g, beta, Mul(g, mean, scale)), options)
  })
}

/** nn.BatchNorm2d of x [N, C, H, W] by the statistics of the batch itself, which are answered too, each [C]. */
function normaliseBatch(
  g: GraphBuilder,
  x: Value,
  gamma: Value,
  beta: Value,
  epsilon: number,
): { normalised: Value; mean: Value; variance: Value } {
  const channels = at(x.shape, 1)
  const perChannel = (value: Value) => Reshape(g, value, [1, channels, 1, 1])
  const mean = ReduceMean(g, x, [0, 2, 3])
  const centred = Sub(g, x, mean)
  const variance = ReduceMean(g, Mul(g, centred, centred), [0, 2, 3])
  const scale = Div(g, perChannel(gamma), Sqrt(g, Add(g, variance, epsilon)))
  return {
    normalised: Add(g, Mul(g, centred, scale), perChannel(beta)),
    mean: Reshape(g, mean, [channels]),
    variance: Reshape(g, variance, [channels]),
  }
}
