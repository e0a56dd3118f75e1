/** @file The tools by name and the one state machine that runs them: `brush.idle` → `brush.painting` → `brush.idle`. */
import type { Desk, Gesture, PointerInput, Tool, ToolName } from './desk'
import { paintWith } from './tools/brush'
import { fill } from './tools/fill'
import { pan } from './tools/pan'
import { pick } from './tools/pick'
import { resize } from './tools/resize'

/** A new tool is a new row. */
const TOOLS: Readonly<Record<ToolName, Tool>> = {
  brush: paintWith('brush'),
  eraser: paintWith('eraser'),
  fill,
  pick,
  pan,
}

const PAINTERS: ReadonlySet<ToolName> = new Set(['brush', 'eraser'])

export class Toolbox {
  #active: { name: ToolName; gesture: Gesture } | null = null

  constructor(readonly desk: Desk & { readonly tool: ToolName }) {}

  /** Where the editor is, as `tool.state`. */
  get path(): string {
    return this.#active ? `${this.#active.name}.${this.#active.gesture.state}` : `${this.desk.tool}.idle`
  }

  /** A gesture is under way. */
  get busy(): boolean {
    return this.#active !== null
  }

  /** The space bar and the middle button pan and Alt with the right button resizes, whatever the tool. */
  pointerDown(input: PointerInput): void {
    if (this.#active) return
    const { tool } = this.desk
    const pans = input.space || input.button === 'middle'
    const resizes = input.alt && input.button === 'right' && PAINTERS.has(tool)
    const name = pans ? 'pan' : tool
    const gesture = (resizes && !pans ? resize : TOOLS[name])(this.desk, input)
    if (gesture) this.#active = { name, gesture }
  }

  pointerMove(input: PointerInput): void {
    this.#active?.gesture.move(input)
  }

  /** Ends what is under way and keeps it: the pointer was lifted, or something else must happen now. */
  finish(): void {
    const active = this.#active
    this.#active = null
    active?.gesture.end()
  }

  /** Ends what is under way as if it had never begun; false where there was nothing. */
  bail(): boolean {
    const active = this.#active
    this.#active = null
    active?.gesture.bail()
    return active !== null
  }
}
