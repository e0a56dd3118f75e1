/** @file 8 bits for a model: what they gain and change, as the backend finds out on request, and whether they are used. */
import type { PrecisionCheck } from '../../../shared/answers'
import type { Backend } from '../backend'
import type { Jobs } from './jobs.svelte'
import type { SettingsState } from './settings.svelte'

interface Found {
  readonly model: string
  /** False for a model of convolutions, which 8 bits leave as it is. */
  readonly gains: boolean
  readonly check: PrecisionCheck | null
}

export class PrecisionState {
  private found: Found | null = $state.raw(null)
  private running: { readonly model: string; readonly job: string } | null = $state.raw(null)

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
    private readonly settings: SettingsState,
  ) {}

  /** What is known of a model, or null before the backend said anything. */
  of(model: string): Found | null {
    return this.found?.model === model ? this.found : null
  }

  isRunning(model: string): boolean {
    return this.running?.model === model
  }

  /** Whether it computes in 8 bits: the settings ask for them, and what was found out allows them. */
  isUsed(model: string): boolean {
    return this.settings.value.int8.includes(model) && this.of(model)?.check?.offered === true
  }

  /** What was found out before. */
  async recall(model: string): Promise<void> {
    this.found = { model, ...(await this.backend.call('models.precision', { model, check: false })) }
  }

  /** Holds the model in 8 bits against its floats, on pictures of the open workspace. */
  async check(model: string): Promise<void> {
    const job = this.jobs.begin()
    this.running = { model, job }
    try {
      this.found = { model, ...(await this.backend.call('models.precision', { model, check: true, job })) }
    } finally {
      this.running = null
      this.jobs.end(job)
    }
  }

  async cancel(): Promise<void> {
    if (this.running) await this.jobs.cancel(this.running.job)
  }

  /** From the next prediction on. */
  async use(model: string, on: boolean): Promise<void> {
    const others = this.settings.value.int8.filter((id) => id !== model)
    await this.settings.write({ int8: on ? [...others, model] : others })
  }
}
