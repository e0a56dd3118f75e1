/** @file Long work: its progress told as events, a few times a second, and its cancelling by the caller's job name. */
import type { Events } from '../../shared/api'
import type { Method } from '../../shared/requests'
import { cancelled, FacetError } from '../../shared/errors'
import type { Loudspeaker } from '../base/events'
import type { Context, Handlers } from './app'

/** Progress events closer than this are dropped, except the last. */
const MIN_INTERVAL_MS = 100

export interface Work {
  readonly signal: AbortSignal
  progress(done: number, total: number): void
}

export class Jobs {
  readonly #controllers = new Map<string, AbortController>()

  constructor(readonly events: Loudspeaker<Events>) {}

  /** Runs `work` under the caller's name `job`; without a name nobody can ask about it, so it runs all the same. */
  async run<T>(job: string | undefined, method: Method, work: (work: Work) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    if (job !== undefined) {
      if (this.#controllers.has(job))
        throw new FacetError('conflict', `A job named ${JSON.stringify(job)} is running already.`)
      this.#controllers.set(job, controller)
    }
    let told = 0
    try {
      return await work({
        signal: controller.signal,
        progress: (done, total) => {
          const now = Date.now()
          if (job === undefined || (done < total && now - told < MIN_INTERVAL_MS)) return
          told = now
          this.events.emit('job.progress', { job, method, done, total })
        },
      })
    } catch (error) {
      if (controller.signal.aborted) throw cancelled()
      throw error
    } finally {
      if (job !== undefined) this.#controllers.delete(job)
    }
  }

  /** True where such a job was running. */
  cancel(job: string): boolean {
    const controller = this.#controllers.get(job)
    controller?.abort()
    return controller !== undefined
  }

  cancelAll(): void {
    for (const controller of this.#controllers.values()) controller.abort()
  }
}

export function jobHandlers({ jobs }: Context): Pick<Handlers, 'jobs.cancel'> {
  return { 'jobs.cancel': ({ job }) => ({ cancelled: jobs.cancel(job) }) }
}
