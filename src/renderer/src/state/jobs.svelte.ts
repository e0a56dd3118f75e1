/** @file Long jobs of this window by their names: how far each is, and ending one early. */
import type { JobProgress } from '../../../shared/api'
import type { Backend } from '../backend'

export interface Progress {
  readonly done: number
  /** 0 until the job knows. */
  readonly total: number
}

export class Jobs {
  private running: Readonly<Record<string, Progress>> = $state.raw({})

  constructor(private readonly backend: Backend) {}

  /** A new job's name, to pass along with its request; or `job`, which runs already, is followed from here on. */
  begin(job: string = crypto.randomUUID()): string {
    this.running = { ...this.running, [job]: { done: 0, total: 0 } }
    return job
  }

  end(job: string): void {
    this.running = Object.fromEntries(Object.entries(this.running).filter(([name]) => name !== job))
  }

  progress(job: string | null): Progress | null {
    return job === null ? null : (this.running[job] ?? null)
  }

  /** News from the backend; jobs of other windows are none of ours. */
  update({ job, done, total }: JobProgress): void {
    if (job in this.running) this.running = { ...this.running, [job]: { done, total } }
  }

  async cancel(job: string): Promise<void> {
    await this.backend.call('jobs.cancel', { job })
  }
}
