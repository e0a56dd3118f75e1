/** @file Where an earlier process left a run, told in the steps of this one: memory may hold only smaller ones by now. */
import type { TrainSettings } from '../../shared/training'
import type { Plan } from './plan'
import { scheduleOf, type Schedule } from './schedule'
import { readState, type RunState } from './state'

/**
 * The state of the checkpoint in `folder` for steps of `batch` faces; null where there is none. Where its steps were of
 * another number, its place in the epoch stays and the count of steps changes. Throws a checkpoint error for a damaged file.
 */
export async function resumedState(folder: string, plan: Plan, batch: number): Promise<RunState | null> {
  const state = await readState(folder)
  if (state === null) return null
  // Checkpoints of before the size was kept are taken for those of the plan as it is now.
  const before = scheduleFor(plan, state.size?.batch ?? batch).stepsPerEpoch
  const now = scheduleFor(plan, batch).stepsPerEpoch
  const part = Math.floor(((state.step % before) * now) / before)
  return { ...state, step: Math.floor(state.step / before) * now + part }
}

/** How the plan is cut into steps of `batch` faces. */
export function scheduleFor(plan: Plan, batch: number): Schedule {
  const faces = plan.samples.filter(({ use }) => use === 'train').length
  return scheduleOf({ ...plan.settings, train_bs: batch, preserve: preserveOf(plan, batch) }, faces)
}

/** Replays are mixed in only where there are some, and room in a batch beside a new face. */
export function preserveOf({ settings, samples }: Plan, batch: number): TrainSettings['preserve'] {
  return batch > 1 && samples.some(({ use }) => use === 'replay') ? settings.preserve : 'none'
}
