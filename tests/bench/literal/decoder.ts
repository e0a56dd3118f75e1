/** @file SegFace's fusion and face decoder, literally: every tap projected and upsampled, attention head by head. */
import { at } from '../../../src/shared/assert'
import { tensor } from '../../../src/main/base/tensor'
import type { Value } from '../../../src/main/onnx/graph'
import { Conv, ConvTranspose, Resize } from '../../../src/main/onnx/ops/conv'
import { Add, Cos, Div, Gelu, Mul, Pow, Relu, Sin, Sqrt, Sub } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import { ReduceMean, Softmax } from '../../../src/main/onnx/ops/norm'
import { Concat, Reshape, Transpose, Unsqueeze } from '../../../src/main/onnx/ops/shape'
import type { Literal } from './layers'
import { layerNorm, linear } from './layers'

const CHANNELS = 256
const HEADS = 8
const EPSILON = 1e-5
const TOKENS = [
  'background', 'neck', 'face', 'cloth', 'rightear', 'leftear', 'rightbro', 'leftbro', 'righteye', 'lefteye',
  'nose', 'innermouth', 'lowerlip', 'upperlip', 'hair', 'glass', 'hat', 'earring', 'necklace',
] // prettier-ignore

/** Logits [N, 19, R, R] from the four taps. */
export function literalHead(context: Literal, taps: readonly Value[], resolution: number): Value {
  const { g, parameter } = context
  const [batch = 0, , height = 0, width = 0] = at(taps, 0).shape
  const maps = taps.map((tap, n) => {
    const [, channels = 0, h = 0, w = 0] = tap.shape
    const pixels = Transpose(g, Reshape(g, tap, [batch, channels, h * w]), [0, 2, 1])
    const projected = linear(context, pixels, `linear_c.${n}.proj`, CHANNELS)
    return Resize(g, Reshape(g, Transpose(g, projected, [0, 2, 1]), [batch, CHANNELS, h, w]), [height, width])
  })
  const fuse = parameter('linear_fuse.weight', [CHANNELS, CHANNELS * taps.length, 1, 1])
  const fused = Conv(g, Concat(g, maps.reverse(), 1), fuse, null)

  const asPixels = (map: Value) =>
    Transpose(g, Reshape(g, map, [at(map.shape, 0), CHANNELS, height * width]), [0, 2, 1])
  const { tokens, pixels } = transformer(
    context,
    asPixels(fused),
    asPixels(positions(context, height, width)),
  )
  const image = Reshape(g, Transpose(g, pixels, [0, 2, 1]), [batch, CHANNELS, height, width])
  const upscaled = upscale(context, image)
  let weights = tokens
  for (const [layer, out] of [CHANNELS, CHANNELS, CHANNELS / 8].entries()) {
    weights = linear(context, weights, `face_decoder.output_hypernetwork_mlps.layers.${layer}`, out)
    if (layer < 2) weights = Relu(g, weights)
  }
  const flat = Reshape(g, upscaled, [batch, CHANNELS / 8, 16 * height * width])
  const masks = Reshape(g, MatMul(g, weights, flat), [batch, TOKENS.length, 4 * height, 4 * width])
  return Resize(g, masks, [resolution, resolution])
}

function positions({ g, parameter }: Literal, height: number, width: number): Value {
  const data = new Float32Array(height * width * 2)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([(x + 0.5) / width, (y + 0.5) / height], 2 * (y * width + x))
  }
  const grid = g.initializer('grid', tensor('float32', [height, width, 2], data))
  const gaussian = parameter('pe_layer.positional_encoding_gaussian_matrix', [2, CHANNELS / 2])
  const angles = Mul(g, MatMul(g, Sub(g, Mul(g, grid, 2), 1), gaussian), 2 * Math.PI)
  return Unsqueeze(g, Transpose(g, Concat(g, [Sin(g, angles), Cos(g, angles)], -1), [2, 0, 1]), [0])
}

