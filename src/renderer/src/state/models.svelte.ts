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

  constructor(private readonly backend: Backend) {}

  readonly defaultModel = $derived(this.list.find((model) => model.isDefault) ?? null)

  async read(): Promise<void> {
    this.list = (await this.backend.call('models.list', {})).models
  }

  /** The model of an id, or the default one for null. */
  find(id: string | null): ModelInfo | null {
    return id === null ? this.defaultModel : (this.list.find((model) => model.id === id) ?? null)
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
