/** @file How far a model is on its way in, in words. */
import { formatPercent } from '../i18n/format'
import { formatNumber, t } from '../i18n/i18n.svelte'
import type { IntakeStage } from '../state/intake.svelte'
import type { Progress } from '../state/jobs.svelte'

/** Below it whole megabytes tell too little. */
const SMALL = 1e7

/**
 * Megabytes while the file is handed over; then a share, since a checkpoint's import counts tensors and an ONNX file's bytes.
 * Empty while nothing is known.
 */
export function progressText(stage: IntakeStage, { done, total }: Progress): string {
  if (total === 0) return ''
  if (stage !== 'sending') return formatPercent(Math.min(1, done / total))
  const mega = (bytes: number): string => formatNumber(bytes / 1e6, total < SMALL ? 1 : 0)
  return t('download.progress', { done: mega(done), total: mega(total) })
}
