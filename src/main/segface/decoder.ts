/**
 * @file SegFace's head: fusion of four taps, positional encoding, two-way transformer over class tokens, upscaled masks.
 * Narayan et al., SegFace (https://arxiv.org/abs/2412.08647); the transformer is that of Segment Anything
 * (https://arxiv.org/abs/2304.02643). Pixels lie as [N, H W, channels] from the fused map to the masks.
 */
import { at } from '../../shared/assert'
import { tensor } from '../base/tensor'
import type { GraphBuilder, Value } from '../onnx/graph'
import { Conv, Resize } from '../onnx/ops/conv'
import { Add, Cos, Gelu, Mul, Relu, Sin } from '../onnx/ops/elementwise'
import { MatMul } from '../onnx/ops/linear'
import { Concat, Reshape, Split, Transpose, Unsqueeze } from '../onnx/ops/shape'
import { imageReadsTokens, selfAttention, tokensReadImage } from './attention'
import { CLASS_TOKENS } from './config'
import type { NetworkContext } from './layers'
import { layerNorm, linear } from './layers'

/** Channels of the fused map, the tokens and the transformer. */
const CHANNELS = 256
const MLP_CHANNELS = 2048
const TRANSFORMER_LAYERS = 2
/** PyTorch's default for nn.LayerNorm, and what Segment Anything gives its LayerNorm2d. */
const NORM_EPSILON = 1e-5
const UPSCALING_NORM_EPSILON = 1e-6

/**
 * One map [N, 256, H, W] from the four taps [N, C, h, w], H and W being those of the first. SegFace projects each tap
 * (linear_c), upsamples it, joins all, the deepest first, and mixes them (linear_fuse). Linear maps of channels commute with
 * bilinear upsampling, whose weights add up to 1, so each tap gets one small product at its own size, and the biases one sum.
 */
export function fuseTaps({ g, parameter }: NetworkContext, taps: readonly Value[]): Value {
  const [first] = taps
  const [, , height = 0, width = 0] = first?.shape ?? []
  const fuse = parameter('linear_fuse.weight', [CHANNELS, CHANNELS * taps.length, 1, 1])
  return g.scope('linear_fuse', () => {
    const matrix = Reshape(g, fuse, [CHANNELS, CHANNELS * taps.length])
    const deepestFirst = Split(g, matrix, taps.map(() => CHANNELS), 1) // prettier-ignore
    const parts = taps.map((tap, index) => {
      const mix = at(deepestFirst, taps.length - 1 - index)
      const channels = at(tap.shape, 1)
      const weight = MatMul(g, mix, parameter(`linear_c.${index}.proj.weight`, [CHANNELS, channels]))
      const bias = MatMul(g, mix, Reshape(g, parameter(`linear_c.${index}.proj.bias`, [CHANNELS]), [-1, 1]))
      return { tap, weight: Reshape(g, weight, [CHANNELS, channels, 1, 1]), bias }
    })
    const bias = Reshape(
      g,
      parts.map((part) => part.bias).reduce((sum, each) => Add(g, sum, each)),
      [CHANNELS],
    )
    const maps = parts.map(({ tap, weight }, index) =>
      index === 0 ? Conv(g, tap, weight, bias) : Resize(g, Conv(g, tap, weight, null), [height, width]),
    )
    // The deepest first: onnxruntime lets the convolution that comes last add to what is there.
    return maps.reduceRight((sum, each) => Add(g, sum, each))
  })
}

/**
 * Masks [N, T, 4 H, 4 W] from the fused map [N, 256, H, W]: each of the T class tokens, having looked at the image, becomes 32
 * numbers that weigh the 32 channels of the upscaled image.
 */
export function decodeMasks(
  context: NetworkContext,
  fused: Value,
  classTokens: readonly string[] = CLASS_TOKENS[19],
): Value {
  const { g } = context
  const [batch = 0, , height = 0, width = 0] = fused.shape
  const { upscaled, weights } = decode(context, fused, classTokens)
  return g.scope('face_decoder.masks', () => {
    const parts = MatMul(g, weights, Transpose(g, upscaled, [0, 2, 1]))
    const masks = placeParts(context, parts, 2 * width, 1)
    return Reshape(g, masks, [batch, classTokens.length, 4 * height, 4 * width])
  })
}

