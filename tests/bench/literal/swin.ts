/** @file torchvision's Swin and SwinV2, literally: pad, roll, cut in windows, attend per head, and all the way back. */
import { at } from '../../../src/shared/assert'
import { tensor } from '../../../src/main/base/tensor'
import type { Value } from '../../../src/main/onnx/graph'
import { Add, Clip, Div, Exp, Gelu, Min, Mul, Relu, Sigmoid } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import { ReduceSumSquare, Softmax } from '../../../src/main/onnx/ops/norm'
import { Sqrt } from '../../../src/main/onnx/ops/elementwise'
import {
  Concat,
  Expand,
  Gather,
  Pad,
  Reshape,
  Slice,
  Transpose,
  Unsqueeze,
} from '../../../src/main/onnx/ops/shape'
import { relativePositionIndex } from '../../../src/main/segface/backbones/windows'
import type { Literal } from './layers'
import { channelsFirst, channelsLast, conv2d, layerNorm, linear } from './layers'

const EPSILON = 1e-5
const HEAD_CHANNELS = 32
const CPB_CHANNELS = 512

export interface SwinShape {
  readonly version: 1 | 2
  readonly channels: number
  readonly depths: readonly number[]
  readonly window: number
}

/** The four taps of an image [N, 3, R, R]. */
export function literalSwin(context: Literal, image: Value, shape: SwinShape): readonly Value[] {
  const patches = conv2d(context, image, 'backbone.0.0.0', shape.channels, 4, { strides: [4, 4] })
  let x = layerNorm(context, channelsLast(context, patches), 'backbone.0.0.2', EPSILON)
  return shape.depths.map((blocks, stage) => {
    if (stage > 0) x = mergePatches(context, x, `backbone.0.${2 * stage}`, shape)
    for (let n = 0; n < blocks; n++) {
      x = block(
        context,
        x,
        `backbone.0.${2 * stage + 1}.${n}`,
        shape,
        n % 2 === 0 ? 0 : Math.floor(shape.window / 2),
      )
    }
    return channelsFirst(context, x)
  })
}

function mergePatches(context: Literal, x: Value, name: string, { version }: SwinShape): Value {
  const { g } = context
  const [, height = 0, width = 0, channels = 0] = x.shape
  const padded = Pad(g, x, [0, 0, 0, 0, 0, height % 2, width % 2, 0])
  const every2nd = (y: Value, axis: number, start: number) =>
    Slice(g, y, { starts: [start], ends: [at(y.shape, axis)], axes: [axis], steps: [2] })
  const parts = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([row = 0, column = 0]) => every2nd(every2nd(padded, 1, row), 2, column)) // prettier-ignore
  const four = Concat(g, parts, -1)
  const reduce = (y: Value) => linear(context, y, `${name}.reduction`, 2 * channels, false)
  return version === 1
    ? reduce(layerNorm(context, four, `${name}.norm`, EPSILON))
    : layerNorm(context, reduce(four), `${name}.norm`, EPSILON)
}

function block(context: Literal, x: Value, name: string, shape: SwinShape, shift: number): Value {
  const { g } = context
  const attend = (y: Value) => attention(context, y, `${name}.attn`, shape, shift)
  const think = (y: Value) => {
    const hidden = Gelu(g, linear(context, y, `${name}.mlp.0`, 4 * at(x.shape, 3)))
    return linear(context, hidden, `${name}.mlp.3`, at(x.shape, 3))
  }
  const norm = (y: Value, n: 1 | 2) => layerNorm(context, y, `${name}.norm${n}`, EPSILON)
  if (shape.version === 1) {
    const seen = Add(g, x, attend(norm(x, 1)))
    return Add(g, seen, think(norm(seen, 2)))
  }
  const seen = Add(g, x, norm(attend(x), 1))
  return Add(g, seen, norm(think(seen), 2))
}

