/** @file What a run came to, as far as its row does not say it: why it ended early, and at which side it was scored. */
import type { ModelInfo } from '../../../shared/answers'
import type { TrainingRun } from '../../../shared/training'

/** Why a run that is done ended before its last epoch; null for one that did not. */
export function earlyEndOf({ state, settings, epochs, bestEpoch }: TrainingRun): 'time' | 'stalled' | null {
  const last = epochs.at(-1)
  if (state !== 'done' || !last || last.epoch >= settings.epochs) return null
  const { time_limit, early_stopping } = settings
  const waited = last.epoch - (bestEpoch ?? last.epoch)
  const isStalled = early_stopping > 0 && waited >= early_stopping
  // A run ends a little before its limit, so that its last look fits.
  if (time_limit !== null && (!isStalled || last.seconds >= time_limit)) return 'time'
  return isStalled ? 'stalled' : null
}

/**
 * The sides in pixels that the curves are measured at and that the base model is used at, where they differ; null where the
 * curves tell what the base model does. `made`: what came of the run, which knows what memory left of its settings.
 */
export function sidesOf(
  { settings }: TrainingRun,
  base: Pick<ModelInfo, 'resolution'> | null,
  made: Pick<ModelInfo, 'resolution'> | null,
): { readonly scored: number; readonly own: number } | null {
  const scored = made?.resolution ?? settings.input_resolution
  return base === null || base.resolution === scored ? null : { scored, own: base.resolution }
}
