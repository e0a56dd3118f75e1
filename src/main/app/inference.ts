/**
 * @file Predicting what the window shows, and ahead of it: which image next, by which model on which provider; results
 * become revisions. The engine does the work; hand-made parts are never touched.
 */
import type { Checked, Events, InferenceStatus, Provider } from '../../shared/api'
import { FacetError, toWire } from '../../shared/errors'
import type { Loudspeaker } from '../base/events'
import { EngineClient } from '../engine/client'
import type { NetworkRef } from '../engine/protocol'
import { networkOf, type Registry } from '../models/registry'
import type { Context, Handlers } from './app'
import type { Deps } from './deps'
import { predictFiles } from './predict_files'
import type { Providers } from './providers'
import type { SettingsFile } from './settings'
import type { Store } from '../store/store'
import type { Workspace, WorkspaceHolder } from './workspace'

interface Parts {
  readonly deps: Deps
  readonly events: Loudspeaker<Events>
  readonly settings: SettingsFile
  readonly registry: Registry
  readonly providers: Providers
  readonly workspace: WorkspaceHolder
}

/** Milliseconds of the latest predictions that the shown median is of. */
const TIMED = 9
/** Revisions looked at for the model that predicted last; in a predicted face, one of the newest. */
const LOOK_BACK = 50
const PRIORITY = { asked: 0, onScreen: 1, ahead: 2, batch: 10 } as const

interface Choice {
  readonly network: NetworkRef & { id: string }
  readonly name: string
  readonly provider: Provider
  readonly why: string
}