function attention(context: Literal, x: Value, name: string, shape: SwinShape, wanted: number): Value {
  const { g, parameter } = context
  const { version, window } = shape
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const heads = channels / HEAD_CHANNELS
  const [rows, columns] = [Math.ceil(height / window), Math.ceil(width / window)]
  const [down, right] = [rows > 1 ? wanted : 0, columns > 1 ? wanted : 0]
  const [paddedHeight, paddedWidth] = [rows * window, columns * window]
  const places = window * window

  const padded = Pad(g, x, [0, 0, 0, 0, 0, paddedHeight - height, paddedWidth - width, 0])
  const rolled = roll(context, padded, down, right)
  const cut = Transpose(
    g,
    Reshape(g, rolled, [batch, rows, window, columns, window, channels]),
    [0, 1, 3, 2, 4, 5],
  )
  const windows = Reshape(g, cut, [batch * rows * columns, places, channels])

  const biased =
    version === 1
      ? linear(context, windows, `${name}.qkv`, 3 * channels)
      : withoutKeyBias(context, windows, name)
  const parts = Transpose(
    g,
    Reshape(g, biased, [batch * rows * columns, places, 3, heads, HEAD_CHANNELS]),
    [2, 0, 3, 1, 4],
  )
  const [query, key, value] = [0, 1, 2].map((n) => Gather(g, parts, g.scalar(n, 'int64'), 0)) as [
    Value,
    Value,
    Value,
  ]

  let scores: Value
  if (version === 1) {
    scores = MatMul(g, Mul(g, query, HEAD_CHANNELS ** -0.5), Transpose(g, key, [0, 1, 3, 2]))
  } else {
    const scale = Exp(g, Min(g, parameter(`${name}.logit_scale`, [heads, 1, 1]), Math.log(100)))
    scores = Mul(
      g,
      MatMul(g, normalised(context, query), Transpose(g, normalised(context, key), [0, 1, 3, 2])),
      scale,
    )
  }
  scores = Add(g, scores, positionBias(context, name, window, heads, version))
  if (down + right > 0) {
    const mask = shiftMask([paddedHeight, paddedWidth], window, [down, right])
    const masks = g.initializer(`${name}.mask`, tensor('float32', [rows * columns, places, places], mask))
    const byWindow = Reshape(g, scores, [batch, rows * columns, heads, places, places])
    scores = Reshape(g, Add(g, byWindow, Unsqueeze(g, masks, [0, 2])), [
      batch * rows * columns,
      heads,
      places,
      places,
    ])
  }
  const read = Transpose(g, MatMul(g, Softmax(g, scores), value), [0, 2, 1, 3])
  const projected = linear(
    context,
    Reshape(g, read, [batch * rows * columns, places, channels]),
    `${name}.proj`,
    channels,
  )

  const joined = Transpose(
    g,
    Reshape(g, projected, [batch, rows, columns, window, window, channels]),
    [0, 1, 3, 2, 4, 5],
  )
  const back = roll(context, Reshape(g, joined, [batch, paddedHeight, paddedWidth, channels]), -down, -right)
  const cropped = Slice(g, back, { starts: [0], ends: [height], axes: [1] })
  return Slice(g, cropped, { starts: [0], ends: [width], axes: [2] })
}

/** torch.roll by (-down, -right): each axis is cut in two and joined the other way round. */
function roll({ g }: Literal, x: Value, down: number, right: number): Value {
  const along = (y: Value, axis: number, shift: number) => {
    if (shift === 0) return y
    const size = at(y.shape, axis)
    const cut = (shift + size) % size
    const part = (start: number, end: number) => Slice(g, y, { starts: [start], ends: [end], axes: [axis] })
    return Concat(g, [part(cut, size), part(0, cut)], axis)
  }
  return along(along(x, 1, down), 2, right)
}

/** SwinV2's qkv, whose key has no bias. */
function withoutKeyBias(context: Literal, x: Value, name: string): Value {
  const { g, parameter } = context
  const channels = at(x.shape, 2)
  const bias = parameter(`${name}.qkv.bias`, [3 * channels])
  const third = (n: number) =>
    Slice(g, bias, { starts: [n * channels], ends: [(n + 1) * channels], axes: [0] })
  const zeroed = Concat(g, [third(0), Mul(g, third(1), 0), third(2)], 0)
  return Add(g, linear(context, x, `${name}.qkv`, 3 * channels, false), zeroed)
}

/** F.normalize over the last axis. */
function normalised({ g }: Literal, x: Value): Value {
  const length = Sqrt(g, ReduceSumSquare(g, x, [x.shape.length - 1]))
  return Div(g, x, Expand(g, Clip(g, length, 1e-12, 3e38), x.shape))
}

function positionBias(context: Literal, name: string, window: number, heads: number, version: 1 | 2): Value {
  const { g, parameter } = context
  const index = g.initializer(`${name}.index`, tensor('int32', [window ** 4], relativePositionIndex(window)))
  const reach = 2 * window - 1
  const place = (table: Value) => {
    const rows = Reshape(g, Gather(g, table, index, 0), [window ** 2, window ** 2, heads])
    return Unsqueeze(g, Transpose(g, rows, [2, 0, 1]), [0])
  }
  if (version === 1) return place(parameter(`${name}.relative_position_bias_table`, [reach ** 2, heads]))
  const coordinates = parameter(`${name}.relative_coords_table`, [1, reach, reach, 2])
  const hidden = Relu(g, linear(context, coordinates, `${name}.cpb_mlp.0`, CPB_CHANNELS))
  const table = linear(context, hidden, `${name}.cpb_mlp.2`, heads, false)
  return Mul(g, Sigmoid(g, place(Reshape(g, table, [reach ** 2, heads]))), 16)
}

/** -100 between pixels of a window that were not neighbours before the roll [windows, places, places]. */
function shiftMask(
  [height, width]: readonly [number, number],
  window: number,
  [down, right]: readonly [number, number],
): Float32Array {
  const part = (place: number, size: number, shift: number) =>
    place < size - window ? 0 : place < size - shift ? 1 : 2
  const columns = width / window
  const places = window ** 2
  const region = (w: number, p: number) => {
    const y = Math.floor(w / columns) * window + Math.floor(p / window)
    const x = (w % columns) * window + (p % window)
    return 3 * part(y, height, down) + part(x, width, right)
  }
  const mask = new Float32Array((height / window) * columns * places * places)
  for (let i = 0; i < mask.length; i++) {
    const w = Math.floor(i / places ** 2)
    const same = region(w, Math.floor(i / places) % places) === region(w, i % places)
    mask[i] = same ? 0 : -100
  }
  return mask
}
