/** @file The models the backend knows: the list to choose from, how they descend from each other, the one whose details are shown. */
import type { ModelInfo } from '../../../shared/answers'
import type { Backend } from '../backend'

export const MODEL_PAGES = ['installed', 'published', 'computer'] as const
export type ModelPage = (typeof MODEL_PAGES)[number]

export class Models {
  list: readonly ModelInfo[] = $state.raw([])
  page: ModelPage = $state('installed')
  /** Id of the model that the user looks at; null follows the one in use. */
  chosen: string | null = $state(null)

  /** Ids that something still names, of models that are not here any more. */
  gone: readonly string[] = $state.raw([])

  constructor(private readonly backend: Backend) {}

  readonly defaultModel = $derived(this.list.find((model) => model.isDefault) ?? null)

  async read(): Promise<void> {
    this.list = (await this.backend.call('models.list', {})).models
  }

  /** Reads anew for a model that the list lacks: it may just have been made, else it is gone. */
  async seek(id: string): Promise<void> {
    await this.read()
    if (!this.list.some((model) => model.id === id)) this.gone = [...this.gone, id]
  }

  /** The model of an id, or the default one for null. */
  find(id: string | null): ModelInfo | null {
    return id === null ? this.defaultModel : (this.list.find((model) => model.id === id) ?? null)
  }

  /** What a model is called, with its id where another one has the same name; of one that is not here, its id. */
  nameOf(id: string): string {
    const name = this.find(id)?.name
    if (name === undefined) return id
    return this.list.some((other) => other.id !== id && other.name === name) ? `${name} (${id})` : name
  }

  /** The models that it descends from, the oldest first; it ends where one is not here any more. */
  ancestorsOf({ parent: id }: ModelInfo): ModelInfo[] {
    const parent = id === null ? undefined : this.list.find((model) => model.id === id)
    return parent ? [...this.ancestorsOf(parent), parent] : []
  }

  /** Deletes one that nothing is made of. */
  async delete(id: string): Promise<void> {
    await this.backend.call('models.delete', { model: id })
    this.chosen = null
    await this.read()
  }
}
