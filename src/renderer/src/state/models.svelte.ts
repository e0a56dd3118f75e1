/** @file The models the backend knows: the list to choose from, the one whose details are shown, and importing another. */
import type { ModelInfo } from '../../../shared/api'
import type { Backend } from '../backend'
import type { Jobs } from './jobs.svelte'

export class Models {
  list: readonly ModelInfo[] = $state.raw([])
  importing: string | null = $state(null)
  /** Id of the model that the user looks at; null follows the one in use. */
  chosen: string | null = $state(null)

  constructor(
    private readonly backend: Backend,
    private readonly jobs: Jobs,
  ) {}

  readonly defaultModel = $derived(this.list.find((model) => model.isDefault) ?? null)

  async read(): Promise<void> {
    this.list = (await this.backend.call('models.list', {})).models
  }

  /** The model of an id, or the default one for null. */
  find(id: string | null): ModelInfo | null {
    return id === null ? this.defaultModel : (this.list.find((model) => model.id === id) ?? null)
  }

  /** The model at the beginning of a line of trained ones. */
  rootOf(model: ModelInfo): ModelInfo {
    const parent = model.parent === null ? undefined : this.list.find(({ id }) => id === model.parent)
    return parent ? this.rootOf(parent) : model
  }

  /** Deletes one that nothing is made of. */
  async delete(id: string): Promise<void> {
    await this.backend.call('models.delete', { model: id })
    this.chosen = null
    await this.read()
  }

  /** Imports a checkpoint by its path on the backend's computer. */
  async import(file: string): Promise<ModelInfo> {
    const job = this.jobs.begin()
    this.importing = job
    try {
      const model = await this.backend.call('models.import', { file, job })
      await this.read()
      this.chosen = model.id
      return model
    } finally {
      this.importing = null
      this.jobs.end(job)
    }
  }
}
