/** @file What a tool may see and do: the few words between the tools and the editor that owns them. */
import type { MaskDocument } from './document'
import type { Ink } from './ink'
import type { Point } from './viewport'

export const TOOL_NAMES = ['brush', 'eraser', 'fill', 'pick', 'pan'] as const
export type ToolName = (typeof TOOL_NAMES)[number]

/** One moment of a pointer, in canvas points; `pressure` 0..1 means something for a pen only. */
export interface PointerSample extends Point {
  readonly pressure: number
}

/** A pointer event without the DOM. `samples` are all moments since the last event, the newest last. */
export interface PointerInput {
  readonly samples: readonly PointerSample[]
  readonly pen: boolean
  readonly button: 'left' | 'middle' | 'right'
  readonly alt: boolean
  /** The space bar is held: the hand pans, whatever the tool. */
  readonly space: boolean
}

export interface Desk {
  /** Null while no face is open: nothing can be painted. */
  readonly document: MaskDocument | null
  /** Diameter in mask pixels. */
  brushSize: number
  toMask(point: Point): Point
  /** CSS pixels per mask pixel. */
  readonly maskScale: number
  panBy(dx: number, dy: number): void
  /** Ink of the selected part; null, with a word to the user, where the part is locked. */
  mixInk(erase: boolean): Ink | null
  /** Selects the part under a mask point; asking again on the same pixel goes one part down. */
  pick(point: Point): void
  /** Finishes the document's edit and sends it. */
  commit(label: string): void
}

/** A tool at work, from pointer down to pointer up; its `state` is a gerund. */
export interface Gesture {
  readonly state: string
  move(input: PointerInput): void
  /** The pointer was lifted: what was done stays. */
  end(): void
  /** Escape: as if it had never begun. */
  bail(): void
}

/** Starts a gesture where the pointer went down; null where there is nothing to keep doing. */
export type Tool = (desk: Desk, input: PointerInput) => Gesture | null

/** The newest moment of an event. */
export function newest(input: PointerInput): PointerSample {
  return input.samples.at(-1) ?? { x: 0, y: 0, pressure: 0 }
}

/** The right button and Alt erase with any painting tool. */
export function asksToErase(input: PointerInput): boolean {
  return input.button === 'right' || input.alt
}
