/**
 * @file A model file on its way in: handed over, looked into, imported. Only what the file cannot tell is asked: which dataset a
 * checkpoint of 11 classes is of, how an ONNX file that nobody knows is used.
 */
import type { ModelFile, ModelInfo, ModelLook } from '../../../shared/answers'
import type { Request } from '../../../shared/requests'
import { FacetError, toWire } from '../../../shared/errors'
import { hintsOf, type Hint } from '../../../shared/plausible'
import type { Backend } from '../backend'
import type { Jobs, Progress } from './jobs.svelte'
import { draftOf, labelsOf, lookKey, type OnnxDraft, type OnnxFile } from './onnx-draft'

export type IntakeStage = 'sending' | 'examining' | 'importing'
type Dataset = 'lapa' | 'helen'
type Checkpoint = Extract<ModelFile, { kind: 'checkpoint' }>
/** What goes with the file's path in `models.import`. */
type Answer = Pick<Request<'models.import'>, 'dataset' | 'preset' | 'use'>

export type Question =
  { readonly kind: 'dataset'; readonly file: Checkpoint } | { readonly kind: 'onnx'; readonly file: OnnxFile }

export class Intake {
  /** The file's name; null while there is none. */
  name: string | null = $state(null)
  stage: IntakeStage = $state('sending')
  /** What is waited for; null while the file is being worked on. */
  question: Question | null = $state.raw(null)

  /** Of an ONNX file: what has been said so far, what it makes of the picture, and why that is not there. */
  draft: OnnxDraft | null = $state.raw(null)
  look: ModelLook | null = $state.raw(null)
  looking = $state(false)
  problem: string | null = $state(null)
  /** The image of the workspace to look at; null for Facet's sample. */
  image: number | null = $state(null)

  private path: string | null = null
  /** True where `path` is of a copy that was sent to the backend. */
  private isCopy = false
  private job: string | null = $state(null)
  private sent: Progress = $state.raw({ done: 0, total: 0 })
  private ending = new AbortController()
  private settle: ((answer: Answer) => void) | null = null
  private looks = 0

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  /** SegFace's class number of each pixel of the look, as the draft orders the classes. */
  readonly labels: Uint8Array | null = $derived(
    this.look && this.draft ? labelsOf(this.look.channels, this.draft.use.onnx.classes) : null,
  )
  /** What speaks against that being a face. */
  readonly hints: readonly Hint[] = $derived(
    this.look && this.labels ? hintsOf(this.labels, this.look.width, this.look.height) : [],
  )

  get progress(): Progress {
    const worked = this.stage === 'sending' ? this.sent : this.jobs.progress(this.job)
    return worked ?? { done: 0, total: 0 }
  }

  /** Imports a file that was dropped or picked, or one by its path on the backend's computer; null where the user gave it up. */
  take(source: File | string): Promise<ModelInfo | null> {
    this.isCopy = typeof source !== 'string' && this.backend.host === 'browser'
    if (typeof source === 'string')
      return this.run(source.split(/[/\\]/).at(-1) ?? source, () => Promise.resolve(source))
    const watch = (done: number, total: number) => (this.sent = { done, total })
    return this.run(source.name, (signal) => this.backend.pathOf(source, watch, signal))
  }

  answerDataset(dataset: Dataset): void {
    this.settle?.({ dataset })
  }

  /** Takes the ONNX file as the draft says. */
  accept(): void {
    if (this.draft) this.settle?.(answerOf(this.draft))
  }

  /** Says something else of the ONNX file, and looks again where that changes what it makes of the picture. */
  say(draft: OnnxDraft): void {
    const before = this.draft
    this.draft = draft
    if (!before || lookKey(before) !== lookKey(draft)) void this.lookAgain()
  }

  /** Looks at another picture. */
  lookAt(image: number | null): void {
    this.image = image
    void this.lookAgain()
  }

  async cancel(): Promise<void> {
    this.ending.abort()
    if (this.job !== null) await this.jobs.cancel(this.job)
  }

