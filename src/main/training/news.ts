/** @file What a training run tells while it works, what it may be asked, and how it ends. */
import type { EpochRow, TrainingProgress } from '../../shared/training'

export type TrainNews =
  | { kind: 'progress'; progress: Omit<TrainingProgress, 'run'> }
  /** Each epoch when it ends; of a resumed run first those before, without previews. */
  | { kind: 'epoch'; row: EpochRow; isBest: boolean; previews: Preview[] }
  /** A sentence for the user: the batch was made smaller, the loss was not a number, … */
  | { kind: 'note'; message: string }

/** One of the plan's preview faces, as the network saw it: one class a pixel [R, R]. */
export interface Preview {
  /** Position in the plan's samples. */
  sample: number
  labels: Uint8Array
}

/**
 * `pause` writes a checkpoint and ends the job; `cancel` ends it and keeps the best so far, before the first look at
 * validation faces the averaged weights as they stand.
 */
export type Control = 'pause' | 'cancel'

export interface TrainEnd {
  end: 'done' | 'paused' | 'cancelled'
  epochs: EpochRow[]
  /** Optimiser steps done, over all starts. */
  steps: number
  /** Epoch of the weights that are kept; null where there are none. */
  bestEpoch: number | null
}

/** The run's line to whoever waits for it. */
export interface Talk {
  tell(news: TrainNews): void
  /** What it was asked to do since it began; looked at between steps. */
  asked(): Control | null
}
