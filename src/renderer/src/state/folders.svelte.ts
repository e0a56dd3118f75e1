/** @file Choosing a folder: by the system's dialog where there is one, else by the window's own browser. */
import type { FolderListing } from '../../../shared/answers'
import type { Backend } from '../backend'

export class FolderPicker {
  open = $state(false)
  listing: FolderListing | null = $state.raw(null)
  /** What the path field holds. */
  path = $state('')
  private settle: ((path: string | null) => void) | null = null

  constructor(private readonly backend: Backend) {}

  /** The folder the user chooses, or null; our own browser begins at `start`, or at home where that cannot be read. */
  async pick(start: string | null = null): Promise<string | null> {
    const native = this.backend.pickFolder()
    if (native) return native
    this.finish(null)
    await this.visit(start).catch(() => this.visit(null))
    this.open = true
    return new Promise((resolve) => {
      this.settle = resolve
    })
  }

  /** Lists a folder; null means the home folder. */
  async visit(path: string | null): Promise<void> {
    this.listing = await this.backend.call('folders.list', { path })
    this.path = this.listing.path
  }

  /** Closes the browser with what was chosen. */
  finish(path: string | null): void {
    this.open = false
    this.settle?.(path)
    this.settle = null
  }
}
