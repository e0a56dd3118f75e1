/**
 * @file The operators that our networks consist of, each as a graph so small that a provider which gets one wrong, or lacks
 * it, is told by that operator's name. A provider computes them all as the processor does, or is not used.
 */
import type { Provider } from '../../shared/terms'
import { FacetError, toWire } from '../../shared/errors'
import { elementCount, tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import type { Graph, Value } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import * as conv from '../onnx/ops/conv'
import * as elementwise from '../onnx/ops/elementwise'
import * as linear from '../onnx/ops/linear'
import * as norm from '../onnx/ops/norm'
import * as shape from '../onnx/ops/shape'
import { NEEDS } from '../runtime/providers'
import { createSession, type Array32, type Session } from '../runtime/session'
import { shareOfChange } from './ending'

/** Relative to the largest number: half floats inside a driver stay well below, a wrong result does not. */
const TOLERANCE = 2e-2
/** The share of pixels whose greatest logits may be equal but for rounding. */
const UNDECIDED = 1e-3
/** No graphics hardware takes so long for the convolution of `tooSlow`, and none that takes so much longer is of use. */
const SLOW_MS = 50
const SLOW_RATIO = 10

/** Makes one value of inputs that `x` declares: noise in [-1, 1) of a shape. */
type Case = (g: GraphBuilder, x: (...shape: number[]) => Value) => Value

const square = (padding: number): readonly number[] => [padding, padding, padding, padding]

/** Channel counts around WebGPU's defect in its own layout (divisible by 3, not by 4, over 3) and some that were always right. */
const CHANNELS = [3, 6, 9, 12, 15, 16, 18]

const unary = Object.fromEntries(
  (['Exp', 'Sin', 'Cos', 'Relu', 'Sigmoid', 'HardSwish', 'Gelu', 'Erf', 'Tanh'] as const).map(
    (name): [string, Case] => [name, (g, x) => elementwise[name](g, x(2, 5, 7))],
  ),
)
const binary = Object.fromEntries(
  (['Add', 'Sub', 'Mul', 'Max', 'Min'] as const).map((name): [string, Case] => [
    name,
    (g, x) => elementwise[name](g, x(2, 5, 7), x(5, 1)),
  ]),
)

/** What networks consist of. */
const PREDICTING: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    CHANNELS.map((channels): [string, Case] => [
      `Conv of ${channels} channels`,
      (g, x) => conv.Conv(g, x(1, channels, 12, 12), x(8, channels, 3, 3), x(8), { pads: square(1) }),
    ]),
  ),
  'Conv of 1 x 1': (g, x) => conv.Conv(g, x(1, 9, 7, 7), x(12, 9, 1, 1), x(12)),
  'Conv in steps of 2': (g, x) =>
    conv.Conv(g, x(1, 3, 15, 15), x(16, 3, 3, 3), x(16), { pads: square(1), strides: [2, 2] }),
  'Conv in patches': (g, x) => conv.Conv(g, x(1, 3, 16, 16), x(6, 3, 4, 4), x(6), { strides: [4, 4] }),
  'Conv by channel': (g, x) =>
    conv.Conv(g, x(1, 10, 9, 9), x(10, 1, 5, 5), x(10), { pads: square(2), group: 10 }),
  'Conv by channel in steps of 2': (g, x) =>
    conv.Conv(g, x(1, 6, 9, 9), x(6, 1, 3, 3), x(6), { pads: square(1), strides: [2, 2], group: 6 }),
  MaxPool: (g, x) => conv.MaxPool(g, x(1, 3, 9, 9), [3, 3], { pads: square(1), strides: [2, 2] }),
  GlobalAveragePool: (g, x) => conv.GlobalAveragePool(g, x(1, 5, 7, 7)),
  Resize: (g, x) => conv.Resize(g, x(1, 3, 5, 5), [13, 13]),

  ...unary,
  ...binary,
  HardSigmoid: (g, x) => elementwise.HardSigmoid(g, x(2, 5, 7), { alpha: 1 / 6, beta: 0.5 }),
  Sqrt: (g, x) => elementwise.Sqrt(g, elementwise.Add(g, x(2, 5), 2)),
  Div: (g, x) => elementwise.Div(g, x(2, 5, 7), elementwise.Add(g, x(7), 2)),

  MatMul: (g, x) => linear.MatMul(g, x(2, 3, 5, 9), x(2, 3, 9, 7)),
  'MatMul by a matrix': (g, x) => linear.MatMul(g, x(2, 49, 96), x(96, 31)),
  Gemm: (g, x) => linear.Gemm(g, x(5, 9), x(7, 9), x(7), { transB: true }),

  LayerNormalization: (g, x) =>
    norm.LayerNormalization(g, x(2, 9, 50), x(50), x(50), { axis: -1, epsilon: 1e-5 }),
  Softmax: (g, x) => norm.Softmax(g, x(2, 3, 49, 49)),
  ReduceMean: (g, x) => norm.ReduceMean(g, x(2, 5, 7), [1]),
  ReduceSum: (g, x) => norm.ReduceSum(g, x(2, 5, 7), [0, 2]),
  ReduceSumSquare: (g, x) => norm.ReduceSumSquare(g, x(2, 5, 7), [2]),

  Concat: (g, x) => shape.Concat(g, [x(2, 3, 5), x(2, 4, 5)], 1),
  Gather: (g, x) =>
    shape.Gather(
      g,
      x(2, 5, 7),
      g.initializer('indices', tensor('int64', [3], BigInt64Array.of(4n, 0n, 2n))),
      1,
    ),
  Identity: (g, x) => elementwise.Identity(g, x(2, 5)),
  Pad: (g, x) => shape.Pad(g, x(2, 5, 7), [0, 1, 0, 0, 2, 3]),
  Reshape: (g, x) => shape.Reshape(g, x(2, 5, 6), [10, 6]),
  Split: (g, x) => shape.Split(g, x(2, 7, 5), [3, 4], 1)[1] as Value,
  Transpose: (g, x) => shape.Transpose(g, x(2, 5, 3, 7), [0, 2, 3, 1]),
  Unsqueeze: (g, x) => shape.Unsqueeze(g, x(2, 5), [1]),
}

