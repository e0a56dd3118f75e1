/** @file The published checkpoints that can be fetched: how far each is here, starting one, pausing it, going on. */
import type { ModelInfo, PublishedModel } from '../../../shared/answers'
import { toWire } from '../../../shared/errors'
import type { Backend } from '../backend'
import type { Jobs } from './jobs.svelte'

/** `connecting`: it was asked for, and no byte has come yet; `checking`: all bytes are here, and become a model. */
export type DownloadState = 'absent' | 'paused' | 'connecting' | 'running' | 'checking' | 'installed'

export interface Download {
  readonly model: PublishedModel
  readonly state: DownloadState
  /** Bytes that are here. */
  readonly done: number
}

export class Published {
  private list: readonly PublishedModel[] = $state.raw([])
  /** Names of those that this window fetches. */
  private asked: readonly string[] = []

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  readonly downloads: readonly Download[] = $derived(this.list.map((model) => this.stateOf(model)))

  async read(): Promise<void> {
    const before = this.list
    this.list = (await this.backend.call('models.published', {})).models
    // Downloads may have been begun by another window, or by this one before it was loaded again.
    for (const { job } of this.list) if (job !== null && !this.jobs.progress(job)) this.jobs.begin(job)
    const running = this.list.map(({ job }) => job)
    for (const { job } of before) if (job !== null && !running.includes(job)) this.jobs.end(job)
  }

  /** Fetches one, going on where it was paused; answers the model, or null when it is paused again. */
  async start(name: string): Promise<ModelInfo | null> {
    // A second click comes before the list tells of the first.
    if (this.asked.includes(name)) return null
    this.asked = [...this.asked, name]
    const job = this.jobs.begin()
    try {
      return await this.backend.call('models.download', { name, job })
    } catch (error) {
      if (toWire(error).code === 'cancelled') return null
      throw error
    } finally {
      this.asked = this.asked.filter((other) => other !== name)
      this.jobs.end(job)
    }
  }

  /** What is here stays and is gone on from later. */
  async pause({ job }: PublishedModel): Promise<void> {
    if (job !== null) await this.jobs.cancel(job)
  }

  private stateOf(model: PublishedModel): Download {
    const progress = this.jobs.progress(model.job)
    const done = Math.max(progress?.done ?? 0, model.fetched)
    if (model.installed !== null) return { model, state: 'installed', done }
    if (model.job === null) return { model, state: model.fetched > 0 ? 'paused' : 'absent', done }
    if (progress === null || progress.total === 0) return { model, state: 'connecting', done }
    return { model, state: progress.done >= progress.total ? 'checking' : 'running', done }
  }
}
