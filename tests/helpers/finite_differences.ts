/** @file Gradients as they are defined: how much a loss changes when an input does. The loss is Σ y ⊙ r with fixed random r. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { differentiate } from '../../src/main/autodiff/reverse'
import { elementCount, tensor } from '../../src/main/base/tensor'
import { encodeModel } from '../../src/main/onnx/encode'
import type { Graph } from '../../src/main/onnx/graph'
import { GraphBuilder } from '../../src/main/onnx/graph'
import type { GradientCase } from './gradient_cases'
import { noise } from './named_tensors'

const STEP = 1e-2

/** The weights of a result's elements in the loss. */
const weightsOf = (count: number): Float32Array => Float32Array.from(noise('loss weights', count))

/** Inputs `x0`, `x1`, … to the gradients `d0`, `d1`, … of the case's loss; zeros where it does not depend on an input. */
export function gradientGraph({ inputs, build }: GradientCase): Graph {
  const g = new GraphBuilder('gradients')
  const values = inputs.map((shape, index) => g.input(`x${index}`, 'float32', shape))
  const y = build(g, ...values)
  const weights = tensor('float32', y.shape, weightsOf(elementCount(y.shape)))
  const gradients = differentiate(g, [{ value: y, gradient: g.initializer('loss.weights', weights) }], values)
  values.forEach((value, index) => {
    const zero = tensor('float32', value.shape, new Float32Array(elementCount(value.shape)))
    g.output(`d${index}`, gradients.get(value.name) ?? g.initializer(`zero${index}`, zero))
  })
  return g.finish()
}

/** Central differences of the loss by each element of each input. */
export async function differencesOf(
  { inputs, build }: GradientCase,
  values: readonly Float32Array[],
): Promise<Float64Array[]> {
  const g = new GraphBuilder('forward')
  const y = build(g, ...inputs.map((shape, index) => g.input(`x${index}`, 'float32', shape)))
  g.output('y', y)
  const weights = weightsOf(elementCount(y.shape))
  const session = await InferenceSession.create(encodeModel(g.finish()), { intraOpNumThreads: 1 })
  const lossOf = async (all: readonly Float32Array[]): Promise<number> => {
    const feeds = all.map((data, i) => [`x${i}`, new Tensor('float32', data, inputs[i] ?? [])] as const)
    const { y } = await session.run(Object.fromEntries(feeds))
    return (y?.data as Float32Array).reduce((sum, value, i) => sum + value * (weights[i] as number), 0)
  }
  const differences: Float64Array[] = []
  try {
    for (const [index, value] of values.entries()) {
      const by = new Float64Array(value.length)
      for (let i = 0; i < value.length; i++) {
        const moved = async (step: number) => {
          const copy = value.slice()
          copy[i] = (copy[i] as number) + step
          const loss = await lossOf(values.map((each, n) => (n === index ? copy : each)))
          return { at: copy[i], loss }
        }
        const [up, down] = [await moved(STEP), await moved(-STEP)]
        by[i] = (up.loss - down.loss) / ((up.at as number) - (down.at as number))
      }
      differences.push(by)
    }
  } finally {
    await session.release()
  }
  return differences
}
