/** @file Takes messages about training away once their cause is over: another run in work, or a run that failed. */
import type { TrainingRun } from '../../../shared/training'
import { t } from '../i18n/i18n.svelte'
import type { Toasts } from './toasts.svelte'
import { isActive } from './training.svelte'

export class TrainToasts {
  private wasActive = false
  /** Headlines of the runs that stand still for a failure, by id, in the language that they were told in. */
  private failures: ReadonlyMap<number, string> = new Map()

  constructor(private readonly toasts: Pick<Toasts, 'settle' | 'withdraw'>) {}

  /** How the runs stand now. */
  heed(runs: readonly TrainingRun[]): void {
    const active = runs.some(({ state }) => isActive(state))
    if (this.wasActive && !active) this.toasts.settle('train')
    this.wasActive = active
    const failed = runs.filter(({ state }) => state === 'failed' || state === 'interrupted')
    const now = new Map(
      failed.map(({ id, name }) => [id, this.failures.get(id) ?? t('run.failedTitle', { name })]),
    )
    for (const [id, title] of this.failures) if (!now.has(id)) this.toasts.withdraw(title)
    this.failures = now
  }
}