/** Numbers that `comparison` is true for, and zeros. */
const where =
  (comparison: 'Equal' | 'Less' | 'LessOrEqual' | 'Greater' | 'GreaterOrEqual'): Case =>
  (g, x) => {
    const [a, b] = [x(2, 5, 7), x(5, 1)]
    return elementwise.Where(g, elementwise[comparison](g, a, b), a, 0)
  }

/** What steps of training need beside it. */
const TRAINING: Readonly<Record<string, Case>> = {
  Less: where('Less'),
  LessOrEqual: where('LessOrEqual'),
  Greater: where('Greater'),
  GreaterOrEqual: where('GreaterOrEqual'),
  'Equal of numbers': (g, x) => {
    const a = x(2, 5, 7)
    return elementwise.Where(g, elementwise.Equal(g, a, elementwise.Relu(g, a)), a, 0)
  },
  'Equal of integers': (g, x) => {
    const whole = (value: Value) => elementwise.Cast(g, elementwise.Mul(g, value, 3), 'int32')
    return elementwise.Cast(g, elementwise.Equal(g, whole(x(9, 1)), whole(x(1, 5))), 'float32')
  },
  And: (g, x) => {
    const a = x(2, 5, 7)
    const isInside = elementwise.And(g, elementwise.Greater(g, a, -0.5), elementwise.Less(g, a, 0.5))
    return elementwise.Where(g, isInside, a, 0)
  },
  Neg: (g, x) => elementwise.Neg(g, x(2, 5, 7)),
  Log: (g, x) => elementwise.Log(g, elementwise.Add(g, x(2, 5), 2)),
  Reciprocal: (g, x) => elementwise.Reciprocal(g, elementwise.Add(g, x(2, 5), 2)),
  'Gemm, transposed': (g, x) => linear.Gemm(g, x(9, 5), x(9, 7), null, { transA: true }),
  ConvTranspose: (g, x) => conv.ConvTranspose(g, x(1, 6, 5, 5), x(6, 3, 2, 2), null, { strides: [2, 2] }),
  'ConvTranspose, depthwise': (g, x) => {
    const window = { strides: [2, 2], pads: [1, 1, 1, 1], group: 6, outputPadding: [1, 1] }
    return conv.ConvTranspose(g, x(1, 6, 4, 4), x(6, 1, 3, 3), null, window)
  },
  // The gradient of a depthwise kernel: a picture's own as the kernel, its pixels as far apart as the windows.
  'Conv by a picture': (g, x) =>
    conv.Conv(g, x(1, 6, 8, 8), x(6, 1, 4, 4), null, {
      group: 6,
      dilations: [2, 2],
      pads: [1, 1, 0, 0],
    }),
  Abs: (g, x) => g.op('Abs', [x(2, 5, 7)]),
  Clip: (g, x) => elementwise.Clip(g, x(2, 5, 7), -0.5, 0.5),
  GatherElements: (g, x) => {
    const whole = elementwise.Cast(g, elementwise.Mul(g, elementwise.Relu(g, x(9, 1)), 3), 'int32')
    return shape.GatherElements(g, x(9, 5), elementwise.Mul(g, whole, whole), 1)
  },
  ReduceMax: (g, x) => norm.ReduceMax(g, x(2, 5, 7), [1]),
  Expand: (g, x) => shape.Expand(g, x(2, 1, 7), [2, 5, 7]),
  'Slice in steps': (g, x) =>
    shape.Slice(g, x(2, 9, 7), { starts: [1, 0], ends: [9, 6], axes: [1, 2], steps: [2, 1] }),
  'Slice backwards': (g, x) =>
    shape.Slice(g, x(2, 3, 3), { starts: [-1, -1], ends: [-9, -9], axes: [1, 2], steps: [-1, -1] }),
  ArgMax: (g, x) => {
    const numbers = g.initializer('numbers', tensor('float32', [3], Float32Array.of(0, 1, 2)))
    return shape.Gather(g, numbers, norm.ArgMax(g, x(2, 3, 7), 1), 0)
  },
}

