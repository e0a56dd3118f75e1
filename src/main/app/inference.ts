/**
 * @file Predicting what the window shows, and ahead of it: which image next, by which model on which provider; results
 * become revisions. The engine does the work; hand-made parts are never touched.
 */
import type { ConfidenceMap, InferenceStatus } from '../../shared/answers'
import type { Events } from '../../shared/api'
import type { Checked } from '../../shared/requests'
import type { Provider } from '../../shared/terms'
import { FacetError, toWire, type WireError } from '../../shared/errors'
import type { Loudspeaker } from '../base/events'
import { median } from '../base/quantile'
import { EngineClient } from '../engine/client'
import type { NetworkRef } from '../engine/protocol'
import { networkOf, partsOfModel, type Registry } from '../models/registry'
import type { Context, Handlers } from './app'
import type { Deps } from './deps'
import { engineOptions } from './engine'
import { distrusts, isProvidersFault } from './on_provider'
import type { Precisions } from './precision'
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
  readonly precisions: Precisions
  readonly workspace: WorkspaceHolder
}

/** Milliseconds of the latest predictions that the shown median is of. */
const TIMED = 9
/** Revisions looked at for the model that predicted last; in a predicted face, one of the newest. */
const LOOK_BACK = 50
const ASKED = 0
const WANTED = 1

interface Choice {
  readonly network: NetworkRef & { id: string }
  readonly name: string
  /** Bits of the parts that the model can make. */
  readonly parts: number
  readonly provider: Provider
  readonly why: string
}

