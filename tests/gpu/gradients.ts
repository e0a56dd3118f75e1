/** @file Every gradient rule on WebGPU, for a child process: how far its gradients are from the processor's, case by case. */
import { encodeModel } from '../../src/main/onnx/encode'
import { createSession, type Array32 } from '../../src/main/runtime/session'
import { maxDifference } from '../helpers/allclose'
import { gradientGraph } from '../helpers/finite_differences'
import { caseInputs, GRADIENT_CASES, type GradientCase } from '../helpers/gradient_cases'

export interface Outcome {
  readonly operator: string
  readonly title: string
  /** The largest difference, relative to the largest gradient where that exceeds 1; or what went wrong. */
  readonly difference: number | string
}

export default async function compareGradients(): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [operator, cases] of Object.entries(GRADIENT_CASES)) {
    for (const each of cases) {
      const difference = await compare(each).catch((error: Error) => error.message)
      outcomes.push({ operator, title: each.title, difference })
    }
  }
  return outcomes
}

async function compare(gradientCase: GradientCase): Promise<number> {
  const graph = encodeModel(gradientGraph(gradientCase))
  const feeds = caseInputs(gradientCase).map(
    (data, i) => [`x${i}`, { data, shape: gradientCase.inputs[i] ?? [] }] as const,
  )
  const run = async (provider: 'cpu' | 'webgpu'): Promise<Record<string, Array32>> => {
    const session = await createSession(graph, provider)
    const outputs = await session.run(Object.fromEntries(feeds))
    await session.release()
    return outputs
  }
  const [found, expected] = [await run('webgpu'), await run('cpu')]
  const differences = Object.entries(expected).map(([name, { data }]) => {
    const largest = maxDifference(data, new Float32Array(data.length))
    return maxDifference(found[name]?.data ?? [], data) / Math.max(1, largest)
  })
  return Math.max(...differences)
}
