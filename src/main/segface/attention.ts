/**
 * @file The three attentions of SegFace's two-way transformer (that of Segment Anything): tokens among themselves, tokens
 * reading the image, the image reading tokens. Heads have `inner / HEADS` channels; scores are divided by their root.
 *
 * Tokens are few (19) and pixels many (16,384 at 512), so the projections of the pixel side are moved to the token side by
 * associativity: q (W x)ᵀ = (q W) xᵀ. Each attention is then two products with the pixels as they lie in memory, without
 * a copy per head. It computes the same function.
 */
import { at } from '../../shared/assert'
import type { Value } from '../onnx/graph'
import { Add, Div, Mul } from '../onnx/ops/elementwise'
import { MatMul } from '../onnx/ops/linear'
import { Softmax } from '../onnx/ops/norm'
import { Reshape, Transpose } from '../onnx/ops/shape'
import type { NetworkContext } from './layers'
import { linear } from './layers'

const HEADS = 8

/** Attention of tokens [N, T, C] to tokens: q and k from `positioned`, v from `tokens`; C inner channels. */
export function selfAttention(
  context: NetworkContext,
  name: string,
  positioned: Value,
  tokens: Value,
): Value {
  const { g } = context
  const channels = at(tokens.shape, 2)
  const q = splitHeads(context, linear(context, positioned, `${name}.q_proj`, channels))
  const k = splitHeads(context, linear(context, positioned, `${name}.k_proj`, channels))
  const v = splitHeads(context, linear(context, tokens, `${name}.v_proj`, channels))
  const read = g.scope(name, () => {
    const scores = MatMul(g, q, Transpose(g, k, [0, 1, 3, 2]))
    return MatMul(g, Softmax(g, Mul(g, scores, scale(channels))), v)
  })
  return linear(context, joinHeads(context, read), `${name}.out_proj`, channels)
}

/**
 * Tokens [N, T, C] read the image [N, P, C]: keys from `positionedPixels`, values from `pixels`; C / 2 inner channels.
 * The bias of k_proj adds the same to all scores of a token, which softmax does not see: it is left out.
 */
export function tokensReadImage(
  context: NetworkContext,
  name: string,
  tokens: Value,
  positionedPixels: Value,
  pixels: Value,
): Value {
  const { g, parameter } = context
  const channels = at(tokens.shape, 2)
  const inner = channels / 2
  const q = splitHeads(context, linear(context, tokens, `${name}.q_proj`, inner))
  const perHead = [HEADS, inner / HEADS, channels]
  const keyWeight = Reshape(g, parameter(`${name}.k_proj.weight`, [inner, channels]), perHead)
  const valueWeight = Reshape(g, parameter(`${name}.v_proj.weight`, [inner, channels]), perHead)
  const valueBias = Reshape(g, parameter(`${name}.v_proj.bias`, [inner]), [HEADS, 1, inner / HEADS])
  // Asked for and left out: the network has it, and its gradient is zero.
  parameter(`${name}.k_proj.bias`, [inner])
  const read = g.scope(name, () => {
    const probes = mergeHeads(context, MatMul(g, Mul(g, q, scale(inner)), keyWeight))
    const weights = Softmax(g, MatMul(g, probes, Transpose(g, positionedPixels, [0, 2, 1])))
    const seen = unmergeHeads(context, MatMul(g, weights, pixels))
    return Add(g, MatMul(g, seen, Transpose(g, valueWeight, [0, 2, 1])), valueBias)
  })
  return linear(context, joinHeads(context, read), `${name}.out_proj`, channels)
}

/**
 * The image [N, P, C] reads tokens [N, T, C]: queries from `positionedPixels`, keys from `positionedTokens`, values from
 * `tokens`; C / 2 inner channels. A pixel's weights add up to 1 in each head, so the bias of out_proj travels in the
 * values, an eighth in each of the eight heads.
 */
export function imageReadsTokens(
  context: NetworkContext,
  name: string,
  positionedPixels: Value,
  positionedTokens: Value,
  tokens: Value,
): Value {
  const { g, parameter } = context
  const channels = at(tokens.shape, 2)
  const inner = channels / 2
  const perHead = [HEADS, inner / HEADS, channels]
  const k = splitHeads(context, linear(context, positionedTokens, `${name}.k_proj`, inner))
  const v = splitHeads(context, linear(context, tokens, `${name}.v_proj`, inner))
  const queryWeight = Reshape(g, parameter(`${name}.q_proj.weight`, [inner, channels]), perHead)
  const queryBias = Reshape(g, parameter(`${name}.q_proj.bias`, [inner]), [HEADS, inner / HEADS, 1])
  const outWeight = Transpose(g, parameter(`${name}.out_proj.weight`, [channels, inner]), [1, 0])
  const outBias = parameter(`${name}.out_proj.bias`, [channels])
  return g.scope(name, () => {
    const scaled = Mul(g, k, scale(inner))
    const probes = mergeHeads(context, MatMul(g, scaled, queryWeight))
    const offsets = Transpose(g, mergeHeads(context, MatMul(g, scaled, queryBias)), [0, 2, 1])
    const scores = Add(g, MatMul(g, positionedPixels, Transpose(g, probes, [0, 2, 1])), offsets)

    const [batch = 0, pixels = 0, rows = 0] = scores.shape
    const perPixel = Softmax(g, Reshape(g, scores, [batch, pixels, HEADS, rows / HEADS]))
    const weights = Reshape(g, perPixel, [batch, pixels, rows])
    const values = Add(g, MatMul(g, v, Reshape(g, outWeight, perHead)), Div(g, outBias, HEADS))
    return MatMul(g, weights, mergeHeads(context, values))
  })
}

/** 1 / √(channels of a head). */
function scale(inner: number): number {
  return 1 / Math.sqrt(inner / HEADS)
}

/** [N, T, C] to [N, heads, T, C / heads]. */
function splitHeads({ g }: NetworkContext, x: Value): Value {
  const [batch = 0, tokens = 0, channels = 0] = x.shape
  return Transpose(g, Reshape(g, x, [batch, tokens, HEADS, channels / HEADS]), [0, 2, 1, 3])
}

/** The reverse of `splitHeads`. */
function joinHeads({ g }: NetworkContext, x: Value): Value {
  const [batch = 0, , tokens = 0, channels = 0] = x.shape
  return Reshape(g, Transpose(g, x, [0, 2, 1, 3]), [batch, tokens, HEADS * channels])
}

/** [N, heads, T, C] to [N, heads T, C]: every head of every token is a row. */
function mergeHeads({ g }: NetworkContext, x: Value): Value {
  const [batch = 0, , tokens = 0, channels = 0] = x.shape
  return Reshape(g, x, [batch, HEADS * tokens, channels])
}

/** The reverse of `mergeHeads`. */
function unmergeHeads({ g }: NetworkContext, x: Value): Value {
  const [batch = 0, rows = 0, channels = 0] = x.shape
  return Reshape(g, x, [batch, HEADS, rows / HEADS, channels])
}
