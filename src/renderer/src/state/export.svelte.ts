/** @file An export: what the dialog asks for, how far it is, and what came out. */
import type { ExportSummary } from '../../../shared/answers'
import type { Checked } from '../../../shared/requests'
import type { Backend } from '../backend'
import type { Jobs } from './jobs.svelte'

type ExportRequest = Checked<'dataset.export'>
/** A path from the root, of POSIX or of Windows. */
const ABSOLUTE = /^(\/|\\\\|[a-z]:[\\/])/i
export const SIDE_LIMITS = { min: 16, max: 8192 } as const

export class ExportState {
  out = $state('')
  only: ExportRequest['only'] = $state('corrected')
  format: ExportRequest['format'] = $state('celebamask-hq')
  order: ExportRequest['order'] = $state('segface')
  /** Side in pixels; null keeps each image's own. */
  size: number | null = $state(null)
  summary: ExportSummary | null = $state.raw(null)
  job: string | null = $state(null)

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  readonly progress = $derived.by(() => this.jobs.progress(this.job))
  /** What is typed would lie wherever the backend was started: a window asks for a whole path. */
  readonly isRelative = $derived(this.out.trim() !== '' && !ABSOLUTE.test(this.out.trim()))
  readonly isWrongSize = $derived(
    this.size !== null &&
      !(Number.isInteger(this.size) && this.size >= SIDE_LIMITS.min && this.size <= SIDE_LIMITS.max),
  )
  readonly ready = $derived(
    this.out.trim() !== '' && !this.isRelative && !this.isWrongSize && this.job === null,
  )

  /** Forgets the last export and proposes a folder beside the workspace. */
  propose(workspace: string): void {
    this.out = `${workspace.replace(/[\\/]+$/, '')}-export`
    this.summary = null
  }

  async start(): Promise<void> {
    const job = this.jobs.begin()
    this.job = job
    this.summary = null
    try {
      this.summary = await this.backend.call('dataset.export', {
        folder: null,
        out: this.out.trim(),
        only: this.only,
        format: this.format,
        order: this.order,
        ...(this.size === null ? {} : { size: this.size }),
        job,
      })
    } finally {
      this.job = null
      this.jobs.end(job)
    }
  }

  async cancel(): Promise<void> {
    if (this.job !== null) await this.jobs.cancel(this.job)
  }
}
