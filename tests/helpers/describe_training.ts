/** @file Three optimisation steps of whole networks against PyTorch's, and how far PyTorch is from its own record. */
import { join } from 'node:path'
import { test } from 'vitest'
import {
  distances,
  expectWithin,
  readTrainingReference,
  takeSteps,
  type Distances,
} from './training_reference'

/** Networks are large, and machines may be busy. */
const TIMEOUT = 600_000

/** How far PyTorch's own runs get from its record, in units of the bars. */
interface OwnDistance {
  readonly lossBeforeThird: number
  readonly lossAfter: number
  readonly parameters: number
  readonly running?: number
  readonly gradients?: number
}

/**
 * The bars can be met, and are, for the losses before the first two steps, for norms and gradients. What comes then need not
 * agree between two correct implementations: a step of 1e-3 along the sign of every gradient, also where that is zero but for
 * rounding, moves a network of noise so far that a ReLU of a class token opens here and stays shut there, with which
 * the gradients of all above it change. PyTorch 2.13 took each case's steps seven times: on one thread and on two, without
 * oneDNN, in double precision, and three times from weights up to one unit in the last place away (ConvNeXt-B's once in
 * either precision). Any two of these runs differ by more than 1e-4 in up to 20 % of the parameters; the worst distances
 * from the record stand here.
 *
 * Of `mobilenet_128_full_batch` the recorded gradients themselves have two ReLUs the other way round, whose inputs are 2e-7
 * and 9e-7 in double precision; all seven runs differ from them as ours does, and double precision with these two turned
 * gives what was recorded.
 */
const OWN: Readonly<Record<string, OwnDistance>> = {
  'mobilenet_128_decoder_running.json': { lossBeforeThird: 0.05, lossAfter: 3.5, parameters: 2.0 },
  'mobilenet_128_full_batch.json': {
    ...{ lossBeforeThird: 0.24, lossAfter: 23.1, parameters: 4.8, running: 2.1, gradients: 2.62 },
  },
  'swinv2_tiny_64_full_running.json': { lossBeforeThird: 1.5, lossAfter: 20.8, parameters: 6.9 },
  'resnet_64_full_running.json': { lossBeforeThird: 1.5, lossAfter: 9.9, parameters: 11.6 },
  'convnext_small_64_full_running.json': { lossBeforeThird: 3.6, lossAfter: 63.9, parameters: 6.3 },
  'efficientnet_96_full_running.json': { lossBeforeThird: 3.3, lossAfter: 37.1, parameters: 7.1 },
  'swin_base_64_full_running.json': { lossBeforeThird: 0.01, lossAfter: 17.6, parameters: 1.6 },
  'convnext_base_64_full_running.json': { lossBeforeThird: 0.08, lossAfter: 7.5, parameters: 1.0 },
}
/** Ours is one run more, on whatever machine, and a few runs do not show how far they can get. */
const LUCK = 4

/** The cases `files` of `folder`. */
export function describeTraining(folder: string, files: readonly string[]): void {
  test.each(files)(
    '%s',
    async (file) => {
      const reference = readTrainingReference(join(folder, file))
      expectWithin(distances(reference, await takeSteps(reference)), barsOf(file))
    },
    TIMEOUT,
  )
}

function barsOf(file: string): Partial<Distances> {
  const own = OWN[file]
  if (own === undefined) return {}
  const bar = (distance: number): number => Math.max(1, LUCK * distance)
  return {
    losses: [1, 1, bar(own.lossBeforeThird), bar(own.lossAfter)],
    parameters: bar(own.parameters),
    ...(own.running !== undefined && { running: bar(own.running) }),
    // No dice here: all runs of PyTorch agree.
    ...(own.gradients !== undefined && { gradients: 1.1 * own.gradients }),
  }
}
