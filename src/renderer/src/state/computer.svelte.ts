/** @file This computer: which providers work here and how fast, as the backend finds out on request. */
import type { DoctorReport } from '../../../shared/answers'
import type { Backend } from '../backend'
import type { Jobs, Progress } from './jobs.svelte'

export class Computer {
  report: DoctorReport | null = $state.raw(null)
  private job: string | null = $state(null)

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  /** Of the trial that runs, in providers; null while none does. */
  get progress(): Progress | null {
    return this.jobs.progress(this.job)
  }

  /** What is known already of the model in use. */
  async recall(): Promise<void> {
    const remembered = await this.backend.call('doctor.remembered', {})
    if (this.job === null) this.report = remembered
  }

  /** Tries every provider with the model in use. */
  async run(): Promise<void> {
    const job = this.jobs.begin()
    this.job = job
    try {
      this.report = await this.backend.call('doctor.run', { job })
    } finally {
      this.job = null
      this.jobs.end(job)
    }
  }

  async cancel(): Promise<void> {
    if (this.job !== null) await this.jobs.cancel(this.job)
  }
}