function transformer(context: Literal, image: Value, imagePosition: Value): { tokens: Value; pixels: Value } {
  const { g, parameter } = context
  const each = TOKENS.map((name) => parameter(`face_decoder.${name}_token.weight`, [1, CHANNELS]))
  const tokenPosition = Unsqueeze(g, Concat(g, each, 0), [0])
  let tokens = tokenPosition
  let pixels = image
  for (let index = 0; index < 2; index++) {
    const layer = `face_decoder.transformer.layers.${index}`
    const norm = (x: Value, n: number) => layerNorm(context, x, `${layer}.norm${n}`, EPSILON)
    const positioned = () => Add(g, tokens, tokenPosition)
    const own = index === 0 ? tokens : positioned()
    const self = attention(context, `${layer}.self_attn`, own, own, tokens, CHANNELS)
    tokens = norm(index === 0 ? self : Add(g, tokens, self), 1)
    const toImage = `${layer}.cross_attn_token_to_image`
    const read = attention(
      context,
      toImage,
      positioned(),
      Add(g, pixels, imagePosition),
      pixels,
      CHANNELS / 2,
    )
    tokens = norm(Add(g, tokens, read), 2)
    const hidden = Relu(g, linear(context, tokens, `${layer}.mlp.lin1`, 2048))
    tokens = norm(Add(g, tokens, linear(context, hidden, `${layer}.mlp.lin2`, CHANNELS)), 3)
    const toToken = `${layer}.cross_attn_image_to_token`
    const written = attention(
      context,
      toToken,
      Add(g, pixels, imagePosition),
      positioned(),
      tokens,
      CHANNELS / 2,
    )
    pixels = norm(Add(g, pixels, written), 4)
  }
  const last = 'face_decoder.transformer'
  const queries = Add(g, tokens, tokenPosition)
  const keys = Add(g, pixels, imagePosition)
  const read = attention(context, `${last}.final_attn_token_to_image`, queries, keys, pixels, CHANNELS / 2)
  return { tokens: layerNorm(context, Add(g, tokens, read), `${last}.norm_final_attn`, EPSILON), pixels }
}

function attention(context: Literal, name: string, q: Value, k: Value, v: Value, inner: number): Value {
  const { g } = context
  const heads = (x: Value, part: string) => {
    const [batch = 0, rows = 0] = x.shape
    const split = Reshape(g, linear(context, x, `${name}.${part}`, inner), [
      batch,
      rows,
      HEADS,
      inner / HEADS,
    ])
    return Transpose(g, split, [0, 2, 1, 3])
  }
  const [query, key, value] = [heads(q, 'q_proj'), heads(k, 'k_proj'), heads(v, 'v_proj')]
  const scores = Div(g, MatMul(g, query, Transpose(g, key, [0, 1, 3, 2])), Math.sqrt(inner / HEADS))
  const read = Transpose(g, MatMul(g, Softmax(g, scores), value), [0, 2, 1, 3])
  const joined = Reshape(g, read, [at(read.shape, 0), at(read.shape, 1), inner])
  return linear(context, joined, `${name}.out_proj`, CHANNELS)
}

/** ConvTranspose2d, LayerNorm2d operator by operator, GELU, ConvTranspose2d, GELU. */
function upscale({ g, parameter }: Literal, image: Value): Value {
  const name = 'face_decoder.output_upscaling'
  const double = (x: Value, n: number, out: number) => {
    const weight = parameter(`${name}.${n}.weight`, [at(x.shape, 1), out, 2, 2])
    return ConvTranspose(g, x, weight, parameter(`${name}.${n}.bias`, [out]), { strides: [2, 2] })
  }
  const doubled = double(image, 0, CHANNELS / 4)
  const centred = Sub(g, doubled, ReduceMean(g, doubled, [1]))
  const deviation = Sqrt(g, Add(g, ReduceMean(g, Pow(g, centred, 2), [1]), 1e-6))
  const channel = (part: string) =>
    Reshape(g, parameter(`${name}.1.${part}`, [CHANNELS / 4]), [CHANNELS / 4, 1, 1])
  const normed = Add(g, Mul(g, channel('weight'), Div(g, centred, deviation)), channel('bias'))
  return Gelu(g, double(Gelu(g, normed), 3, CHANNELS / 8))
}