/**
 * The same numbers as `decodeMasks` with the classes side by side [N, 16 H W, T], as a loss reads them: nothing has to be
 * put in its place, since `pixelOrder` brings labels into this order of the pixels.
 */
export function decodePixels(
  context: NetworkContext,
  fused: Value,
  classTokens: readonly string[] = CLASS_TOKENS[19],
): Value {
  const { g } = context
  const { upscaled, weights } = decode(context, fused, classTokens)
  return g.scope('face_decoder.masks', () => MatMul(g, upscaled, Transpose(g, weights, [0, 2, 1])))
}

/** Labels [N, 4 H, 4 W] in the order of `decodePixels`, as [N, 16 H W]. */
export function pixelOrder(g: GraphBuilder, labels: Value): Value {
  const [batch = 0, height = 0, width = 0] = labels.shape
  const parts = Reshape(g, labels, [batch, height / 2, 2, width / 2, 2])
  return Reshape(g, Transpose(g, parts, [0, 1, 3, 2, 4]), [batch, height * width])
}

/** The upscaled image [N, 16 H W, 32] and the classes' weights of its channels [N, T, 32]. */
function decode(
  context: NetworkContext,
  fused: Value,
  classTokens: readonly string[],
): { upscaled: Value; weights: Value } {
  const { g, parameter } = context
  const [batch = 0, , height = 0, width = 0] = fused.shape
  const pixels = g.scope('face_decoder', () =>
    Reshape(g, Transpose(g, fused, [0, 2, 3, 1]), [batch, height * width, CHANNELS]),
  )
  const tokens = g.scope('face_decoder', () => {
    const each = classTokens.map((name) => parameter(`face_decoder.${name}_token.weight`, [1, CHANNELS]))
    return Unsqueeze(g, Concat(g, each, 0), [0])
  })
  const position = positionalEncoding(context, height, width)
  const seen = twoWayTransformer(context, tokens, pixels, position)
  const upscaled = upscale(context, seen.pixels, width)
  return { upscaled, weights: hypernetwork(context, seen.tokens, at(upscaled.shape, 2)) }
}

/**
 * Random Fourier features of the pixels' places [H W, 256]: sin and cos of 2π (x, y) G, with x and y in [-1, 1] at the
 * pixels' centres and G a [2, 128] buffer drawn once in training.
 */
function positionalEncoding({ g, parameter }: NetworkContext, height: number, width: number): Value {
  const name = 'pe_layer.positional_encoding_gaussian_matrix'
  const gaussian = parameter(name, [2, CHANNELS / 2])
  const centre = (index: number, size: number) => (2 * (index + 0.5)) / size - 1
  const places = Float32Array.from({ length: height * width * 2 }, (_, i) => {
    const pixel = i >> 1
    return i % 2 === 0 ? centre(pixel % width, width) : centre(Math.floor(pixel / width), height)
  })
  return g.scope('pe_layer', () => {
    const coordinates = g.initializer('pe_layer.coordinates', tensor('float32', [height * width, 2], places))
    const angles = Mul(g, MatMul(g, coordinates, gaussian), 2 * Math.PI)
    return Concat(g, [Sin(g, angles), Cos(g, angles)], 1)
  })
}

/**
 * Tokens [1, T, 256] and pixels [N, P, 256] after two layers that let each look at the other. The tokens as they came are
 * their own positional encoding; every attention but the first sees it, and the pixels' one, in queries and keys.
 */