  private async run(
    name: string,
    locate: (signal: AbortSignal) => Promise<string>,
  ): Promise<ModelInfo | null> {
    if (this.name !== null) {
      const sentence = `${this.name} is being imported; ${name} can be next.`
      throw new FacetError('conflict', sentence)
    }
    this.ending = new AbortController()
    const { signal } = this.ending
    const given = new Promise<never>((_, reject) => {
      signal.onabort = () => reject(cancelled())
    })
    this.name = name
    this.stage = 'sending'
    this.sent = { done: 0, total: 0 }
    this.job = this.jobs.begin()
    try {
      return await Promise.race([this.through(locate, this.job, signal), given])
    } catch (error) {
      const { code, message, details } = toWire(error)
      if (code === 'cancelled') return null
      throw error instanceof FacetError
        ? new FacetError(code, this.named(message), details, { cause: error })
        : error
    } finally {
      this.jobs.end(this.job)
      if (this.path !== null) await this.backend.giveUp(this.path)
      this.forget()
    }
  }

  private async through(
    locate: (signal: AbortSignal) => Promise<string>,
    job: string,
    signal: AbortSignal,
  ): Promise<ModelInfo> {
    const path = await locate(signal)
    if (signal.aborted) await this.backend.giveUp(path)
    requireGoing(signal)
    this.path = path
    this.stage = 'examining'
    const file = await this.backend.call('models.examine', { file: path, job })
    requireGoing(signal)
    const answer =
      file.kind === 'onnx' ? await this.onnxAnswer(file, signal) : await this.checkpointAnswer(file, signal)
    requireGoing(signal)
    this.stage = 'importing'
    return this.backend.call('models.import', { file: path, job, ...answer })
  }

  private async checkpointAnswer(file: Checkpoint, signal: AbortSignal): Promise<Answer> {
    return file.classSet === null ? this.ask({ kind: 'dataset', file }, signal) : {}
  }

  /** Nothing is asked where the file is known and its masks of Facet's portrait look like a face. */
  private async onnxAnswer(file: OnnxFile, signal: AbortSignal): Promise<Answer> {
    const draft = (this.draft = draftOf(file))
    this.image = null
    const look = this.lookAgain()
    if (file.sure) await look
    if (file.sure && this.labels !== null && this.hints.length === 0) return answerOf(draft)
    return this.ask({ kind: 'onnx', file }, signal)
  }

  /** An answer that never comes is given up with everything else. */
  private async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    requireGoing(signal)
    this.question = question
    const answer = await new Promise<Answer>((resolve) => {
      this.settle = resolve
    })
    this.question = null
    return answer
  }

  /** The newest look wins; what does not run says so in the picture's place. */
  private async lookAgain(): Promise<void> {
    if (!this.draft || this.path === null) return
    const turn = ++this.looks
    this.looking = true
    const request = { file: this.path, use: this.draft.use, image: this.image }
    const [look, problem] = await this.backend.call('models.look', request).then(
      (found) => [found, null] as const,
      (error: unknown) => [null, this.named(toWire(error).message)] as const,
    )
    if (turn !== this.looks) return
    this.look = look
    this.problem = problem
    this.looking = false
  }

  /** The sentence with the file's own name in the place of where a copy lay that was handed over. */
  private named(sentence: string): string {
    return this.path !== null && this.isCopy ? sentence.replaceAll(this.path, this.name ?? '') : sentence
  }

  private forget(): void {
    this.looks++
    this.name = null
    this.path = null
    this.job = null
    this.question = null
    this.draft = null
    this.look = null
    this.problem = null
    this.looking = false
  }
}

function answerOf({ preset, use }: OnnxDraft): Answer {
  return { use, ...(preset === null ? {} : { preset }) }
}

function requireGoing({ aborted }: AbortSignal): void {
  if (aborted) throw cancelled()
}

function cancelled(): FacetError {
  return new FacetError('cancelled', 'The import was cancelled.')
}
