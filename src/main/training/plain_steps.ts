/** @file Optimisation steps without anything around them, to be held against other frameworks. */
import { fromFloat32, isFloating, tensor, toFloat32, type Tensor } from '../base/tensor'
import { encodeModel } from '../onnx/encode'
import { createSession } from '../runtime/session'
import { recognise } from '../segface/config'
import { buildTaps } from '../segface/network'
import type { StateDict } from '../segface/weights'
import type { StepSettings } from './adamw'
import { movedStatistics } from './running_statistics'
import { buildStep, STEP, type StepOptions } from './step_graph'
import { ArrayStepper, type StepFeeds, type StepLosses } from './stepper'

export interface PlainBatch {
  /** Normalised, [count, 3, resolution, resolution]. */
  readonly images: { readonly data: Float32Array; readonly count: number; readonly resolution: number }
  /** Class numbers [count, resolution, resolution]; what is none does not count. */
  readonly labels: Int32Array
}

export interface PlainSteps extends Pick<StepOptions, 'scope' | 'batchNorm'> {
  readonly lr: number
  readonly weightDecay: number
  readonly steps: number
}

export interface PlainResult {
  /** Before each step. */
  readonly losses: readonly StepLosses[]
  /** After the last. */
  readonly after: StepLosses
  /** Of the first step, float32, by learned parameter that the network uses. */
  readonly gradients: ReadonlyMap<string, Tensor>
  /** The state dict after the last step, each tensor of its own type. */
  readonly stateDict: ReadonlyMap<string, Tensor>
}

/**
 * Steps on one batch, the same each time, with SegFace's own loss and torch.optim.AdamW. Everything is computed in single
 * precision, whatever the types of the state dict. As in PyTorch's training mode, batch norms that go by their batch move their
 * running statistics whenever it passes: in each step, and once more for the losses after the last. Throws as `buildStep` does.
 */
export async function plainSteps(
  stateDict: StateDict,
  { images, labels }: PlainBatch,
  { scope, batchNorm, lr, weightDecay, steps }: PlainSteps,
): Promise<PlainResult> {
  const { arch } = recognise(stateDict)
  const { data, count: batch, resolution } = images
  const picture = { data, shape: [batch, 3, resolution, resolution] }
  const given = scope === 'full' ? { [STEP.image]: picture } : await tapsOf(stateDict, picture)
  const feeds: StepFeeds = {
    ...given,
    [STEP.labels]: { data: labels, shape: [batch, resolution, resolution] },
  }

  const options: StepOptions = { arch, scope, resolution, batch, batchNorm, dicePresent: false }
  const settings: StepSettings = { lr, weightDecay, decay: 0 }
  const moved = new Map<string, Tensor>()
  const stepper = await ArrayStepper.create(buildStep(stateDict, options), stateDict, 'cpu')
  try {
    const measure = async () => {
      const result = await stepper.gradients(feeds)
      const current = new Map([...stateDict, ...moved])
      for (const [name, each] of movedStatistics(current, arch, result.statistics)) moved.set(name, each)
      return result
    }
    const losses: StepLosses[] = []
    let first: ReadonlyMap<string, Float32Array> = new Map()
    for (let step = 1; step <= steps; step++) {
      const result = await measure()
      losses.push(result.losses)
      if (step === 1) first = result.gradients
      stepper.update(result.gradients, step, settings)
    }
    const { losses: after } = await measure()
    const gradients = new Map<string, Tensor>()
    for (const [name, size] of stepper.shapes) {
      const gradient = first.get(name) ?? new Float32Array(size.reduce((product, each) => product * each, 1))
      gradients.set(name, tensor('float32', size, gradient))
    }
    for (const [name, { parameter }] of await stepper.read()) {
      moved.set(name, tensor('float32', stepper.shapes.get(name) ?? [], parameter))
    }
    return { losses, after, gradients, stateDict: withMoved(stateDict, moved) }
  } finally {
    await stepper.release()
  }
}

/** The state dict with what has moved, of the types that it had. */
function withMoved(stateDict: StateDict, moved: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map(
    Array.from(stateDict, ([name, before]) => {
      const after = moved.get(name)
      if (after === undefined || !isFloating(before.dtype)) return [name, after ?? before] as const
      return [name, fromFloat32(before.dtype, before.shape, toFloat32(after))] as const
    }),
  )
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
