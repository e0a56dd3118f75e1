/** @file What the window is doing: the open workspace, the image on the canvas, and what each command of the user does. */
import type { ImageRow, InferenceStatus, WorkspaceInfo } from '../../../shared/answers'
import { PART_INDEX, PART_NAMES, type PartName } from '../../../shared/labels'
import type { Provider } from '../../../shared/terms'
import type { TrainingRun } from '../../../shared/training'
import type { LinkedBackend } from '../backend'
import { t } from '../i18n/i18n.svelte'
import { EditorState } from './editor.svelte'
import { ExportState } from './export.svelte'
import { FolderPicker } from './folders.svelte'
import { Computer } from './computer.svelte'
import type { Pair } from './gate.svelte'
import { Intake } from './intake.svelte'
import { Jobs } from './jobs.svelte'
import { ImageList } from './list.svelte'
import { Marks } from './marks'
import { Models } from './models.svelte'
import { Published } from './published.svelte'
import { PrecisionState } from './precision.svelte'
import { SettingsState } from './settings.svelte'
import type { Shortcut } from './shortcuts'
import { Toasts, type Action } from './toasts.svelte'
import { isActive, Training } from './training.svelte'

/** What fills the window while a workspace is open. */
export type PageName = 'images' | 'train'
export type DialogName = 'export' | 'shortcuts' | 'models'
/** How many images are predicted ahead of the shown one. */
const PREDICT_AHEAD = 4
/** What nobody has worked on; the backend leaves out what the model in use has predicted. */
const PREDICTABLE = ['untouched', 'predicted'] as const

export class Session {
  readonly list = new ImageList()
  readonly toasts = new Toasts()
  readonly editor: EditorState
  readonly jobs: Jobs
  readonly settings: SettingsState
  readonly models: Models
  readonly intake: Intake
  readonly published: Published
  readonly computer: Computer
  readonly precision: PrecisionState
  readonly folders: FolderPicker
  readonly export: ExportState
  readonly training: Training
  readonly marks: Marks

  /** False until the backend told what to show first. */
  ready = $state(false)
  opening = $state(false)
  workspace: WorkspaceInfo | null = $state.raw(null)
  inference: InferenceStatus | null = $state.raw(null)
  /** Those that are worth trying on the backend's platform. */
  providers: readonly Provider[] = $state.raw([])
  /** False while the backend does not answer. */
  linked = $state(true)
  #page: PageName = $state('images')
  dialog: DialogName | null = $state(null)
  settingsOpen = $state(false)
  /** The backend said that another folder is open, which was not looked at yet. */
  private isElsewhere = false
  /** The scan's last news; it may come before the answer that opens the workspace. */
  private scan: Pick<WorkspaceInfo, 'images' | 'scanning'> | null = null

  constructor(readonly backend: LinkedBackend) {
    this.editor = new EditorState(backend)
    this.jobs = new Jobs(backend)
    this.settings = new SettingsState(backend)
    this.models = new Models(backend)
    this.intake = new Intake(backend, this.jobs)
    this.published = new Published(backend, this.jobs)
    this.computer = new Computer(backend, this.jobs)
    this.precision = new PrecisionState(backend, this.jobs, this.settings)
    this.folders = new FolderPicker(backend)
    this.export = new ExportState(backend, this.jobs)
    this.training = new Training(backend, this.jobs, () => this.models.list.map(({ name }) => name))
    this.marks = new Marks(
      backend,
      this.list,
      this.editor,
      (work) => this.attempt(work),
      () => this.refuseUnseen(),
    )
    this.editor.part = PART_INDEX.skin
    this.editor.onStored = (state, image) => this.list.setStatus(image, state.status)
  }

  /** Listens to the backend and shows what is open there. */
  start(systemLanguages: readonly string[]): void {
    this.listen()
    this.attempt(async () => {
      const info = await this.backend.call('app.info', {})
      this.providers = info.providers
      await this.settings.read(systemLanguages.length > 0 ? systemLanguages : [info.language])
      const workspace = await this.backend.call('workspace.current', {})
      if (workspace) await this.enter(workspace)
      this.ready = true
      if (this.isElsewhere) this.follow()
      await this.models.read()
      this.inference = await this.backend.call('inference.status', {})
    })
  }

