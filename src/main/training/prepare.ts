/** @file What a run needs before its first step: the weights it starts from, and a step that memory holds. */
import { noteOf } from '../../shared/notes'
import type { Tensor } from '../base/tensor'
import { readTensors } from '../checkpoint/overlay'
import { initialStateDict } from '../segface/initial'
import type { StateDict } from '../segface/weights'
import { peakBytes } from './memory'
import type { Talk } from './news'
import type { Plan } from './plan'
import { randomOf } from './random'
import type { StepSize } from './state'
import { buildStep, type StepOptions } from './step_graph'

/** Of the memory that is free, a step's graph may take so much. */
const MEMORY_SHARE = 0.7
/** The runtime's own copies and the optimiser's state come on top of what is planned. */
const OVERHEAD = 1.3
/** The smallest side that a step is cut down to. */
const MIN_RESOLUTION = 64
/** The stream of a seed's random numbers that fresh weights are drawn from. */
const WEIGHTS = 1

/** The weights that training starts from. */
export async function baseOf({
  arch,
  weights: [first, ...changes],
  settings,
}: Plan): Promise<Map<string, Tensor>> {
  if (first !== undefined) return readTensors([first, ...changes])
  const random = randomOf(settings.seed, WEIGHTS)
  return initialStateDict(arch, () => random.uniform())
}

/**
 * The plan's settings as a step's options, with a smaller batch, then smaller pictures, where memory does not suffice. A run
 * that goes on keeps to `before`, what its steps were, also where there is more memory now: its steps are counted in those.
 */
export function fitToMemory(
  stateDict: StateDict,
  { arch, weights, settings, samples }: Plan,
  before: StepSize | null,
  { tell }: Talk,
): StepOptions {
  const limit = MEMORY_SHARE * process.availableMemory()
  const wanted = before ?? { batch: settings.train_bs, resolution: settings.input_resolution }
  let { batch, resolution } = wanted
  for (;;) {
    const options: StepOptions = {
      arch,
      scope: settings.scope,
      resolution,
      batch,
      batchNorm: weights.length === 0 ? 'batch' : 'running',
      dicePresent: settings.dice_present,
      partly: samples.some(({ use, checked = null }) => use === 'train' && checked !== null),
    }
    const needed = OVERHEAD * peakBytes(buildStep(stateDict, options).graph)
    if (needed <= limit || (batch === 1 && resolution <= MIN_RESOLUTION)) {
      if (batch < wanted.batch || resolution < wanted.resolution) {
        const { batch: faces, resolution: pixels } = wanted
        tell({ kind: 'note', message: noteOf('lessMemory', { faces, pixels, batch, resolution }) })
      }
      return options
    }
    if (batch > 1) batch = Math.floor(batch / 2)
    else resolution = Math.max(MIN_RESOLUTION, Math.floor((0.75 * resolution) / 32) * 32)
  }
}
