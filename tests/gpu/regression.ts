/** @file A tiny training loop, for a child process: linear regression by AdamW, gradient and update in one graph. */
import type { Provider } from '../../src/shared/terms'
import { encodeModel } from '../../src/main/onnx/encode'
import type { Value } from '../../src/main/onnx/graph'
import { GraphBuilder } from '../../src/main/onnx/graph'
import { Add, Div, Mul, Sqrt, Sub } from '../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../src/main/onnx/ops/linear'
import { ReduceMean, ReduceSum } from '../../src/main/onnx/ops/norm'
import { Transpose } from '../../src/main/onnx/ops/shape'
import { Residents } from '../../src/main/runtime/resident'
import type { Array32 } from '../../src/main/runtime/session'
import { noise } from '../helpers/named_tensors'

const [ROWS, COLUMNS] = [32, 6]
const [RATE, DECAY, BETA1, BETA2, EPSILON] = [0.05, 1e-2, 0.9, 0.999, 1e-8]
const SHAPES = { weight: [COLUMNS, 1], bias: [1, 1] } as const

/** The mean squared error as output `loss`, of parameters that are inputs; what the gradients need is answered. */
function errorOf(g: GraphBuilder) {
  const x = g.input('x', 'float32', [ROWS, COLUMNS])
  const y = g.input('y', 'float32', [ROWS, 1])
  const weight = g.input('weight', 'float32', SHAPES.weight)
  const bias = g.input('bias', 'float32', SHAPES.bias)
  const error = Sub(g, Add(g, MatMul(g, x, weight), bias), y)
  g.output('loss', ReduceMean(g, Mul(g, error, error), [0, 1]))
  return { x, weight, bias, error }
}

/** One step: the loss, and the updated parameters with both moments. `scale1`, `scale2` are the moments' bias corrections. */
function stepGraph(): Uint8Array {
  const g = new GraphBuilder('step')
  const { x, weight, bias, error } = errorOf(g)
  const [scale1, scale2] = [g.input('scale1', 'float32', []), g.input('scale2', 'float32', [])]
  const slope = Mul(g, error, 2 / ROWS)
  const update = (name: keyof typeof SHAPES, parameter: Value, gradient: Value): void => {
    const m = g.input(`${name}.m`, 'float32', parameter.shape)
    const v = g.input(`${name}.v`, 'float32', parameter.shape)
    const nextM = Add(g, Mul(g, m, BETA1), Mul(g, gradient, 1 - BETA1))
    const nextV = Add(g, Mul(g, v, BETA2), Mul(g, Mul(g, gradient, gradient), 1 - BETA2))
    const direction = Div(g, Mul(g, nextM, scale1), Add(g, Sqrt(g, Mul(g, nextV, scale2)), EPSILON))
    g.output(`next.${name}`, Sub(g, Mul(g, parameter, 1 - RATE * DECAY), Mul(g, direction, RATE)))
    g.output(`next.${name}.m`, nextM)
    g.output(`next.${name}.v`, nextV)
  }
  update('weight', weight, MatMul(g, Transpose(g, x, [1, 0]), slope))
  update('bias', bias, ReduceSum(g, slope, [0, 1]))
  return encodeModel(g.finish())
}

/** The loss by a second graph that runs over the same residents. */
function lossGraph(): Uint8Array {
  const g = new GraphBuilder('loss')
  errorOf(g)
  return encodeModel(g.finish())
}

const array = (shape: readonly number[], data: Iterable<number>): Array32 => ({
  shape,
  data: Float32Array.from(data),
})

/** Trains for so many steps: the losses before each, where each resident is then, what a step answers, and what was learned. */
export default async function train(provider: Provider, steps: number) {
  const features = noise('features', ROWS * COLUMNS)
  const x = array([ROWS, COLUMNS], features)
  const y = array(
    [ROWS, 1],
    Array.from({ length: ROWS }, (_, row) => 1 + (features[row * COLUMNS] ?? 0) * 2),
  )
  const residents = new Residents(provider)
  for (const [name, shape] of Object.entries(SHAPES)) {
    const zeros = () => array(shape, new Float32Array(shape[0] * shape[1]))
    await residents.write({ [name]: zeros(), [`${name}.m`]: zeros(), [`${name}.v`]: zeros() })
  }
  await residents.write({ weight: array(SHAPES.weight, noise('weight', COLUMNS)) })
  const names = residents.names
  const before = await residents.read(names)
  const step = await residents.createStepSession(
    stepGraph(),
    Object.fromEntries(names.map((name) => [`next.${name}`, name])),
  )
  const losses: number[] = []
  let answered: readonly string[] = []
  for (let t = 1; t <= steps; t++) {
    const scales = {
      scale1: array([], [1 / (1 - BETA1 ** t)]),
      scale2: array([], [1 / (1 - BETA2 ** t)]),
    }
    const answer = await step.run({ x, y, ...scales })
    answered = Object.keys(answer)
    losses.push(answer.loss?.data[0] ?? NaN)
  }
  const places = names.map((name) => residents.placeOf(name))
  const after = await residents.read(names)

  const measure = await residents.createStepSession(lossGraph())
  const loss = async () => (await measure.run({ x, y })).loss?.data[0] ?? NaN
  const end = await loss()
  await residents.write({ weight: before.weight as Array32, bias: before.bias as Array32 })
  const again = await loss()
  const missing = await step.run({ x, y }).catch((error: Error) => error.message)
  await step.release()
  await measure.release()
  await residents.release()
  return { losses, end, again, answered, places, before, after, missing, left: residents.names }
}