export class Inference {
  readonly engine: EngineClient
  readonly #parts: Parts
  readonly #closing = new AbortController()
  /** What is on screen and what comes next, in order, without what was begun. */
  #wanted: number[] = []
  #isWorking = false
  #begun = 0
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
    problemImage: null,
  }

  constructor(parts: Parts) {
    this.#parts = parts
    this.engine = new EngineClient({
      ...engineOptions(parts.deps.paths),
      onRestart: (message) => parts.events.emit('notice', { level: 'warning', message }),
    })
    parts.settings.onChoice(() => this.reconsider())
    // What went wrong with an image of another folder says nothing of this one.
    parts.events.on('workspace.changed', () => {
      if (this.#status.state !== 'failed') this.#tell({ problem: null, problemImage: null })
    })
  }

  get status(): InferenceStatus {
    return this.#status
  }

  /**
   * Predicts `current` first, then `next` in order. What was wanted before and is not any more is dropped, except the one
   * in work, which is finished.
   */
  want({ current, next }: Checked<'inference.want'>): void {
    const { settings } = this.#parts
    this.#wanted = settings.current.autoPredict ? [...(current === null ? [] : [current]), ...next] : []
    if (!this.#isWorking) void this.#work()
  }

  /** Predicts the image again, whatever it holds; parts made by hand stay. Rejects where it fails. */
  async predict(image: number): Promise<void> {
    const problem = await this.#predict(this.#parts.workspace.require(), image, ASKED, true)
    if (problem) throw problem
  }

  /** How sure the model is of each pixel of the image, which stays as it is. */
  async confidenceOf(image: number): Promise<ConfidenceMap> {
    const workspace = this.#parts.workspace.require()
    const { network, provider } = await this.choose()
    const { name, grid } = await workspace.faceOf(image)
    const request = { network, provider, picture: workspace.fileOf(name), grid }
    const { confidence } = await this.engine.submit('confidence', request, {
      priority: ASKED,
      signal: this.#closing.signal,
    })
    return { ...grid, confidence }
  }

  /** Settings, or what is known of this computer, changed: model and provider are looked up anew at the next prediction. */
  reconsider(): void {
    this.#choice = null
    this.#times = []
    this.#tell({ ms: null, problem: null })
  }

  close(): void {
    this.#wanted = []
    this.#closing.abort()
    this.engine.close()
  }

  /**
   * The model of the settings, on a provider. The first time, the processor serves while the others are tried; a provider that
   * the settings name is tried before it is used.
   */
  choose(): Promise<Choice> {
    if (this.#choice) return this.#choice
    const isKept = (): boolean => this.#choice === kept
    const kept = this.#find(isKept).then(
      (choice) => {
        if (isKept()) this.#tellOf(choice)
        return choice
      },
      (error: unknown) => {
        if (isKept()) this.#choice = null
        throw error
      },
    )
    this.#choice = kept
    return kept
  }

  /** Corrects the choice after the trial of the other providers, where `isKept` says that it is still this one. */
  async #find(isKept: () => boolean): Promise<Choice> {
    const { settings, registry, providers } = this.#parts
    this.#tell({ state: 'loading' })
    const model = await registry.find(settings.current.model)
    const network = networkOf(model)
    const name = model.manifest.name
    const parts = partsOfModel(model)
    const on = (provider: Provider, why: string): Promise<Choice> =>
      this.#inPrecision({ network, name, parts, provider, why })
    const wanted = settings.current.provider
    if (wanted !== 'auto') {
      await providers.choose(network, wanted, this.#closing.signal)
      return on(wanted, `${wanted} was chosen in the settings`)
    }
    const verdict = await providers.remembered(network)
    if (verdict) return on(verdict.chosen, verdict.why)
    const { signal } = this.#closing
    providers.judge(network, { signal }).then(
      async ({ chosen, why }) => {
        const corrected = await on(chosen, why)
        if (!isKept()) return
        if (chosen !== 'cpu') return this.reconsider()
        this.#choice = Promise.resolve(corrected)
        this.#tellOf(corrected)
      },
      (error: unknown) => {
        if (isKept() && !signal.aborted) this.#tell({ problem: toWire(error).message, problemImage: null })
      },
    )
    return on('cpu', 'the other providers are being tried')
  }

  /** The choice, in 8 bits where the user wants them for the model and its check on this computer allows them. */
  async #inPrecision(choice: Choice): Promise<Choice> {
    const { settings, precisions } = this.#parts
    if (choice.provider !== 'cpu' || !settings.current.int8.includes(choice.network.id)) return choice
    const check = await precisions.remembered(choice.network)
    if (!check?.offered) return choice
    return {
      ...choice,
      network: { ...choice.network, precision: 'int8' },
      why: `${choice.why}; in 8 bits, which change ${(100 * check.changed).toFixed(2)} % of the pixels`,
    }
  }

  /** One wish after another; a folder that was opened in between has wishes of its own. */
  async #work(): Promise<void> {
    this.#isWorking = true
    for (let image = this.#wanted.shift(); image !== undefined; image = this.#wanted.shift()) {
      const workspace = this.#parts.workspace.current
      const problem = workspace && (await this.#predict(workspace, image, WANTED, false))
      // What no image can get past is told once, not once for each.
      if (!workspace || problem?.code === 'provider/unusable') this.#wanted = []
    }
    this.#isWorking = false
  }

  /** Answers the error instead of throwing it, so that a wish that nobody waits for cannot be an unhandled rejection. */
  async #predict(
    workspace: Workspace,
    image: number,
    priority: number,
    again: boolean,
  ): Promise<FacetError | null> {
    const isStale = (): boolean => this.#parts.workspace.current !== workspace || this.#closing.signal.aborted
    this.#begun++
    try {
      const choice = await this.choose()
      const face = await workspace.faceOf(image)
      if (!again && !wantsPrediction(workspace.store, image, face.id, choice.network.id)) return null
      const { labels, ms } = await this.engine.submit(
        'predict',
        {
          network: choice.network,
          provider: choice.provider,
          picture: workspace.fileOf(face.name),
          grid: face.grid,
        },
        {
          priority,
          signal: this.#closing.signal,
          onStart: () => this.#tell({ state: 'running', running: image }),
        },
      )
      // Accepted while the engine worked: what a person accepted is what they saw.
      if (isStale() || (!again && workspace.store.image(image).status === 'accepted')) return null
      this.#store(workspace, image, face.id, labels, choice)
      this.#times = [...this.#times, ms].slice(-TIMED)
      this.#tell({ problem: null, ms: median(this.#times) })
      return null
    } catch (error) {
      if (isStale()) return null
      const wire = toWire(error)
      if (await this.#distrusts(wire)) return await this.#predict(workspace, image, priority, again)
      const problemImage = wire.code === 'image/unreadable' ? image : null
      this.#tell({
        problem: wire.message,
        problemImage,
        ...(wire.code === 'provider/unusable' ? { state: 'failed' } : {}),
      })
      return new FacetError(wire.code, wire.message, wire.details)
    } finally {
      this.#begun--
      const isIdle = this.#begun === 0 && this.#wanted.length === 0 && this.#status.state !== 'failed'
      this.#tell({
        ...(isIdle ? { state: 'ready' } : {}),
        ...(this.#status.running === image ? { running: null } : {}),
      })
    }
  }

  /** True where the error is the provider's fault and it was not the user who chose it: another is used from now on. */
  async #distrusts(error: WireError): Promise<boolean> {
    if (!isProvidersFault(error)) return false
    const choice = await this.choose().catch(() => null)
    const wanted = this.#parts.settings.current.provider
    if (!choice || !(await distrusts(this.#parts, choice.network, wanted, choice.provider, error)))
      return false
    this.reconsider()
    return true
  }

  #store(workspace: Workspace, image: number, face: number, labels: Uint8Array, choice: Choice): void {
    const { network, parts } = choice
    const state = workspace.store.writePrediction({ face, labels, parts, model: network.id })
    this.#parts.events.emit('images.changed', { rows: workspace.store.rows([image]) })
    this.#parts.events.emit('masks.changed', { image, face, revision: state.revision })
  }

  #tellOf({ name: model, provider, why }: Choice): void {
    this.#tell({ model, provider, why })
  }

  #tell(change: Partial<InferenceStatus>): void {
    this.#status = { ...this.#status, ...change, queued: this.#wanted.length }
    this.#parts.events.emit('inference.status', this.#status)
  }
}

/**
 * True for a face that never had masks, and for one that another model predicted and no hand has touched. What a person
 * accepted is left as it was accepted, even without masks.
 */
function wantsPrediction(store: Store, image: number, face: number, model: string): boolean {
  const { status } = store.image(image)
  if (status === 'accepted') return false
  const revisions = store.history(face, LOOK_BACK)
  if (revisions.length === 0) return true
  const predicted = revisions.find((revision) => revision.kind === 'prediction')
  return status === 'predicted' && predicted?.model !== model
}

export function inferenceHandlers({
  inference,
}: Context): Pick<
  Handlers,
  'inference.want' | 'inference.predict' | 'inference.confidence' | 'inference.status'
> {
  return {
    'inference.want'(request) {
      inference.want(request)
      return null
    },
    async 'inference.predict'({ image }) {
      await inference.predict(image)
      return null
    },
    'inference.confidence': ({ image }) => inference.confidenceOf(image),
    'inference.status': () => inference.status,
  }
}
