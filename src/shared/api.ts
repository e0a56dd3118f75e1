/**
 * @file The contract between a window (or a script, or the command line) and the backend: methods (`requests.ts`,
 * `answers.ts`) and events. Three transports carry it: IPC, HTTP, a direct call.
 */
import type { ImageRow, InferenceStatus, Response } from './answers'
import type { Method, Request } from './requests'
import type { EpochRow, TrainingProgress, TrainingRun } from './training'

export interface JobProgress {
  job: string
  /** What is being done, as a method name: `dataset.export`, … */
  method: Method
  done: number
  total: number
}

/** News from the backend; a window applies them to what it shows. */
export interface Events {
  /** Another folder is open, or none: whoever shows the one before asks which. */
  'workspace.changed': Record<never, never>
  /** Found while scanning; ids are new to the window. */
  'images.added': { rows: ImageRow[] }
  'images.changed': { rows: ImageRow[] }
  /** The scan's progress; `done` on its last. */
  'workspace.scan': { images: number; done: boolean }
  /** This image's masks changed, by a hand in some window, a prediction or an import: whoever did not do it reads them again. */
  'masks.changed': { image: number; face: number; revision: number }
  'inference.status': InferenceStatus
  /** A model was added, or a download began or ended: read the lists again. */
  'models.changed': Record<never, never>
  'job.progress': JobProgress
  /** A run began, changed its state or ended. */
  'training.changed': TrainingRun
  'training.removed': { run: number }
  'training.progress': TrainingProgress
  'training.epoch': { run: number; row: EpochRow; isBest: boolean }
  /** A sentence to the user that belongs to no call. */
  notice: { level: 'info' | 'warning' | 'error'; message: string }
}
export type EventName = keyof Events

/** One side of a transport: what a window, a script or a test talks to. */
export interface Api {
  call<M extends Method>(method: M, request: Request<M>): Promise<Response<M>>
  /** Returns a function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
}
