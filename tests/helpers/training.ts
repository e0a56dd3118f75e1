/** @file A training run to store. */
import type { NewRun } from '../../src/main/store/runs/runs'
import type { TrainSettings } from '../../src/shared/training'

export const DEFAULT_TRAIN_SETTINGS: TrainSettings = {
  scope: 'full',
  epochs: 20,
  lr: 3e-4,
  lr_schedule: null,
  lr_schedule_gamma: 0.1,
  weight_decay: 1e-5,
  train_bs: 4,
  input_resolution: 256,
  seed: 0,
  flip: true,
  rotation: 5,
  scale: 0.05,
  colour: 0.3,
  early_stopping: 0,
  ema: 0.98,
  dice_present: true,
  repeat_rare: true,
  preserve: 'none',
  adapt_norms: 0,
  time_limit: null,
}

export function newRun(name: string): NewRun {
  return {
    name,
    base: 'base',
    arch: 'mobilenet',
    provider: 'cpu',
    dataset: '/faces',
    settings: DEFAULT_TRAIN_SETTINGS,
    notes: ['all is well'],
    images: { train: 3, val: 1 },
  }
}