function twoWayTransformer(
  context: NetworkContext,
  tokenPosition: Value,
  imageEmbedding: Value,
  imagePosition: Value,
): { tokens: Value; pixels: Value } {
  const { g } = context
  let tokens = tokenPosition
  let pixels = imageEmbedding
  const add = (name: string, a: Value, b: Value) => g.scope(name, () => Add(g, a, b))
  for (let index = 0; index < TRANSFORMER_LAYERS; index++) {
    const layer = `face_decoder.transformer.layers.${index}`
    const norm = (x: Value, n: 1 | 2 | 3 | 4) => layerNorm(context, x, `${layer}.norm${n}`, NORM_EPSILON)
    const positioned = () => add(layer, tokens, tokenPosition)
    const positionedPixels = add(layer, pixels, imagePosition)

    if (index === 0) {
      // The first self-attention has no positions and no residual.
      tokens = selfAttention(context, `${layer}.self_attn`, tokens, tokens)
    } else {
      tokens = add(layer, tokens, selfAttention(context, `${layer}.self_attn`, positioned(), tokens))
    }
    tokens = norm(tokens, 1)

    const toImage = `${layer}.cross_attn_token_to_image`
    const read = tokensReadImage(context, toImage, positioned(), positionedPixels, pixels)
    tokens = norm(add(layer, tokens, read), 2)

    const hidden = linear(context, tokens, `${layer}.mlp.lin1`, MLP_CHANNELS)
    const mlp = linear(
      context,
      g.scope(`${layer}.mlp`, () => Relu(g, hidden)),
      `${layer}.mlp.lin2`,
      CHANNELS,
    )
    tokens = norm(add(layer, tokens, mlp), 3)

    const toToken = `${layer}.cross_attn_image_to_token`
    const written = imageReadsTokens(context, toToken, positionedPixels, positioned(), tokens)
    pixels = norm(add(layer, pixels, written), 4)
  }

  const last = 'face_decoder.transformer'
  const positionedPixels = add(last, pixels, imagePosition)
  const positioned = add(last, tokens, tokenPosition)
  const read = tokensReadImage(
    context,
    `${last}.final_attn_token_to_image`,
    positioned,
    positionedPixels,
    pixels,
  )
  tokens = layerNorm(context, add(last, tokens, read), `${last}.norm_final_attn`, NORM_EPSILON)
  return { tokens, pixels }
}

/**
 * [N, H W, 256] to [N, 16 H W, 32]: every pixel becomes 2 x 2 of 64 channels, and each of those 2 x 2 of 32. A transposed
 * convolution whose stride is its kernel is a product per pixel. The last parts are left beside their pixel: they are moved
 * to their places when only the masks are left of them.
 */
function upscale(context: NetworkContext, pixels: Value, width: number): Value {
  const { g } = context
  const name = 'face_decoder.output_upscaling'
  const [batch = 0, count = 0] = pixels.shape
  const doubled = transposedConv2x2(context, pixels, `${name}.0`, CHANNELS / 4)
  const normed = layerNorm(context, doubled, `${name}.1`, UPSCALING_NORM_EPSILON)
  const activated = g.scope(`${name}.2`, () => {
    const placed = placeParts(context, Gelu(g, normed), width, CHANNELS / 4)
    return Reshape(g, placed, [batch, 4 * count, CHANNELS / 4])
  })
  const quadrupled = transposedConv2x2(context, activated, `${name}.3`, CHANNELS / 8)
  return g.scope(`${name}.4`, () => Gelu(g, quadrupled))
}

/**
 * Elements that lie as [rows, width, 2, 2, channels], each pixel followed by its 2 x 2 parts, in the order of the larger
 * picture: [rows, 2, width, 2 channels].
 */
function placeParts({ g }: NetworkContext, x: Value, width: number, channels: number): Value {
  return Transpose(g, Reshape(g, x, [-1, width, 2, 2 * channels]), [0, 2, 1, 3])
}

/** nn.ConvTranspose2d with kernel and stride 2, on pixels [N, P, C]: [N, 4 P, out], row by row within each pixel. */
function transposedConv2x2({ g, parameter }: NetworkContext, x: Value, name: string, out: number): Value {
  const [batch = 0, pixels = 0, channels = 0] = x.shape
  const weight = parameter(`${name}.weight`, [channels, out, 2, 2])
  const bias = parameter(`${name}.bias`, [out])
  return g.scope(name, () => {
    const matrix = Reshape(g, Transpose(g, weight, [0, 2, 3, 1]), [channels, 4 * out])
    const product = Add(g, MatMul(g, x, matrix), Concat(g, [bias, bias, bias, bias], 0))
    return Reshape(g, product, [batch, 4 * pixels, out])
  })
}

/** Tokens [N, T, 256] to mask weights [N, T, out]: three linear layers, shared by all classes. */
function hypernetwork(context: NetworkContext, tokens: Value, out: number): Value {
  const { g } = context
  const name = 'face_decoder.output_hypernetwork_mlps'
  let x = tokens
  for (const layer of [0, 1]) {
    const y = linear(context, x, `${name}.layers.${layer}`, CHANNELS)
    x = g.scope(name, () => Relu(g, y))
  }
  return linear(context, x, `${name}.layers.2`, out)
}
