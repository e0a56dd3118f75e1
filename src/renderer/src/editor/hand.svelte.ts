/** @file What the user has chosen, as runes: the tool, the part, the brush, and how the masks look; remembered for the next time. */
import type { ToolName } from './desk'
import type { Look } from './display'
import { mixInk, type Ink, type Overlap } from './ink'
import { listParts, partBits, partColours, soloPart, type PartView } from './parts'
import { readPreferences, type Preferences } from './preferences'
import { ViewState } from './view.svelte'

/** How much one step of `resizeBrush` changes the diameter. */
const RESIZE_STEP = 1.15

export class HandState extends ViewState {
  /** The selected part, 0..17. */
  part = $state(0)
  tool: ToolName = $state('brush')
  overlap: Overlap = $state('take')
  parts: PartView[] = $state([])
  /** Of all masks, 0..1. */
  opacity = $state(0.5)
  /** The photo alone. */
  bare = $state(false)
  /** The parts' edges alone. */
  outline = $state(false)
  /** Where the model is not sure. */
  doubt = $state(false)
  /** True from an attempt to paint a locked part until the next attempt. */
  blocked = $state(false)
  #brushSize = $state(1)

  constructor() {
    super()
    const kept = readPreferences(globalThis.localStorage)
    this.tool = kept.tool
    this.overlap = kept.overlap
    this.opacity = kept.opacity
    this.#brushSize = kept.brushSize
    this.parts = listParts(kept.parts)
  }

  /** Diameter in mask pixels, 1..the grid's longer side; after a smaller grid it is again what was chosen. */
  get brushSize(): number {
    return Math.min(this.#brushSize, this.#largest)
  }
  set brushSize(size: number) {
    this.#brushSize = Math.min(Math.max(Math.round(size), 1), this.#largest)
  }

  get #largest(): number {
    return Math.max(this.width, this.height) || Infinity
  }

  /** One step larger (1) or smaller (-1): about 15 %, at least a pixel. */
  resizeBrush(step: 1 | -1): void {
    const size = Math.round(this.brushSize * RESIZE_STEP ** step)
    const next = this.brushSize + step
    this.brushSize = step > 0 ? Math.max(size, next) : Math.min(size, next)
  }

  /** Shows this part alone, or all again where it is alone already. */
  soloPart(part: number): void {
    soloPart(this.parts, part)
  }

  /** Ink of a part by the locks and the overlap mode of now; null, and `blocked`, where the part is locked. */
  mixInk(erase: boolean, part = this.part): Ink | null {
    const ink = mixInk(part, erase, this.overlap, partBits(this.parts, 'locked'))
    this.blocked = !ink
    return ink
  }

  /** What to draw with. */
  get look(): Look {
    const { part: selected, opacity, outline, bare, doubt } = this
    const visible = partBits(this.parts, 'visible')
    return { parts: partColours(this.parts), visible, selected, opacity, outline, bare, doubt }
  }

  /** What to remember for the next time. */
  get preferences(): Preferences {
    const { tool, overlap, opacity } = this
    const parts = this.parts.map(({ visible, locked, opacity }) => ({ visible, locked, opacity }))
    return { tool, overlap, brushSize: this.#brushSize, opacity, parts }
  }
}
