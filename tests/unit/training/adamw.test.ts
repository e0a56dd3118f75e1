/** @file AdamW on arrays and as a graph against PyTorch's equations, written down in double precision. */
import { describe, expect, test } from 'vitest'
import { AdamW } from '../../../src/main/autodiff/optimizers'
import { GraphBuilder, type Value } from '../../../src/main/onnx/graph'
import {
  adamW,
  BETAS,
  EPSILON,
  scalarsOf,
  type Learned,
  type StepSettings,
} from '../../../src/main/training/adamw'
import { expectAllClose } from '../../helpers/allclose'
import { noise } from '../../helpers/named_tensors'
import { runGraph } from '../../helpers/run_graph'

const COUNT = 50
const STEPS = 4
const SETTINGS: StepSettings = { lr: 3e-3, weightDecay: 0.05, decay: 0.9 }
const PARTS = ['parameter', 'm', 'v', 'mean'] as const
/** Of single precision, after a few steps. */
const CLOSE = { atol: 1e-9, rtol: 2e-6 }

type State = Record<(typeof PARTS)[number], ArrayLike<number>>

/** Step by step; among the gradients are a zero and sizes that epsilon matters for. */
const gradientOf = (step: number): Float32Array =>
  Float32Array.from(noise(`gradient ${step}`, COUNT), (u, i) => (i === 0 ? 0 : u * 10 ** -(i % 10)))

const initial = (): Learned => {
  const parameter = Float32Array.from(noise('parameter', COUNT))
  return { parameter, m: new Float32Array(COUNT), v: new Float32Array(COUNT), mean: parameter.slice() }
}

/** The equations of torch.optim.AdamW's documentation. */
function byTheBook(hasGradient: boolean): State {
  const { lr, weightDecay, decay } = SETTINGS
  const theta = Float64Array.from(initial().parameter)
  const [m, v] = [new Float64Array(COUNT), new Float64Array(COUNT)]
  const mean = theta.slice()
  for (let t = 1; t <= STEPS; t++) {
    const gradient = gradientOf(t)
    for (let i = 0; i < COUNT; i++) {
      const at = (values: ArrayLike<number>) => values[i] as number
      theta[i] = at(theta) - lr * weightDecay * at(theta)
      if (hasGradient) {
        m[i] = BETAS[0] * at(m) + (1 - BETAS[0]) * at(gradient)
        v[i] = BETAS[1] * at(v) + (1 - BETAS[1]) * at(gradient) ** 2
        const [mHat, vHat] = [at(m) / (1 - BETAS[0] ** t), at(v) / (1 - BETAS[1] ** t)]
        theta[i] = at(theta) - (lr * mHat) / (Math.sqrt(vHat) + EPSILON)
      }
      mean[i] = decay * at(mean) + (1 - decay) * at(theta)
    }
  }
  return { parameter: theta, m, v, mean }
}

function onArrays(hasGradient: boolean): State {
  const learned = initial()
  for (let t = 1; t <= STEPS; t++) adamW(learned, hasGradient ? gradientOf(t) : null, t, SETTINGS)
  return learned
}

async function asGraph(hasGradient: boolean): Promise<State> {
  const g = new GraphBuilder('adamw')
  const input = (name: string, size: number) => g.input(name, 'float32', [size])
  const [keep, rate, root, blend] = ['keep', 'rate', 'root', 'blend'].map((name) => input(name, 1)) as [
    Value,
    Value,
    Value,
    Value,
  ]
  const [parameter, m, v, mean] = PARTS.map((name) => input(name, COUNT)) as [Value, Value, Value, Value]
  const gradient = input('gradient', COUNT)
  const after = AdamW(
    g,
    { parameter, m, v, mean },
    hasGradient ? gradient : null,
    { keep, rate, root, blend },
    { betas: BETAS, epsilon: EPSILON },
  )
  for (const part of PARTS) g.output(`after.${part}`, after[part])
  const graph = g.finish()
  let state: Learned = initial()
  for (let t = 1; t <= STEPS; t++) {
    const scalars = Object.entries(scalarsOf(SETTINGS, t)).map(([name, value]) => [
      name,
      Float32Array.of(value),
    ])
    const fed = {
      ...state,
      gradient: gradientOf(t),
      ...(Object.fromEntries(scalars) as Record<string, Float32Array>),
    }
    const outputs = await runGraph(graph, fed)
    state = Object.fromEntries(PARTS.map((part) => [part, outputs[`after.${part}`]])) as unknown as Learned
  }
  return state
}

describe.each([true, false])('AdamW (the loss depends on the parameter: %s)', (hasGradient) => {
  const expected = byTheBook(hasGradient)

  test.each([['on arrays', onArrays], ['as a graph', asGraph]] as const)('%s', async (_, run) => {
    const state = await run(hasGradient)
    for (const part of PARTS) expectAllClose(state[part], expected[part], CLOSE)
  }) // prettier-ignore
})

test('without a mean to keep, the mean is the parameter', () => {
  const learned = initial()
  adamW(learned, gradientOf(1), 1, { ...SETTINGS, decay: 0 })
  expect(learned.mean).toEqual(learned.parameter)
})
