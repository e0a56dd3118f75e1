/** @file The two steppers, state beside the graph and state in it, take the same steps: of a small classifier, on the processor. */
import { describe, expect, test } from 'vitest'
import { segmentationLoss } from '../../../src/main/autodiff/losses'
import { differentiate } from '../../../src/main/autodiff/reverse'
import { tensor, type Tensor } from '../../../src/main/base/tensor'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Add } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import type { Learned } from '../../../src/main/training/adamw'
import { STEP, type StepGraph } from '../../../src/main/training/step_graph'
import { ArrayStepper, DeviceStepper, type Stepper, type StepFeeds } from '../../../src/main/training/stepper'
import { maxDifference } from '../../helpers/allclose'
import { noise } from '../../helpers/named_tensors'

const [PIXELS, FEATURES, CLASSES] = [40, 6, 5]
const SETTINGS = { lr: 0.01, weightDecay: 0.1, decay: 0.9 }
const NOTHING_MOVED = { parameter: 0, m: 0, v: 0, mean: 0 }

const named = (name: string, shape: readonly number[]): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1)
  return tensor('float32', shape, Float32Array.from(noise(name, count)))
}
const stateDict = new Map(
  Object.entries({
    weight: named('weight', [FEATURES, CLASSES]),
    bias: named('bias', [CLASSES]),
    unused: named('unused', [3]),
  }),
)

/** Pixels of some features to classes; of its three parameters the loss depends on two. */
function classifier(): StepGraph {
  const g = new GraphBuilder('classifier')
  const x = g.input(STEP.image, 'float32', [PIXELS, FEATURES])
  const labels = g.input(STEP.labels, 'int32', [PIXELS, 1])
  const learned = Array.from(stateDict, ([name, { shape }]) => g.input(name, 'float32', shape))
  const [weight, bias] = learned
  if (weight === undefined || bias === undefined) throw new Error('no parameters')
  const logits = Add(g, MatMul(g, x, weight), bias)
  const loss = segmentationLoss(g, logits, labels, { presentOnly: false })
  g.output(STEP.crossEntropy, loss.crossEntropy)
  g.output(STEP.dice, loss.dice)
  const gradients = differentiate(g, [{ value: logits, gradient: loss.gradient }], learned)
  for (const [name, gradient] of gradients) g.output(STEP.gradient(name), gradient)
  return { graph: g.finish(), learned: [...stateDict.keys()], still: new Set(['unused']), norms: [] }
}

const feeds: StepFeeds = {
  [STEP.image]: {
    data: Float32Array.from(noise('features', PIXELS * FEATURES)),
    shape: [PIXELS, FEATURES],
  },
  [STEP.labels]: {
    data: Int32Array.from({ length: PIXELS }, (_, i) => (i % 7 === 0 ? 255 : i % CLASSES)),
    shape: [PIXELS, 1],
  },
}

const open = {
  array: (): Promise<Stepper> => ArrayStepper.create(classifier(), stateDict, 'cpu'),
  device: (): Promise<Stepper> => DeviceStepper.create(classifier(), stateDict, 'cpu'),
}

/** A copy: on the processor the state is the very arrays. */
const stateOf = async (stepper: Stepper): Promise<Map<string, Learned>> =>
  structuredClone(await stepper.read())

/** The largest difference of each part of the state over all tensors. */
function distance(a: ReadonlyMap<string, Learned>, b: ReadonlyMap<string, Learned>): typeof NOTHING_MOVED {
  expect([...a.keys()]).toEqual([...b.keys()])
  const of = (part: keyof Learned) =>
    Math.max(...Array.from(a, ([name, state]) => maxDifference(state[part], b.get(name)?.[part] ?? [])))
  return { parameter: of('parameter'), m: of('m'), v: of('v'), mean: of('mean') }
}

describe('steppers', () => {
  test('take the same steps, which lead downhill', async () => {
    const [array, device] = [await open.array(), await open.device()]
    expect(device.shapes).toEqual(array.shapes)
    const losses: number[] = []
    for (let step = 1; step <= 20; step++) {
      const [a, b] = [await array.step(feeds, step, SETTINGS), await device.step(feeds, step, SETTINGS)]
      for (const part of ['crossEntropy', 'dice', 'total'] as const) {
        expect(b.losses[part]).toBeCloseTo(a.losses[part], 5)
      }
      losses.push(a.losses.total)
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) - 0.05)
    const { parameter, m, v, mean } = distance(await stateOf(array), await stateOf(device))
    expect(Math.max(parameter, m, v, mean)).toBeLessThan(1e-6)
    const { unused } = Object.fromEntries(await stateOf(device))
    expect(unused?.m).toEqual(new Float32Array(3))
    expect(unused?.parameter[0]).toBeCloseTo(
      (stateDict.get('unused')?.data[0] as number) * (1 - SETTINGS.lr * SETTINGS.weightDecay) ** 20,
      6,
    )
    await array.release()
    await device.release()
  })

  test.each(['array', 'device'] as const)('go on from the state that another left (%s)', async (kind) => {
    const [through, resumed] = [await open[kind](), await open[kind]()]
    await through.step(feeds, 1, SETTINGS)
    await resumed.write(await stateOf(through))
    const { losses } = await through.step(feeds, 2, SETTINGS)
    expect((await resumed.step(feeds, 2, SETTINGS)).losses).toEqual(losses)
    expect(distance(await stateOf(resumed), await stateOf(through))).toEqual(NOTHING_MOVED)
    await through.release()
    await resumed.release()
  })

  test('a loss that is no number leaves weights on the processor as they were', async () => {
    const stepper = await open.array()
    const before = await stateOf(stepper)
    const data = new Float32Array(PIXELS * FEATURES).fill(NaN)
    const broken = { ...feeds, [STEP.image]: { data, shape: [PIXELS, FEATURES] } }
    expect((await stepper.step(broken, 1, SETTINGS)).losses.total).toBeNaN()
    expect(distance(await stateOf(stepper), before)).toEqual(NOTHING_MOVED)
    await stepper.release()
  })

  test('the state dict that they began with stays as it was', async () => {
    const before = structuredClone(stateDict)
    const stepper = await open.array()
    await stepper.step(feeds, 1, SETTINGS)
    expect(stateDict).toEqual(before)
    await stepper.release()
  })
})
