/** @file How a run is cut into epochs and steps, which faces each step draws, and at what rate it learns. */
import type { TrainSettings } from '../../shared/training'
import { randomOf, shuffled } from './random'

/** Between two looks at the validation faces lie at least this many steps, so that looking costs less than learning. */
const MIN_STEPS_BETWEEN_LOOKS = 20
/** Of the whole run, and at most so many steps, the rate rises. */
const WARM_UP = { share: 0.1, steps: 20 }
/** In a run that replays, one of so many faces of a batch is one of the past. */
export const REPLAY_EVERY = 4
/** A face with a part that few have comes up at most this many times as often. */
const MAX_REPEAT = 3
/** Parts in fewer than this share of the faces count as rare. */
const RARE = 0.3

export interface Schedule {
  readonly stepsPerEpoch: number
  readonly steps: number
  /** After how many epochs the validation faces are looked at; after the last in any case. */
  readonly lookEvery: number
}

/** `faces` to learn from, without replays. */
export function scheduleOf(
  { epochs, train_bs, preserve }: Pick<TrainSettings, 'epochs' | 'train_bs' | 'preserve'>,
  faces: number,
): Schedule {
  const fresh = preserve === 'replay' ? train_bs - replaysIn(train_bs) : train_bs
  const stepsPerEpoch = Math.max(1, Math.ceil(faces / fresh))
  const lookEvery = Math.ceil(MIN_STEPS_BETWEEN_LOOKS / stepsPerEpoch)
  return { stepsPerEpoch, steps: epochs * stepsPerEpoch, lookEvery }
}

/** How many looks at the validation faces come after epoch `after`; the one before the first step is none of them. */
export function looksAfter(
  after: number,
  { epochs, lookEvery }: { epochs: number; lookEvery: number },
): number {
  if (after >= epochs) return 0
  const isLastExtra = epochs % lookEvery !== 0
  return Math.floor(epochs / lookEvery) - Math.floor(after / lookEvery) + (isLastExtra ? 1 : 0)
}

/** How many faces of a batch are replays. */
export function replaysIn(batch: number): number {
  return Math.max(1, Math.floor(batch / REPLAY_EVERY))
}

/**
 * The learning rate of step number `step`, counted from 1: a linear rise and a cosine to 0 over all steps, or, with
 * `lr_schedule`, PyTorch's MultiStepLR by epochs.
 */
export function rateAt(
  step: number,
  { lr, lr_schedule, lr_schedule_gamma }: Pick<TrainSettings, 'lr' | 'lr_schedule' | 'lr_schedule_gamma'>,
  { steps, stepsPerEpoch }: Schedule,
): number {
  if (lr_schedule !== null) {
    const epoch = Math.floor((step - 1) / stepsPerEpoch)
    return lr * lr_schedule_gamma ** lr_schedule.filter((milestone) => milestone <= epoch).length
  }
  const rise = Math.min(WARM_UP.steps, Math.ceil(steps * WARM_UP.share))
  const done = step - 1
  if (done < rise) return (lr * (done + 1)) / rise
  return (lr / 2) * (1 + Math.cos((Math.PI * (done - rise)) / Math.max(1, steps - rise)))
}

/** How fast the mean of the weights follows after `step` steps: faster at first, so that it forgets where it began. */
export function meanDecayAt(step: number, ema: number): number {
  return ema === 0 ? 0 : Math.min(ema, (1 + step) / (10 + step))
}

/**
 * How often each face should come up, at least once a pass: the largest √(share wanted / share there is) of the rare parts it
 * has, as LVIS's repeat factor sampling (https://arxiv.org/abs/1908.03195). `parts` are the bits of each face's parts.
 */
export function repeatFactors(parts: readonly number[]): number[] {
  const shareOf = (bit: number) => parts.filter((bits) => (bits & bit) !== 0).length / parts.length
  const factors = Array.from({ length: 31 }, (_, part) => {
    const share = shareOf(1 << part)
    return share === 0 ? 1 : Math.max(1, Math.sqrt(RARE / share))
  })
  return parts.map((bits) =>
    factors.reduce(
      (most, factor, part) =>
        (bits & (1 << part)) !== 0 ? Math.min(MAX_REPEAT, Math.max(most, factor)) : most,
      1,
    ),
  )
}

/**
 * The faces that epoch `epoch` draws, `count` positions in `factors`: pass after pass in random order, each face as often
 * as its factor says (a fraction by chance).
 */
export function drawEpoch(factors: readonly number[], count: number, seed: number, epoch: number): number[] {
  const drawn: number[] = []
  for (let pass = 0; drawn.length < count; pass++) {
    const random = randomOf(seed, epoch, pass)
    const list = factors.flatMap((factor, face) => {
      const times = Math.floor(factor) + (random.uniform() < factor % 1 ? 1 : 0)
      return Array.from({ length: Math.max(1, times) }, () => face)
    })
    drawn.push(...shuffled(list, random))
  }
  return drawn.slice(0, count)
}
