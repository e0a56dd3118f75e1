/** @file The app without a door: joins every domain's handlers into one table, checks each request, tells events. */
import type { Response } from '../../shared/answers'
import type { Api, EventName, Events } from '../../shared/api'
import { isOfFolder, REQUESTS, type Checked, type Method, type Request } from '../../shared/requests'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { Loudspeaker } from '../base/events'
import { problemOf } from './expected'
import { datasetHandlers } from './datasets'
import type { Deps } from './deps'
import { diagnosisHandlers } from './diagnosis'
import { downloadHandlers } from './downloads'
import { folderHandlers } from './folders'
import { imageHandlers } from './images'
import { Inference, inferenceHandlers } from './inference'
import { jobHandlers, Jobs } from './jobs'
import { maskHandlers } from './masks'
import { mediaFor, type Media } from './media'
import { modelFileHandlers } from './model_files'
import { modelHandlers } from './models'
import { predictFilesHandlers } from './predict_files'
import { precisionHandlers, Precisions } from './precision'
import { Providers } from './providers'
import { openSettings, settingsHandlers } from './settings'
import { testHandlers } from './test_run'
import { Registry } from '../models/registry'
import { trainingCommands } from './training/command'
import { Training, trainingHandlers } from './training/training'
import { Uploads } from './uploads'
import { WorkspaceHolder, workspaceHandlers } from './workspace'

/** One handler per method; what it receives has been checked. */
export type Handlers = { [M in Method]: (request: Checked<M>) => Response<M> | Promise<Response<M>> }

/** What handlers share. */
export interface Context {
  readonly deps: Deps
  readonly events: Loudspeaker<Events>
  readonly settings: ReturnType<typeof openSettings>
  readonly registry: Registry
  readonly providers: Providers
  readonly precisions: Precisions
  readonly jobs: Jobs
  readonly workspace: WorkspaceHolder
  readonly inference: Inference
  readonly uploads: Uploads
  readonly training: Training
}

export interface App extends Api {
  /**
   * `shown` is the folder that the caller has before its eyes, where it has one. Throws `conflict` where another is open by now
   * and the method speaks of what is in it: an image's number would mean another photo.
   */
  call<M extends Method>(method: M, request: Request<M>, shown?: string): Promise<Response<M>>
  /** Hears every event, for a door that passes them all on. */
  onAny(listener: (event: EventName, payload: Events[EventName]) => void): () => void
  /** A picture for the window; see media.ts. */
  media(kind: string, image: number): Promise<Media>
  /** Takes a file from a window that knows no paths; answers where it is now. */
  receive(name: string, bytes: AsyncIterable<Uint8Array>, size: number | null): Promise<string>
  /** Deletes such a file that is not wanted any more; any other is left alone. */
  discard(path: string): Promise<void>
  /** Stores what is pending, ends the engine, closes the workspace. */
  dispose(): Promise<void>
}

export const EVENT_NAMES: readonly EventName[] = [
  'workspace.changed',
  'images.added',
  'images.changed',
  'workspace.scan',
  'masks.changed',
  'inference.status',
  'models.changed',
  'job.progress',
  'training.changed',
  'training.removed',
  'training.progress',
  'training.epoch',
  'notice',
]

/** Builds the app. Nothing is opened or started before the first call that needs it. */
export function createApp(deps: Deps): App {
  const events = new Loudspeaker<Events>()
  const settings = openSettings(deps.paths.dataDir, events)
  const registry = new Registry(deps.paths)
  const providers = new Providers(deps, events)
  const precisions = new Precisions(deps.paths, events)
  const jobs = new Jobs(events)
  const workspace = new WorkspaceHolder(deps.paths, events)
  const inference = new Inference({ deps, events, settings, registry, providers, precisions, workspace })
  const uploads = new Uploads(deps.paths.dataDir)
  const models = { registry, providers, precisions, inference }
  const shared = { deps, events, settings, jobs, workspace, uploads, ...models }
  const context: Context = { ...shared, training: new Training(shared) }
  const handlers: Handlers = join(
    folderHandlers(context),
    settingsHandlers(context),
    jobHandlers(context),
    workspaceHandlers(context),
    imageHandlers(context),
    maskHandlers(context),
    inferenceHandlers(context),
    predictFilesHandlers(context),
    testHandlers(context),
    modelHandlers(context),
    modelFileHandlers(context),
    precisionHandlers(context),
    downloadHandlers(context),
    datasetHandlers(context),
    diagnosisHandlers(context),
    trainingHandlers(context),
    trainingCommands(context),
  )
  return {
    async call<M extends Method>(method: M, request: Request<M>, shown?: string): Promise<Response<M>> {
      const open = workspace.current?.path
      if (shown !== undefined && open !== shown && isOfFolder(method))
        throw new FacetError('conflict', noteOf('otherFolder', { folder: shown }), { folder: shown })
      const handle = handlers[method] as (request: Checked<M>) => Response<M> | Promise<Response<M>>
      return handle(checkRequest(method, request))
    },
    on: (event, listener) => events.on(event, listener),
    onAny(listener) {
      const ends = EVENT_NAMES.map((event) => events.on(event, (payload) => listener(event, payload)))
      return () => ends.forEach((end) => end())
    },
    media: (kind, image) => mediaFor(context, kind, image),
    receive: (name, bytes, size) => uploads.receive(name, bytes, size),
    discard: (path) => uploads.discard(path),
    async dispose() {
      inference.close()
      jobs.cancelAll()
      await workspace.close()
    },
  }
}

/** The request with defaults filled in. Throws `request/unknown-method` or `request/invalid`, naming the field. */
function checkRequest<M extends Method>(method: M, request: unknown): Checked<M> {
  if (!Object.hasOwn(REQUESTS, method)) {
    throw new FacetError('request/unknown-method', `There is no method ${JSON.stringify(String(method))}.`)
  }
  const result = REQUESTS[method].safeParse(request)
  if (!result.success) {
    const [issue] = result.error.issues
    const where = issue?.path.join('.') || 'the request'
    const problem = issue ? problemOf(issue, valueAt(request, issue.path)) : 'not understood'
    throw new FacetError('request/invalid', `${where}: ${problem}.`, { method, field: where })
  }
  return result.data as Checked<M>
}

function valueAt(request: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], request)
}

/** One table of all; two handlers for one method are a mistake of ours. */
function join<const T extends readonly object[]>(...tables: T): Intersect<T> {
  const all: Record<string, unknown> = {}
  for (const table of tables) {
    for (const [method, handler] of Object.entries(table)) {
      if (Object.hasOwn(all, method)) throw new Error(`internal: ${method} has two handlers`)
      all[method] = handler
    }
  }
  return all as Intersect<T>
}

type Intersect<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Tail]
  ? Head & Intersect<Tail>
  : unknown
