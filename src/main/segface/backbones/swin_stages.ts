/**
 * @file What Swin and SwinV2 share, as torchvision builds their `.features`: patches of 4 x 4 pixels, four stages of attention
 * in windows that are shifted in every other block, and merging between stages. Maps lie as [N, H, W, C].
 */
import { at } from '../../../shared/assert'
import type { Value } from '../../onnx/graph'
import { Add, Gelu } from '../../onnx/ops/elementwise'
import { MatMul } from '../../onnx/ops/linear'
import { Softmax } from '../../onnx/ops/norm'
import { Gather, Pad, Reshape, Split, Transpose } from '../../onnx/ops/shape'
import type { NetworkContext } from '../layers'
import { conv2d, layerNorm, linearOfPixels } from '../layers'
import type { Windows } from './windows'
import {
  joinWindows,
  layOutWindows,
  mergePixels,
  splitWindows,
  windowConstants,
  windowPadding,
} from './windows'

/** torchvision gives Swin's layer norms this ε. */
const EPSILON = 1e-5
const PATCH = 4
/** The same in every stage. */
const HEAD_CHANNELS = 32
/** Between the two layers of a block each pixel has this many times its channels. */
const EXPANSION = 4

export interface SwinSizes {
  /** Channels of the first stage; each later one has twice those of the one before. */
  readonly channels: number
  /** Blocks of each stage. */
  readonly depths: readonly number[]
  /** Pixels along an edge of a window. */
  readonly window: number
}

/** What tells Swin from SwinV2. */
export interface SwinVersion {
  /** Whether layers normalise what they read or what they give. */
  readonly norm: 'before' | 'after'
  /** How much each query wants each key: [N, windows, heads, queries, keys] of both as [N, windows, heads, places, channels]. */
  readonly scores: (context: NetworkContext, name: string, query: Value, key: Value) => Value
  /** What is added for how two places lie to each other, [(2 side - 1)², heads] in a window of `side` pixels. */
  readonly biasTable: (context: NetworkContext, name: string, side: number, heads: number) => Value
}

/** The taps of a normalised image [N, 3, R, R]: what the stages give, [N, C, R/4, R/4] to [N, 8 C, R/32, R/32]. */
export function swinStages(
  context: NetworkContext,
  image: Value,
  { channels, depths, window }: SwinSizes,
  version: SwinVersion,
): readonly Value[] {
  const { g } = context
  const patches = conv2d(context, image, 'backbone.0.0.0', channels, PATCH, { strides: [PATCH, PATCH] })
  const pixels = g.scope('backbone.0.0', () => Transpose(g, patches, [0, 2, 3, 1]))
  let x = layerNorm(context, pixels, 'backbone.0.0.2', EPSILON)
  // `.features` are in turn what makes the map smaller, the patches first, and a stage.
  return depths.map((blocks, stage) => {
    if (stage > 0) x = mergePatches(context, x, `backbone.0.${2 * stage}`, version)
    const name = `backbone.0.${2 * stage + 1}`
    const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
    const still = layOutWindows([height, width], window, 0)
    const shifted = layOutWindows([height, width], window, Math.floor(window / 2))
    const padding = windowPadding(g, name, still, { batch, channels })
    const shared = { heads: channels / HEAD_CHANNELS, padding }
    const inTurn = [
      windowConstants(g, `${name}.windows`, still, shared),
      windowConstants(g, `${name}.shifted_windows`, shifted, shared),
    ]
    for (let n = 0; n < blocks; n++) x = block(context, x, `${name}.${n}`, at(inTurn, n % 2), version)
    return g.scope(name, () => Transpose(g, x, [0, 3, 1, 2]))
  })
}

/** Half the map with twice the channels: [N, H, W, C] to [N, ⌈H/2⌉, ⌈W/2⌉, 2 C]. */
function mergePatches(context: NetworkContext, x: Value, name: string, version: SwinVersion): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 3)
  const weight = parameter(`${name}.reduction.weight`, [2 * channels, 4 * channels])
  return normalised(context, mergePixels(g, name, x), `${name}.norm`, version, (y) =>
    g.scope(`${name}.reduction`, () => MatMul(g, y, Transpose(g, weight, [1, 0]))),
  )
}

function block(
  context: NetworkContext,
  x: Value,
  name: string,
  windows: Windows,
  version: SwinVersion,
): Value {
  const { g } = context
  const channels = at(x.shape, 3)
  const read = normalised(context, x, `${name}.norm1`, version, (y) =>
    windowAttention(context, y, `${name}.attn`, windows, version),
  )
  const seen = g.scope(name, () => Add(g, x, read))
  const thought = normalised(context, seen, `${name}.norm2`, version, (y) => {
    const pixels = g.scope(`${name}.mlp`, () => Transpose(g, y, [0, 3, 1, 2]))
    const hidden = linearOfPixels(context, pixels, `${name}.mlp.0`, EXPANSION * channels)
    const active = g.scope(`${name}.mlp.1`, () => Gelu(g, hidden))
    const made = linearOfPixels(context, active, `${name}.mlp.3`, channels)
    return g.scope(`${name}.mlp`, () => Transpose(g, made, [0, 2, 3, 1]))
  })
  return g.scope(name, () => Add(g, seen, thought))
}

/** What `body` makes of x, with the layer norm `name` on the side that the version has it on. */
function normalised(
  context: NetworkContext,
  x: Value,
  name: string,
  { norm }: SwinVersion,
  body: (x: Value) => Value,
): Value {
  return norm === 'before'
    ? body(layerNorm(context, x, name, EPSILON))
    : layerNorm(context, body(x), name, EPSILON)
}

/**
 * Each pixel of x [N, H, W, C] reads those in its window. Keys get no bias: in Swin it would add the same to all scores of a
 * query, which softmax does not see, and SwinV2 has none. The bias of values, whose weights add up to 1, travels in the bias
 * of the projection. So padding, which torchvision attends to as it does to pixels, is zeros here and takes no products.
 */
function windowAttention(
  context: NetworkContext,
  x: Value,
  name: string,
  windows: Windows,
  { scores, biasTable }: SwinVersion,
): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 3)
  const weight = parameter(`${name}.qkv.weight`, [3 * channels, channels])
  const qkvBias = parameter(`${name}.qkv.bias`, [3 * channels])
  const projWeight = parameter(`${name}.proj.weight`, [channels, channels])
  const projBias = parameter(`${name}.proj.bias`, [channels])
  return g.scope(name, () => {
    const [queryBias, , valueBias] = Split(g, qkvBias, [channels, channels, channels], 0) as [
      Value,
      Value,
      Value,
    ]
    const bias = Pad(g, queryBias, [0, 2 * channels])
    const qkv = Add(g, MatMul(g, x, Transpose(g, weight, [1, 0])), bias)
    const [query, key, value] = splitWindows(g, qkv, windows)

    const table = biasTable(context, name, windows.layout.side, channels / HEAD_CHANNELS)
    const placed = Transpose(g, Gather(g, table, windows.relativePositions, 0), [2, 0, 1])
    const biased = Add(g, scores(context, name, query, key), placed)
    const masked = windows.mask === null ? biased : Add(g, biased, windows.mask)
    const read = joinWindows(g, MatMul(g, Softmax(g, masked), value), windows)

    const projection = Transpose(g, projWeight, [1, 0])
    const carried = Reshape(g, MatMul(g, Reshape(g, valueBias, [1, channels]), projection), [channels])
    return Add(g, MatMul(g, read, projection), Add(g, projBias, carried))
  })
}