const CASES = { predicting: PREDICTING, training: TRAINING }
export type Purpose = keyof typeof CASES

/** The graphs by what they try; `y` is what is compared. */
export function conformanceGraphs(purpose: Purpose): ReadonlyMap<string, Graph> {
  return new Map(
    Object.entries(CASES[purpose]).map(([name, make]) => {
      const g = new GraphBuilder(name)
      let inputs = 0
      g.output(
        'y',
        make(g, (...sizes) => g.input(`x${inputs++}`, 'float32', sizes)),
      )
      return [name, g.finish()]
    }),
  )
}

/**
 * A session to be held open during all that follows: a device is set up for its first, which takes longest, and goes with
 * its last. Throws `provider/unusable`, with what the provider needs, where it cannot be used at all.
 */
export async function openDevice(provider: Provider): Promise<Session> {
  try {
    return await createSession(encodeModel(speedGraph()), provider)
  } catch (error) {
    const { message, details } = toWire(error)
    throw new FacetError(
      'provider/unusable',
      details.absent ? message : `${message} ${NEEDS[provider]}`,
      details,
    )
  }
}

/**
 * Computes every operator of a purpose on `provider` and on the processor: how many there are, and the worst difference.
 * Throws `provider/unusable` at the first that the provider lacks or gets wrong (then with `worst` among the details).
 */
export async function checkOperators(
  provider: Provider,
  purpose: Purpose,
): Promise<{ operators: number; worst: number }> {
  const graphs = conformanceGraphs(purpose)
  let worst = 0
  for (const [name, graph] of graphs) {
    const found = await compute(graph, provider).catch((error: unknown) => {
      throw new FacetError('provider/unusable', `${name}: ${toWire(error).message}`, {
        provider,
        operator: name,
      })
    })
    worst = Math.max(worst, requireClose(provider, name, found, await compute(graph, 'cpu')))
  }
  return { operators: graphs.size, worst }
}

