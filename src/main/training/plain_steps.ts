/** @file `facet step`: optimisation steps without anything around them, to be held against other frameworks. */
import { tensor, type Tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import { createSession } from '../runtime/session'
import { recognise } from '../segface/config'
import { buildTaps } from '../segface/network'
import type { StateDict } from '../segface/weights'
import type { StepSettings } from './adamw'
import { movedStatistics } from './running_statistics'
import { buildStep, STEP, type StepOptions } from './step_graph'
import { ArrayStepper, type StepFeeds, type StepLosses } from './stepper'

export interface PlainSteps extends Pick<StepOptions, 'scope' | 'batchNorm'> {
  readonly lr: number
  readonly weightDecay: number
  readonly steps: number
}

export interface PlainResult {
  /** Before each step, and after the last. */
  readonly losses: readonly StepLosses[]
  readonly after: StepLosses
  /** Of the first step, by learned parameter that the network uses. */
  readonly gradients: ReadonlyMap<string, Tensor>
  /** The state dict after the last step. */
  readonly stateDict: ReadonlyMap<string, Tensor>
}

/**
 * Steps on one batch, the same each time: `images` normalised [N, 3, R, R], `labels` int32 [N, R, R] (19 and more do not count).
 * SegFace's own loss and torch.optim.AdamW. Throws as `buildStep` does.
 */
export async function plainSteps(
  stateDict: StateDict,
  images: Float32Array,
  labels: Int32Array,
  shape: { readonly batch: number; readonly resolution: number },
  { scope, batchNorm, lr, weightDecay, steps }: PlainSteps,
): Promise<PlainResult> {
  const { arch } = recognise(stateDict)
  const { batch, resolution } = shape
  const options: StepOptions = { arch, scope, resolution, batch, batchNorm, dicePresent: false }
  const picture = { data: images, shape: [batch, 3, resolution, resolution] }
  const given = scope === 'full' ? { [STEP.image]: picture } : await tapsOf(stateDict, picture)
  const feeds: StepFeeds = {
    ...given,
    [STEP.labels]: { data: labels, shape: [batch, resolution, resolution] },
  }

  const current = new Map(stateDict)
  const settings: StepSettings = { lr, weightDecay, decay: 0 }
  const stepper = await ArrayStepper.create(buildStep(stateDict, options), stateDict, 'cpu')
  try {
    const losses: StepLosses[] = []
    let first: ReadonlyMap<string, Float32Array> = new Map()
    for (let step = 1; step <= steps; step++) {
      const result = await stepper.gradients(feeds)
      losses.push(result.losses)
      if (step === 1) first = result.gradients
      stepper.update(result.gradients, step, settings)
      for (const [name, moved] of movedStatistics(current, arch, result.statistics)) current.set(name, moved)
    }
    const { losses: after } = await stepper.gradients(feeds)
    const gradients = new Map<string, Tensor>()
    for (const [name, size] of stepper.shapes) {
      const gradient = first.get(name) ?? new Float32Array(size.reduce((product, each) => product * each, 1))
      gradients.set(name, tensor('float32', size, gradient))
    }
    for (const [name, { parameter }] of await stepper.read()) {
      current.set(name, tensor('float32', stepper.shapes.get(name) ?? [], parameter))
    }
    return { losses, after, gradients, stateDict: current }
  } finally {
    await stepper.release()
  }
}

async function tapsOf(
  stateDict: StateDict,
  image: { data: Float32Array; shape: readonly number[] },
): Promise<StepFeeds> {
  const [batch = 0, , resolution = 0] = image.shape
  const session = await createSession(encodeModel(buildTaps(stateDict, { resolution, batch })), 'cpu')
  try {
    return await session.run({ image })
  } finally {
    await session.release()
  }
}
