/** @file What a person says of the shown image besides the verdict on it: which parts are checked, and whether it is golden. */
import { PART_NAMES, type PartName } from '../../../shared/labels'
import type { Backend } from '../backend'
import type { EditorState } from './editor.svelte'
import type { ImageList } from './list.svelte'

export class Marks {
  constructor(
    private readonly backend: Backend,
    private readonly list: ImageList,
    private readonly editor: EditorState,
    /** Runs what may fail, and tells. */
    private readonly attempt: (work: () => Promise<void>) => void,
    /** True, and told, where the image cannot be seen. */
    private readonly refuseUnseen: () => boolean,
  ) {}

  /** From all of the image to the parts that did not come from a model, and back. */
  toggleChecked(): void {
    const decided = PART_NAMES.filter((_, part) => {
      const origin = this.editor.parts[part]?.origin
      return origin === 'hand' || origin === 'import'
    })
    this.check(this.list.currentRow?.checked === null ? decided : null)
  }

  /** Ticks or unticks a part; the first tick in an image that was checked as a whole leaves that part alone. */
  togglePart(part: PartName): void {
    const checked = this.list.currentRow?.checked ?? []
    this.check(checked.includes(part) ? checked.filter((other) => other !== part) : [...checked, part])
  }

  toggleGolden(): void {
    const row = this.list.currentRow
    if (!row || (!row.golden && this.refuseUnseen())) return
    this.attempt(async () => {
      this.list.put([await this.backend.call('images.pin', { image: row.id, golden: !row.golden })])
    })
  }

  /** Vouches for all of the image (null), or for these parts of it only. */
  private check(parts: PartName[] | null): void {
    const image = this.list.current
    if (image === null) return
    this.attempt(async () => this.list.put([await this.backend.call('images.check', { image, parts })]))
  }
}