/**
 * How many times as long as the processor the provider takes for a convolution of 75 million products; null where it is
 * fast enough to be worth a whole network. A graphics driver that computes on the processor takes hundreds of times.
 */
export async function tooSlow(provider: Provider): Promise<number | null> {
  const [theirs, ours] = [await timeSpeedGraph(provider), await timeSpeedGraph('cpu')]
  return theirs > SLOW_MS && theirs > SLOW_RATIO * ours ? theirs / ours : null
}

function speedGraph(): Graph {
  const g = new GraphBuilder('speed')
  const [x, w] = [g.input('x', 'float32', [1, 64, 32, 32]), g.input('w', 'float32', [64, 64, 3, 3])]
  g.output('y', conv.Conv(g, x, w, null, { pads: square(1) }))
  return g.finish()
}

/** Milliseconds of the fastest run. */
async function timeSpeedGraph(provider: Provider): Promise<number> {
  const graph = speedGraph()
  const session = await createSession(encodeModel(graph), provider)
  const feeds = feedsOf(graph)
  const times: number[] = []
  for (let run = 0; run < 3; run++) {
    const start = performance.now()
    await session.run(feeds)
    times.push(performance.now() - start)
  }
  await session.release()
  return Math.min(...times)
}

async function compute(graph: Graph, provider: Provider): Promise<ArrayLike<number>> {
  const session = await createSession(encodeModel(graph), provider)
  try {
    return (await session.run(feedsOf(graph))).y?.data ?? []
  } finally {
    await session.release()
  }
}

/** Noise for every input of a graph. */
export function feedsOf(graph: Graph): Record<string, Array32> {
  return Object.fromEntries(
    graph.inputs.map(({ name, shape: sizes }, index) => [
      name,
      { data: noise(elementCount(sizes), index), shape: sizes },
    ]),
  )
}

/**
 * The largest difference, relative to the largest expected magnitude. Throws `provider/unusable` where that is too much,
 * or anything is not a number; `what` was computed.
 */
export function requireClose(
  provider: Provider,
  what: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  const worst = difference(found, expected)
  if (worst <= TOLERANCE) return worst
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  const how = Number.isFinite(worst)
    ? `it differs by ${percent(worst)} where ${percent(TOLERANCE)} is allowed`
    : 'not everything is a number'
  throw new FacetError(
    'provider/unusable',
    `The provider ${provider} computes ${what} otherwise than the processor: ${how}.`,
    { provider, worst: Number.isFinite(worst) ? worst : null },
  )
}

/** Throws `provider/unusable` where labels are not those of the provider's own logits, but for pixels as good as undecided. */
export function requireLabels(provider: Provider, found: Uint8Array, expected: Uint8Array): void {
  const worst = shareOfChange(expected, found)
  if (worst <= UNDECIDED) return
  throw new FacetError(
    'provider/unusable',
    `The provider ${provider} labels ${Math.round(worst * expected.length)} of ${expected.length} pixels otherwise than its own logits say.`,
    { provider, worst },
  )
}

/** Relative to the largest expected magnitude; infinite for what is not comparable. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity
  let worst = 0
  let largest = 0
  for (let i = 0; i < found.length; i++) {
    const gap = Math.abs((found[i] as number) - (expected[i] as number))
    if (!(gap <= worst)) worst = Number.isNaN(gap) ? Infinity : gap
    largest = Math.max(largest, Math.abs(expected[i] as number))
  }
  return worst / Math.max(largest, 1e-6)
}

/** Deterministic noise in [-1, 1); another for each `seed`. */
export function noise(length: number, seed = 0): Float32Array {
  let state = 0x2545f491 + seed
  return Float32Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x80000000 - 1
  })
}
