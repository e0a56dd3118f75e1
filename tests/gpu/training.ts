/** @file Training steps on WebGPU, for a child process: how far they are from the processor's. */
import { Evaluator } from '../../src/main/training/evaluate'
import { createStepper, type StepFeeds } from '../../src/main/training/stepper'
import { buildStep, type StepOptions } from '../../src/main/training/step_graph'
import type { Learned } from '../../src/main/training/adamw'
import { buildTaps } from '../../src/main/segface/network'
import type { StateDict } from '../../src/main/segface/weights'
import { maxDifference } from '../helpers/allclose'
import { namedSegFace } from '../helpers/backbone'
import { namedImage } from '../helpers/named_tensors'
import { runGraph } from '../helpers/run_graph'
import { blockLabels } from '../helpers/training_reference'

export type Case = Pick<StepOptions, 'arch' | 'scope' | 'batchNorm' | 'resolution'>

const SETTINGS = { lr: 1e-3, weightDecay: 1e-5, decay: 0.9 }
/** Gradients smaller than this are zero but for rounding. */
const ZERO = 1e-6

/** The losses of some steps, after the first the first moments (a tenth of the gradients), and what the weights before saw. */
async function train(stateDict: StateDict, options: Case, steps: number, provider: 'cpu' | 'webgpu') {
  const graph = buildStep(stateDict, { ...options, batch: 1, dicePresent: false })
  const stepper = await createStepper(graph, stateDict, provider)
  const feeds = await feedsOf(stateDict, options)
  const losses: number[] = []
  let first: ReadonlyMap<string, Learned> = new Map()
  for (let step = 1; step <= steps; step++) {
    losses.push((await stepper.step(feeds, step, SETTINGS)).losses.total)
    // Copies: on the processor they are the arrays of the next step.
    if (step === 1) first = structuredClone(await stepper.read())
  }
  await stepper.release()
  const evaluator = await Evaluator.create(stateDict, options, provider)
  await evaluator.use((name) => stateDict.get(name)?.data as Float32Array)
  const { labels: _, ...pictures } = feeds
  const labels = await evaluator.labels(pictures)
  await evaluator.release()
  return { losses, first, labels }
}

async function feedsOf(stateDict: StateDict, { scope, resolution }: Case): Promise<StepFeeds> {
  const shape = [1, 3, resolution, resolution]
  const image = namedImage('image', shape)
  const labels = { data: blockLabels('labels', 8, 1, resolution), shape: [1, resolution, resolution] }
  if (scope === 'full') return { labels, image: { data: image, shape } }
  const graph = buildTaps(stateDict, { resolution, batch: 1 })
  const taps = await runGraph(graph, { image })
  const fed = graph.outputs.map((tap) => [
    tap.name,
    { data: taps[tap.name] as Float32Array, shape: tap.shape },
  ])
  return { labels, ...(Object.fromEntries(fed) as StepFeeds) }
}

/**
 * The largest relative difference of a loss, that of a gradient of the first step relative to its tensor's largest, and the
 * share of pixels that are seen as another class. Beyond
 * two steps nothing can be compared: Adam makes steps of full size of gradients that are zero but for rounding.
 */
export default async function compareTraining(options: Case, steps: number) {
  const stateDict = namedSegFace(options.arch)
  const [found, expected] = [
    await train(stateDict, options, steps, 'webgpu'),
    await train(stateDict, options, steps, 'cpu'),
  ]
  const loss = Math.max(...expected.losses.map((each, i) => Math.abs((found.losses[i] ?? NaN) - each) / each))
  let gradient = { name: 'none', difference: 0 }
  let zeros = 0
  for (const [name, { m }] of expected.first) {
    const largest = maxDifference(m, new Float32Array(m.length))
    if (largest < ZERO) zeros++
    else {
      const difference = maxDifference(found.first.get(name)?.m ?? [], m) / largest
      if (difference > gradient.difference) gradient = { name, difference }
    }
  }
  const labels = expected.labels.filter((label, pixel) => label !== found.labels[pixel]).length
  return { tensors: expected.first.size, zeros, loss, gradient, labels: labels / expected.labels.length }
}