  get page(): PageName {
    return this.#page
  }

  /** Turns to a page; errors of the other one are left behind. */
  set page(page: PageName) {
    if (page !== this.#page) this.toasts.dropErrors()
    this.#page = page
  }

  /** Runs what may fail; its error becomes a message on screen, which goes when the same `action` goes well. */
  attempt(work: () => Promise<void>, action: Action | null = null): void {
    // What went wrong the last time lies over what comes now.
    if (action) this.toasts.settle(action)
    work().then(
      () => action && this.toasts.settle(action),
      (error: unknown) => this.toasts.fail(error, action),
    )
  }

  inScope({ scope, group }: Pick<Shortcut, 'scope' | 'group'>): boolean {
    if (this.dialog !== null || this.folders.open || this.intake.name !== null) return false
    if (scope === 'always') return true
    if (this.page !== 'images' && group !== 'app') return false
    return scope === 'workspace' ? this.workspace !== null : this.editor.image !== null
  }

  openDialog(name: DialogName): void {
    if (name === 'export' && this.workspace && this.export.job === null)
      this.export.propose(this.workspace.path)
    this.dialog = name
  }

  showModels(): void {
    this.settingsOpen = false
    this.openDialog('models')
    this.readModels()
  }

  /** Shows one model's details. */
  showModel(id: string): void {
    this.models.chosen = id
    this.models.page = 'installed'
    this.showModels()
  }

  /** Takes models in, one after the other, from dropped or picked files or by their paths, and shows the last. */
  importModels(sources: readonly (File | string)[]): void {
    this.attempt(async () => {
      for (const source of sources) {
        const known = this.models.list.map(({ id }) => id)
        const model = await this.intake.take(source)
        if (!model) return
        const { id, name } = model
        this.toasts.add('info', t(known.includes(id) ? 'import.known' : 'import.done', { name }))
        this.showModel(id)
      }
    }, 'import')
  }

  /** False for a part that the model in use cannot make. */
  knows(part: PartName): boolean {
    return (this.models.find(this.settings.value.model)?.parts ?? PART_NAMES).includes(part)
  }

  private readModels(): void {
    this.attempt(async () => {
      // Another window may have chosen another model, or deleted one.
      await this.settings.read(navigator.languages)
      await this.models.read()
      this.training.form.forgetMissing(this.models.list)
      await this.published.read()
    })
  }

  // Workspace

  chooseFolder(): void {
    this.attempt(async () => {
      const path = await this.folders.pick(this.workspace?.path ?? this.settings.value.recent[0] ?? null)
      if (path !== null) this.openFolder(path)
    })
  }

  openFolder(path: string): void {
    this.openWorkspace(() => this.backend.call('workspace.open', { path }))
  }

  openSample(): void {
    this.openWorkspace(() => this.backend.call('workspace.sample', {}))
  }

  closeWorkspace(): void {
    this.attempt(async () => {
      await this.leave()
      await this.backend.call('workspace.close', {})
      this.backend.folder = null
      await this.settings.read(navigator.languages)
    })
  }

  private openWorkspace(open: () => Promise<WorkspaceInfo>): void {
    if (this.opening) return
    this.opening = true
    this.attempt(async () => {
      try {
        await this.leave()
        await this.enter(await open())
      } catch (error) {
        await this.enterIfAny(await this.backend.call('workspace.current', {}))
        throw error
      } finally {
        this.opening = false
        if (this.isElsewhere) this.follow()
      }
    }, 'open')
  }

  /** Shows what is open in the backend, where another window opened or closed a folder. */
  private follow(): void {
    this.isElsewhere = true
    if (this.opening || !this.ready) return
    this.opening = true
    this.attempt(async () => {
      try {
        while (this.isElsewhere) await this.catchUp()
      } finally {
        this.opening = false
      }
    })
  }

  private async catchUp(): Promise<void> {
    this.isElsewhere = false
    const workspace = await this.backend.call('workspace.current', {})
    if (workspace?.path === this.workspace?.path) return
    await this.leave()
    await this.enterIfAny(workspace)
    if (workspace) this.toasts.add('info', t('workspace.elsewhere', { name: workspace.name }))
  }

  private async leave(): Promise<void> {
    await this.editor.idle()
    this.editor.close()
    this.list.clear()
    this.training.clear()
    this.toasts.dropErrors()
    this.page = 'images'
    this.workspace = null
    this.scan = null
  }

  private async enterIfAny(workspace: WorkspaceInfo | null): Promise<void> {
    if (workspace) await this.enter(workspace)
    else this.backend.folder = null
  }

  private async enter(workspace: WorkspaceInfo): Promise<void> {
    this.workspace = workspace
    this.backend.folder = workspace.path
    this.applyScan()
    await this.readList()
    const last = workspace.lastImage === null ? null : this.list.row(workspace.lastImage)
    const first = last ?? this.list.shownAt(0)
    if (first) this.show(first)
    await this.training.read(workspace.name)
  }

  /** After the backend was away: reads again what is on screen. */
  private refresh(): void {
    this.attempt(async () => {
      const workspace = await this.backend.call('workspace.current', {})
      if (!workspace || workspace.path !== this.workspace?.path) {
        await this.leave()
        await this.enterIfAny(workspace)
        return
      }
      this.workspace = workspace
      await this.readList()
      await this.training.read(workspace.name)
      this.inference = await this.backend.call('inference.status', {})
      if (this.editor.image !== null) await this.editor.reload()
      this.want()
    })
  }

  private readList(): Promise<void> {
    return this.list.load(async () => (await this.backend.call('images.list', {})).rows)
  }

  private applyScan(): void {
    if (this.workspace && this.scan) this.workspace = { ...this.workspace, ...this.scan }
  }

  // Images

  show(row: ImageRow): void {
    this.list.current = row.id
    this.want()
    this.attempt(async () => {
      await this.editor.open(row)
      const next = this.list.current === row.id ? this.list.neighbour(1) : null
      if (next) this.editor.prefetch(next)
    })
  }

  /** Shows the image `step` rows on. */
  step(step: number): void {
    this.go(this.list.neighbour(step))
  }

  /** Shows the nearest image in a direction that is not accepted. */
  stepOpen(direction: 1 | -1): void {
    this.go(this.list.nextOpen(direction))
  }

  private go(row: ImageRow | null): void {
    if (row) this.show(row)
    else if (this.list.total > 0) this.toasts.add('info', t('review.end'))
  }

  accept(): void {
    const image = this.list.current
    if (image === null || this.refuseUnseen()) return
    this.attempt(async () => {
      await this.review(image, 'accepted')
      if (this.list.current === image) this.step(1)
    }, 'review')
  }

  toggleFlag(): void {
    const row = this.list.currentRow
    if (!row || (row.status !== 'flagged' && this.refuseUnseen())) return
    this.attempt(() => this.review(row.id, row.status === 'flagged' ? null : 'flagged'), 'review')
  }

  /** Takes an acceptance back. */
  reopen(): void {
    const row = this.list.currentRow
    if (row) this.attempt(() => this.review(row.id, null), 'review')
  }

  /** True where nobody can see what a verdict would be about, which is said of a picture that cannot be shown. */
  private refuseUnseen(): boolean {
    if (!this.editor.seen && !this.editor.busy) this.toasts.add('info', t('review.unseen'))
    return !this.editor.seen
  }

  /** Edits on their way count as made before the review. */
  private async review(image: number, review: 'accepted' | 'flagged' | null): Promise<void> {
    await this.editor.idle()
    this.list.put([await this.backend.call('images.review', { image, review })])
  }

  // Training

  /** Opens the Train page: on the run in work, else where it was left. */
  showTraining(): void {
    if (this.training.active) this.training.choose(this.training.active.id)
    this.page = 'train'
  }

  toggleTraining(): void {
    if (this.page === 'train') this.page = 'images'
    else this.showTraining()
  }

  /** Leaves the Train page for an image, with a part selected where one is named. */
  showImage(id: number, part?: PartName): void {
    const row = this.list.row(id)
    if (!row) return
    if (part) this.editor.part = PART_INDEX[part]
    this.page = 'images'
    this.show(row)
  }

  startTraining(): void {
    this.attempt(async () => {
      await this.editor.idle()
      await this.training.start(this.list.shownIds())
    }, 'train')
  }

  /** The new model, or the parts of it that are ticked, predicts from now on: what is on screen and next at once. */
  promote(pair: Pair, mixName: string): void {
    this.attempt(async () => {
      const model = await this.training.gate.promote(pair, mixName)
      await this.models.read()
      await this.settings.read(navigator.languages)
      this.page = 'images'
      this.toasts.add('info', t('gate.promoted', { name: model.name }), t('gate.promotedHint'))
      this.want()
    })
  }

  keepAside(name: string): void {
    this.page = 'images'
    this.toasts.add('info', t('gate.kept', { name }))
  }

  /** Says on whichever page how a run ended. */
  private tellEnd(run: TrainingRun): void {
    const seen = this.page === 'train' && this.training.chosen === run.id
    if (run.state === 'failed' || (run.state === 'interrupted' && run.problem !== null))
      this.toasts.add('error', t('run.failedTitle', { name: run.name }), run.problem ?? '')
    else if (run.state === 'done' && !seen)
      this.toasts.add('info', t('run.finished', { name: run.name }), t('run.finishedHint'))
  }

  // Prediction

  predict(): void {
    const image = this.list.current
    if (image === null) return
    this.attempt(async () => {
      await this.editor.idle()
      await this.backend.call('inference.predict', { image })
    }, 'predict')
  }

  /**
   * Chooses the model that predicts, null for the default one. What only another model has touched is predicted anew:
   * what is on screen and next at once, the others when they come up.
   */
  useModel(model: string | null): void {
    this.attempt(async () => {
      await this.settings.write({ model })
      this.want()
    })
  }

  setAutoPredict(autoPredict: boolean): void {
    this.attempt(async () => {
      await this.settings.write({ autoPredict })
      this.want()
    })
  }

  /** Tells the backend what to predict first: what is shown, then what comes next. */
  private want(): void {
    if (!this.settings.value.autoPredict) return
    this.attempt(async () => {
      const request = { current: this.list.current, next: this.list.upcoming(PREDICT_AHEAD, PREDICTABLE) }
      await this.backend.call('inference.want', request)
    })
  }

  /** Runs the export that the dialog describes; it goes on when the dialog closes, and then says that it is done. */
  startExport(): void {
    this.attempt(async () => {
      await this.editor.idle()
      await this.export.start()
      const { summary } = this.export
      if (summary && this.dialog !== 'export')
        this.toasts.add('info', t('export.done', { images: summary.images, masks: summary.masks }))
    }, 'export')
  }

  private listen(): void {
    const { backend } = this
    backend.on('workspace.changed', () => this.follow())
    backend.on('images.added', ({ rows }) => {
      this.list.put(rows)
      const first = this.list.shownAt(0)
      if (this.workspace && !this.opening && this.list.current === null && first) this.show(first)
    })
    backend.on('images.changed', ({ rows }) => this.list.put(rows))
    backend.on('workspace.scan', ({ images, done }) => {
      this.scan = { images, scanning: !done }
      this.applyScan()
      if (done) this.want()
    })
    backend.on('masks.changed', ({ image, revision }) => {
      if (image === this.editor.image) this.attempt(() => this.editor.heard(revision))
    })
    backend.on('inference.status', (status) => {
      this.inference = status
    })
    backend.on('models.changed', () => this.readModels())
    backend.on('job.progress', (progress) => this.jobs.update(progress))
    backend.on('training.changed', (run) => {
      const before = this.training.runs.find(({ id }) => id === run.id)
      this.training.put(run)
      if (before && isActive(before.state) && !isActive(run.state)) this.tellEnd(run)
    })
    backend.on('training.removed', ({ run }) => this.training.remove(run))
    backend.on('training.progress', (progress) => this.training.advance(progress))
    backend.on('training.epoch', ({ run, row, isBest }) => this.training.addEpoch(run, row, isBest))
    backend.on('notice', ({ level, message }) => this.toasts.add(level, t(`notice.${level}`), message))
    backend.onLink((up) => {
      this.linked = up
      if (up) this.refresh()
    })
  }
}
