/** @file The gate: two models held against each other before one replaces the other, and taking all, some or nothing. */
import type { ModelInfo } from '../../../shared/answers'
import { toWire } from '../../../shared/errors'
import type { PartName } from '../../../shared/labels'
import type { ModelComparison } from '../../../shared/training'
import type { Backend } from '../backend'
import { differencesOf } from './differences'
import type { Jobs, Progress } from './jobs.svelte'

export interface Pair {
  readonly baseline: string
  readonly candidate: string
  readonly run: number
}

export class Gate {
  comparison: ModelComparison | null = $state.raw(null)
  /** Why there is none, in a sentence. */
  problem: string | null = $state(null)
  /** Parts to take from the candidate; null while all or nothing is taken. */
  ticked: readonly PartName[] | null = $state.raw(null)
  /** While a model is made or promoted. */
  deciding = $state(false)
  private job: string | null = $state(null)
  private pair: Pair | null = null

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  get comparing(): boolean {
    return this.job !== null
  }

  /** Faces scored so far; null while nothing is compared. */
  get progress(): Progress | null {
    return this.jobs.progress(this.job)
  }

  /** Compares two models, unless these were compared last; another comparison in work is given up. */
  async compare(pair: Pair): Promise<void> {
    if (samePair(pair, this.pair)) return
    this.clear()
    this.pair = pair
    const job = this.jobs.begin()
    this.job = job
    try {
      const comparison = await this.backend.call('models.compare', { ...pair, job })
      if (this.job === job) this.comparison = comparison
    } catch (error) {
      const { code, message } = toWire(error)
      if (this.job === job) {
        this.pair = null
        if (code !== 'cancelled') this.problem = message
      }
    } finally {
      if (this.job === job) this.job = null
      this.jobs.end(job)
    }
  }

  /** Forgets the comparison; one in work is given up. */
  clear(): void {
    const { job } = this
    this.job = this.pair = this.comparison = this.problem = this.ticked = null
    if (job !== null) this.jobs.cancel(job).catch(() => undefined) // it ended by itself
  }

  /** Begins to choose parts: those that got better are ticked. */
  choose(): void {
    if (!this.comparison) return
    this.ticked = differencesOf(this.comparison).flatMap(({ part, trend }) =>
      trend === 'better' ? [part] : [],
    )
  }

  toggle(part: PartName): void {
    const { ticked } = this
    if (ticked)
      this.ticked = ticked.includes(part) ? ticked.filter((other) => other !== part) : [...ticked, part]
  }

  /** Makes the candidate, or the mix of both where parts are chosen, the model that predicts. */
  async promote({ baseline, candidate }: Pair, mixName: string): Promise<ModelInfo> {
    this.deciding = true
    try {
      const { ticked } = this
      const chosen =
        ticked === null
          ? candidate
          : (
              await this.backend.call('models.mix', {
                base: baseline,
                other: candidate,
                parts: [...ticked],
                name: mixName,
              })
            ).id
      const { model } = await this.backend.call('models.promote', { model: chosen })
      this.ticked = null
      return model
    } finally {
      this.deciding = false
    }
  }
}

function samePair(a: Pair, b: Pair | null): boolean {
  return b !== null && a.baseline === b.baseline && a.candidate === b.candidate && a.run === b.run
}
