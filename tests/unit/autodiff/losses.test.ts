/** @file SegFace's loss and its closed gradient against its definition in double precision and differences of that. */
import { describe, expect, test } from 'vitest'
import { segmentationLoss } from '../../../src/main/autodiff/losses'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { ELSEWHERE } from '../../../src/shared/mask'
import { expectAllClose, maxDifference } from '../../helpers/allclose'
import { noise } from '../../helpers/named_tensors'
import { runGraph } from '../../helpers/run_graph'

const PIXELS = 60
const CLASSES = 7
const ABSENT = 4
const STEP = 1e-4

interface Case {
  readonly title: string
  readonly labels: Int32Array
  /** The classes that were checked in each of two faces, which have half of the pixels each. */
  readonly checked?: readonly (readonly number[])[]
  /** How far apart logits are; beyond 100 a softmax in single precision is one and zeros. */
  readonly spread?: number
}

/** Every class but one; `ignored` says which pixels nobody looked at, by their number. */
const labelsWith = (ignored: (pixel: number) => number | null): Int32Array =>
  Int32Array.from(noise('labels', PIXELS), (u, i) => {
    const label = Math.min(Math.floor(((u + 1) / 2) * CLASSES), CLASSES - 1)
    return ignored(i) ?? (label === ABSENT ? 0 : label)
  })

const CASES: readonly Case[] = [
  { title: 'a class absent', labels: labelsWith(() => null) },
  { title: 'pixels that nobody looked at', labels: labelsWith((i) => (i % 3 === 0 ? 255 : null)) },
  {
    title: 'numbers that are no class',
    labels: labelsWith((i) => [CLASSES, -1, -100, 2 ** 30][i % 9] ?? null),
  },
  { title: 'one pixel that counts', labels: labelsWith((i) => (i === 5 ? null : 255)) },
  { title: 'logits far apart', labels: labelsWith(() => null), spread: 400 },
  {
    title: 'faces that are checked in part',
    labels: labelsWith((i) => (i % 7 === 0 ? 255 : i % 2 === 0 ? ELSEWHERE : null)),
    checked: [[1, 3], [2]],
  },
  {
    title: 'one face checked in part, logits far apart',
    labels: labelsWith((i) => (i < PIXELS / 2 && i % 3 > 0 ? ELSEWHERE : null)),
    checked: [[5, 6], []],
    spread: 30,
  },
]

/** As it is written in SegFace's and in PyTorch's documentation, over the pixels that count. */
function byDefinition(
  logits: ArrayLike<number>,
  { labels, checked = [] }: Pick<Case, 'labels' | 'checked'>,
  presentOnly: boolean,
) {
  const isAway = (i: number) => checked.length > 0 && labels[i] === ELSEWHERE
  const away = Array.from(labels.keys()).filter(isAway)
  const counted = Array.from(labels.keys()).filter(
    (i) => (labels[i] ?? -1) >= 0 && (labels[i] ?? -1) < CLASSES,
  )
  let crossEntropy = 0
  const [overlap, squares, support] = [0, 0, 0].map(() => new Float64Array(CLASSES)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (const i of counted) {
    const row = Array.from({ length: CLASSES }, (_, c) => logits[i * CLASSES + c] as number)
    const top = Math.max(...row)
    const sum = row.reduce((total, x) => total + Math.exp(x - top), 0)
    row.forEach((x, c) => {
      const p = Math.exp(x - top) / sum
      const t = labels[i] === c ? 1 : 0
      if (t === 1) crossEntropy -= (x - top - Math.log(sum)) / counted.length
      overlap[c] = (overlap[c] as number) + p * t
      squares[c] = (squares[c] as number) + p * p
      support[c] = (support[c] as number) + t
    })
  }
  crossEntropy *= counted.length / Math.max(1, counted.length + away.length)
  for (const i of away) {
    const row = Array.from({ length: CLASSES }, (_, c) => logits[i * CLASSES + c] as number)
    const others = row.filter((_, c) => !checked[Math.floor((2 * i) / PIXELS)]?.includes(c))
    const logSum = (values: readonly number[], top = Math.max(...values)) =>
      top + Math.log(values.reduce((total, x) => total + Math.exp(x - top), 0))
    crossEntropy -= (logSum(others) - logSum(row)) / (counted.length + away.length)
  }
  const each = Array.from({ length: CLASSES }, (_, c) => c)
    .filter((c) => !presentOnly || (support[c] as number) > 0)
    .map(
      (c) =>
        1 - (2 * (overlap[c] as number) + 1e-5) / ((squares[c] as number) + (support[c] as number) + 1e-5),
    )
  const dice = each.reduce((sum, value) => sum + value, 0) / each.length
  return { crossEntropy, dice, total: (crossEntropy + dice) / 2 }
}

async function ours(
  logits: Float32Array,
  { labels, checked }: Pick<Case, 'labels' | 'checked'>,
  presentOnly: boolean,
) {
  const g = new GraphBuilder('loss')
  const x = g.input('logits', 'float32', [PIXELS, CLASSES])
  const marks = checked && g.input('checked', 'float32', [checked.length, CLASSES, 1])
  const loss = segmentationLoss(g, x, g.input('labels', 'int32', [PIXELS, 1]), {
    presentOnly,
    ...(marks && { checked: marks }),
  })
  for (const [name, value] of Object.entries(loss)) g.output(name, value)
  const fed = checked?.flatMap((classes) => Array.from({ length: CLASSES }, (_, c) => +classes.includes(c)))
  return runGraph(g.finish(), { logits, labels, ...(fed && { checked: Float32Array.from(fed) }) }) as Promise<
    Record<keyof typeof loss, Float32Array>
  >
}

const logitsOf = (spread: number): Float32Array =>
  Float32Array.from(noise('logits', PIXELS * CLASSES), (u) => u * spread)

describe.each([false, true])('the loss (over classes that are there only: %s)', (presentOnly) => {
  test.each(CASES.map((each) => [each.title, each] as const))('%s', async (_, { spread = 3, ...given }) => {
    const logits = logitsOf(spread)
    const actual = await ours(logits, given, presentOnly)
    const expected = byDefinition(logits, given, presentOnly)
    expectAllClose(actual.dice, [expected.dice], { atol: 1e-6, rtol: 1e-6 })
    // Where logits are too far apart for single precision, the logarithm stops and the gradient goes on.
    for (const part of spread > 100 ? [] : (['crossEntropy', 'total'] as const)) {
      expectAllClose(actual[part], [expected[part]], { atol: 1e-6, rtol: 1e-6 })
    }
    expect(Number.isFinite(actual.total[0])).toBe(true)
    const differences = Float64Array.from(logits, (value, i) => {
      const moved = (step: number) => {
        const copy = Float64Array.from(logits)
        copy[i] = value + step
        return byDefinition(copy, given, presentOnly).total
      }
      return (moved(STEP) - moved(-STEP)) / (2 * STEP)
    })
    expectAllClose(actual.gradient, differences, { atol: 1e-7, rtol: 1e-5 })
  })
})

test('is finite, with a gradient of zero, where nobody looked at any pixel', async () => {
  for (const presentOnly of [false, true]) {
    const { crossEntropy, dice, gradient } = await ours(
      logitsOf(3),
      { labels: new Int32Array(PIXELS).fill(255) },
      presentOnly,
    )
    expect(crossEntropy[0]).toBe(0)
    expect(dice[0]).toBeCloseTo(0, 6)
    expect(maxDifference(gradient, new Float32Array(PIXELS * CLASSES))).toBe(0)
  }
})
