/** @file What is to be trained: base model, images, options and name; and what the backend says of it before it starts. */
import { toWire } from '../../../shared/errors'
import type { Request } from '../../../shared/requests'
import type { TrainingRun, TrainingSurvey, TrainOptionsInput, TrainSettings } from '../../../shared/training'
import type { Backend } from '../backend'
import { readTyped, withOption, type ListOption, type NumberOption, type OptionName } from './train-options'

export type TrainImages = 'corrected' | 'accepted' | 'shown'

export class TrainForm {
  /** Registry id to start from; null for what Facet recommends. */
  model: string | null = $state(null)
  images: TrainImages = $state('corrected')
  /** Empty for the proposed one. */
  name = $state('')
  /** A folder of photos that the model does well on and should go on doing; empty for the portraits that come along. */
  replay = $state('')
  /** Only what the user has set. */
  options: TrainOptionsInput = $state.raw({})
  /** What stands in the fields of options that are typed. */
  typed: Readonly<Partial<Record<OptionName, string>>> = $state.raw({})
  /** Options whose text is not acceptable as it stands. */
  wrong: readonly OptionName[] = $state.raw([])
  survey: TrainingSurvey | null = $state.raw(null)
  /** The options that `survey` was told. */
  private told: TrainOptionsInput = $state.raw({})
  /** Why there is no survey, in a sentence. */
  problem: string | null = $state(null)
  /** Only what the list shows was to be learned from, and it shows nothing: there is nothing to ask about. */
  isEmpty = $state(false)
  asking = $state(false)
  starting = $state(false)
  private ticket = 0

  constructor(private readonly backend: Backend) {}

  /** Whether a run can be started as things stand. */
  readonly ready = $derived(
    this.survey !== null &&
      this.survey.images.train > 0 &&
      this.problem === null &&
      this.wrong.length === 0 &&
      !this.starting,
  )

  /** Asks what a run would learn from and how; the answer to what was asked last wins. `shown`: ids in the list. */
  async ask(shown: readonly number[]): Promise<void> {
    const ticket = ++this.ticket
    const { options } = this
    this.isEmpty = this.lacksImages(shown.length)
    if (this.isEmpty) {
      this.survey = this.problem = null
      this.asking = false
      return
    }
    this.asking = true
    try {
      const survey = await this.backend.call('training.survey', this.request(shown))
      if (ticket === this.ticket) [this.survey, this.told, this.problem] = [survey, options, null]
    } catch (error) {
      // What an earlier answer counted holds for what was asked then.
      if (ticket === this.ticket) [this.survey, this.problem] = [null, toWire(error).message]
    } finally {
      if (ticket === this.ticket) this.asking = false
    }
  }

  /** Whether nothing can be learned from, with so many images in the list. */
  lacksImages(shown: number): boolean {
    return this.images === 'shown' && shown === 0
  }

  /** The settings as they would be, if that of `name` is Facet's own choice; null where it is set, or was when it was asked. */
  chosenByFacet(name: OptionName): TrainSettings | null {
    return name in this.options || name in this.told ? null : (this.survey?.settings ?? null)
  }

  /** Starts the run; `name` is that of the form, else `proposed`. */
  async start(shown: readonly number[], proposed: string): Promise<TrainingRun> {
    this.starting = true
    try {
      const name = this.name.trim() || proposed
      const run = await this.backend.call('training.start', { ...this.request(shown), name })
      this.name = ''
      return run
    } finally {
      this.starting = false
    }
  }

  /** Sets an option, or leaves it to Facet again. */
  set(name: OptionName, value: boolean | string | number | readonly number[] | undefined): void {
    this.options = withOption(this.options, name, value)
  }

  /** Takes what stands in an option's field; a text that is not acceptable changes nothing yet. */
  type(option: NumberOption | ListOption, text: string): void {
    const { name } = option
    const typed = readTyped(option, text)
    this.typed = { ...this.typed, [name]: text }
    const others = this.wrong.filter((other) => other !== name)
    this.wrong = typed === 'wrong' ? [...others, name] : others
    if (typed !== 'wrong') this.set(name, typed === 'automatic' ? undefined : typed.value)
  }

  /** A base model that is not there any more is Facet's choice again. */
  forgetMissing(models: readonly { readonly id: string }[]): void {
    if (!models.some(({ id }) => id === this.model)) this.model = null
  }

  /** Leaves every option to Facet. */
  reset(): void {
    this.options = {}
    this.typed = {}
    this.wrong = []
  }

  /** Forgets everything: what was chosen was meant for the workspace. */
  clear(): void {
    this.ticket++
    this.reset()
    this.model = null
    this.name = this.replay = ''
    this.images = 'corrected'
    this.survey = this.problem = null
    this.asking = this.isEmpty = false
  }

  private request(shown: readonly number[]): Request<'training.survey'> {
    return {
      model: this.model,
      images: this.images === 'shown' ? [...shown] : this.images,
      options: this.options,
      replay: this.replay.trim() || null,
    }
  }
}