export class Inference {
  readonly engine: EngineClient
  readonly #parts: Parts
  readonly #waiting = new Map<number, AbortController>()
  #choice: Promise<Choice> | null = null
  #times: number[] = []
  #status: InferenceStatus = {
    state: 'off',
    model: null,
    provider: null,
    why: '',
    ms: null,
    queued: 0,
    running: null,
    problem: null,
  }

  constructor(parts: Parts) {
    this.#parts = parts
    this.engine = new EngineClient({
      entry: parts.deps.paths.engineEntry,
      node: parts.deps.paths.node,
      onRestart: (message) => parts.events.emit('notice', { level: 'warning', message }),
    })
  }

  get status(): InferenceStatus {
    return this.#status
  }

  /** Predicts `current` first, then `next` in order; whatever waited and is no longer wanted is dropped. */
  want({ current, next }: Checked<'inference.want'>): void {
    if (!this.#parts.settings.current.autoPredict) return
    const wanted = [...(current === null ? [] : [current]), ...next]
    for (const [image, controller] of this.#waiting) if (!wanted.includes(image)) controller.abort()
    for (const image of wanted) {
      // Asking again moves an image that waits to its new place.
      this.#waiting.get(image)?.abort()
      void this.#predict(image, image === current ? PRIORITY.onScreen : PRIORITY.ahead, false)
    }
  }

  /** Predicts the image again, whatever it holds; parts made by hand stay. Rejects where it fails. */
  async predict(image: number): Promise<void> {
    this.#waiting.get(image)?.abort()
    const problem = await this.#predict(image, PRIORITY.asked, true)
    if (problem) throw problem
  }

  /** Settings changed: the model and its provider are looked up anew at the next prediction. */
  reconsider(): void {
    this.#choice = null
    this.#times = []
    this.#tell({ ms: null, problem: null })
  }

  close(): void {
    for (const controller of this.#waiting.values()) controller.abort()
    this.engine.close()
  }

  /** The model of the settings, on a provider. The first time, the processor serves while the others are tried. */
  choose(): Promise<Choice> {
    this.#choice ??= this.#find().catch((error: unknown) => {
      this.#choice = null
      throw error
    })
    return this.#choice
  }

  async #find(): Promise<Choice> {
    const { settings, registry, providers } = this.#parts
    this.#tell({ state: 'loading' })
    const model = await registry.find(settings.current.model)
    const network = networkOf(model)
    const name = model.manifest.name
    const wanted = settings.current.provider
    if (wanted !== 'auto')
      return { network, name, provider: wanted, why: `${wanted} was chosen in the settings` }
    const verdict = await providers.remembered(network)
    if (verdict) return { network, name, provider: verdict.chosen, why: verdict.why }
    const trial = providers.judge(network)
    trial.then(
      (found) => {
        if (found.chosen !== 'cpu') this.reconsider()
        else this.#tell({ why: found.why })
      },
      (error: unknown) => this.#tell({ problem: toWire(error).message }),
    )
    return { network, name, provider: 'cpu', why: 'the other providers are being tried' }
  }

  /** Answers the error instead of throwing it, so that a wish that nobody waits for cannot be an unhandled rejection. */
  async #predict(image: number, priority: number, again: boolean): Promise<FacetError | null> {
    const workspace = this.#parts.workspace.current
    if (!workspace) return null
    const controller = new AbortController()
    this.#waiting.set(image, controller)
    try {
      const choice = await this.choose()
      const face = await workspace.faceOf(image)
      if (!again && !wantsPrediction(workspace.store, image, face.id, choice.network.id)) return null
      controller.signal.throwIfAborted()
      this.#tell({
        state: 'running',
        model: choice.name,
        provider: choice.provider,
        why: choice.why,
        running: image,
      })
      const { labels, ms } = await this.engine.submit(
        'predict',
        {
          network: { weights: choice.network.weights, resolution: choice.network.resolution },
          provider: choice.provider,
          picture: workspace.fileOf(face.name),
          grid: face.grid,
        },
        { priority, signal: controller.signal },
      )
      this.#store(workspace, image, face.id, labels, choice)
      this.#times = [...this.#times, ms].slice(-TIMED)
      this.#tell({ problem: null, ms: median(this.#times) })
      return null
    } catch (error) {
      if (controller.signal.aborted) return null
      const wire = toWire(error)
      this.#tell({ problem: wire.message, ...(wire.code === 'provider/unusable' ? { state: 'failed' } : {}) })
      return new FacetError(wire.code, wire.message, wire.details)
    } finally {
      if (this.#waiting.get(image) === controller) this.#waiting.delete(image)
      if (this.#status.state !== 'failed')
        this.#tell(this.#waiting.size === 0 ? { state: 'ready', running: null } : {})
    }
  }

  #store(workspace: Workspace, image: number, face: number, labels: Uint8Array, choice: Choice): void {
    if (this.#parts.workspace.current !== workspace) return
    const state = workspace.store.writePrediction({ face, labels, model: choice.network.id })
    this.#parts.events.emit('images.changed', { rows: workspace.store.rows([image]) })
    this.#parts.events.emit('masks.changed', { image, face, revision: state.revision })
  }

  #tell(change: Partial<InferenceStatus>): void {
    this.#status = { ...this.#status, ...change, queued: this.#waiting.size }
    this.#parts.events.emit('inference.status', this.#status)
  }
}

/** True for a face without masks, and for one that another model predicted and no hand has touched. */
function wantsPrediction(store: Store, image: number, face: number, model: string): boolean {
  const revisions = store.history(face, LOOK_BACK)
  if (revisions.length === 0) return true
  const predicted = revisions.find((revision) => revision.kind === 'prediction')
  return store.image(image).status === 'predicted' && predicted?.model !== model
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which the fraction `q` of `values` lies (nearest rank); 0 for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}

export function inferenceHandlers(
  context: Context,
): Pick<Handlers, 'inference.want' | 'inference.predict' | 'inference.status' | 'predict.files'> {
  const { inference, jobs } = context
  return {
    'inference.want'(request) {
      inference.want(request)
      return null
    },
    async 'inference.predict'({ image }) {
      await inference.predict(image)
      return null
    },
    'inference.status': () => inference.status,
    'predict.files': (request) =>
      jobs.run(request.job, 'predict.files', (work) => predictFiles(context, request, work)),
  }
}
