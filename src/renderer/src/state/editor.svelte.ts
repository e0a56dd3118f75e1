/**
 * @file The editor as the window sees it: what is open, selected and set, as runes; what the hand does goes to the tools,
 * what they change to the session, what is seen to the stage.
 */
import type { FaceMasks, HistoryState, ImageRow } from '../../../shared/answers'
import type { Status } from '../../../shared/terms'
import type { PartName } from '../../../shared/labels'
import type { Backend } from '../backend'
import { newest, type Desk, type PointerInput } from '../editor/desk'
import type { Edit } from '../editor/diff'
import { MaskDocument, partMapOf } from '../editor/document'
import { HandState } from '../editor/hand.svelte'
import { pickPart } from '../editor/ink'
import { describeParts, emptyParts, partBits, partNames, type PartView } from '../editor/parts'
import { loadPhoto } from '../editor/photo'
import { PictureCache } from '../editor/pictures'
import { SerialQueue } from '../editor/queue'
import { FaceSession } from '../editor/session'
import { Stage } from '../editor/stage'
import { Toolbox } from '../editor/toolbox'
import type { Point } from '../editor/viewport'

export type { PartView }

/** What is needed of an image to show it. */
export type Shown = Pick<ImageRow, 'id' | 'name' | 'version'>

export class EditorState extends HandState implements Desk {
  /** The image that is on screen, on its way there, or cannot be shown. */
  #row: Shown | null = $state.raw(null)
  /** The face whose masks are on screen; null where none are. */
  face: number | null = $state(null)
  /** True until picture and masks of `image` are on screen, or cannot be. */
  busy = $state(false)
  /** What went wrong last, in a sentence. */
  error: string | null = $state(null)

  canUndo = $state(false)
  canRedo = $state(false)
  revision = $state(0)
  status: Status = $state('untouched')
  /** Edits and steps not yet confirmed by the store. */
  pending = $state(0)
  /** The parts under the cursor, topmost first. */
  hover: PartName[] = $state.raw([])
  /** The pointer in canvas points; null while it is elsewhere. */
  cursor: Point | null = $state.raw(null)

  readonly toolbox = new Toolbox(this)
  /** Hears of each stored change, also of images that are not shown any more. */
  onStored: ((state: HistoryState, image: number) => void) | undefined

  /** Why nothing can be drawn here at all. */
  #unable: string | null = $state(null)
  #ticket = 0
  /** The masks changed since they were last asked for, while their picture was on its way. */
  #outdated = false
  #hoverBits = 0
  #lastPick: { pixel: string; part: number } | null = null
  #session: FaceSession | null = null
  #stage: Stage | null = null
  readonly #queue = new SerialQueue((size) => (this.pending = size))
  readonly #pictures: PictureCache<ImageBitmap>

  constructor(readonly backend: Backend) {
    super()
    this.#pictures = new PictureCache((image, version) => loadPhoto(backend.mediaUrl('view', image, version)))
  }

  // What is open

  get image(): number | null {
    return this.#row?.id ?? null
  }

  /** The image's path below the workspace. */
  get name(): string {
    return this.#row?.name ?? ''
  }

  /** True where a person can see the picture with its masks: nothing is to be said of it unseen. */
  get seen(): boolean {
    return this.face !== null && !this.busy && this.#unable === null
  }

  /** Shows an image; what was asked for last wins. Failures become `error`. */
  async open(row: Shown): Promise<void> {
    this.toolbox.finish()
    const ticket = ++this.#ticket
    this.#session = null
    this.#row = row
    this.busy = true
    this.error = this.#unable
    this.prefetch(row)
    try {
      await this.#queue.idle() // a face with edits under way is read after them
      let masks: FaceMasks
      let photo: ImageBitmap
      do {
        if (ticket !== this.#ticket) return
        this.#outdated = false
        masks = await this.backend.call('masks.open', { image: row.id })
        photo = await this.#pictures.get(row.id, masks.version)
      } while (this.#outdated)
      if (ticket !== this.#ticket) return
      this.#enter(masks, photo)
      await this.#stage?.drawn()
    } catch (error) {
      if (ticket !== this.#ticket) return
      this.#showNothing()
      this.error = sentence(error)
    }
    if (ticket === this.#ticket) this.busy = false
  }

  /** Decodes the photo of an image that may be shown next. */
  prefetch(row: Shown): void {
    this.#pictures.get(row.id, row.version).catch(() => undefined) // told when it is opened
  }

  /** Reads the masks again; unsent edits stay. */
  async reload(): Promise<void> {
    if (this.doubt) void this.#askSureness()
    if (this.#session) await this.#session.reload()
    else this.#outdated = true
  }

  /** The masks came to `revision`: they are read again where that was not done here. */
  async heard(revision: number): Promise<void> {
    if (!this.#session) this.#outdated = true
    else if (!(await this.#session.isOwn(revision))) await this.reload()
  }

  /** Shows where the model is unsure, or stops showing it. */
  toggleDoubt(): void {
    this.doubt = !this.doubt
    if (this.doubt) void this.#askSureness()
  }

  /** Shows nothing; edits on their way are still stored. */
  close(): void {
    this.toolbox.finish()
    this.#ticket++
    this.#pictures.clear()
    this.#row = null
    this.#showNothing()
    this.busy = false
    this.error = this.#unable
  }

  /** Resolves when every edit is stored. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  // Edits

  /** During a stroke, takes the stroke back; else the last stored change. */
  async undo(): Promise<void> {
    if (this.document?.editing) this.cancel()
    else await this.#session?.undo()
  }

  async redo(): Promise<void> {
    if (!this.document?.editing) await this.#session?.redo()
  }

  /** Escape: takes back what the hand is doing; false where it does nothing. */
  cancel(): boolean {
    const stopped = this.toolbox.bail()
    this.#stage?.painted()
    return stopped
  }

  /** Erases all of a part (0..17), as one operation. */
  clearPart(part: number): void {
    this.toolbox.finish()
    const { document } = this
    const ink = this.mixInk(true, part)
    if (!document || !ink) return
    document.begin()
    for (let y = 0; y < this.height; y++) document.paint(y, 0, this.width, ink)
    this.#store(document.finish(), 'operation', 'clear', part)
  }

  /** The centre of a mask pixel in client coordinates. */
  toClient(pixel: Point): Point {
    const { x, y } = this.toCanvas({ x: pixel.x + 0.5, y: pixel.y + 0.5 })
    const box = this.#stage?.canvas.getBoundingClientRect()
    return { x: x + (box?.left ?? 0), y: y + (box?.top ?? 0) }
  }

  // For the tools

  get document(): MaskDocument | null {
    return this.#session?.document ?? null
  }

  commit(label: string): void {
    this.#store(this.document?.finish() ?? null, 'stroke', label, this.#strokePart)
  }

  pick(point: Point): void {
    const pixel = `${Math.floor(point.x)},${Math.floor(point.y)}`
    const bits = this.document?.bitsAt(point.x, point.y) ?? 0
    const previous = this.#lastPick?.pixel === pixel ? this.#lastPick.part : null
    const part = pickPart(bits, partBits(this.parts, 'visible'), previous)
    this.#lastPick = part === null ? null : { pixel, part }
    if (part !== null) this.part = part
  }

  pickUnderCursor(): void {
    if (this.cursor) this.pick(this.toMask(this.cursor))
  }

  // For the canvas

  /** Draws on `canvas` from now on; gives a function that stops it. */
  attach(canvas: HTMLCanvasElement): () => void {
    try {
      const stage = new Stage(
        canvas,
        () => ({ view: this.view, image: this.imageSize, look: this.look }),
        (size, ratio) => this.resized(size, ratio),
      )
      const reopen = (): void => {
        if (this.#row) void this.open(this.#row)
      }
      stage.onRestored(reopen)
      this.#stage = stage
      reopen()
      return () => {
        stage.dispose()
        this.#stage = null
      }
    } catch (error) {
      this.error = this.#unable = sentence(error)
      return () => undefined
    }
  }

  /** Asks for a new frame: something of `view` or `look` changed. */
  invalidate(): void {
    this.#stage?.invalidate()
  }

  pointerDown(input: PointerInput, timeStamp: number): void {
    this.#strokePart = this.part
    this.toolbox.pointerDown(input)
    this.#pointed(input, timeStamp)
  }

  pointerMove(input: PointerInput, timeStamp: number): void {
    this.toolbox.pointerMove(input)
    this.#pointed(input, timeStamp)
  }

  pointerUp(): void {
    this.toolbox.finish()
  }

  pointerLeft(): void {
    this.cursor = null
    this.hover = []
    this.#hoverBits = 0
  }

  /** The part that was selected when the pointer went down: a key pressed in mid-stroke is for the next one. */
  #strokePart = 0

  #pointed(input: PointerInput, timeStamp: number): void {
    this.cursor = newest(input)
    this.#stage?.painted(timeStamp)
    const { x, y } = this.toMask(this.cursor)
    const bits = this.document?.bitsAt(x, y) ?? 0
    if (bits === this.#hoverBits) return
    this.#hoverBits = bits
    this.hover = partNames(bits)
  }

  // Inside

  /** No face is open: nothing of the last one stays on screen. */
  #showNothing(): void {
    this.#session = null
    this.#stage?.clear()
    this.face = null
    this.width = this.height = this.imageWidth = this.imageHeight = 0
    this.canUndo = this.canRedo = false
    emptyParts(this.parts)
    this.hover = []
    this.#hoverBits = 0
  }

  /** Asks how sure the model is of the image that is shown; a failure ends the view of it, in a sentence. */
  async #askSureness(): Promise<void> {
    const { image } = this
    if (image === null) return
    try {
      const { width, height, confidence } = await this.backend.call('inference.confidence', { image })
      if (this.image === image) this.#stage?.showSureness({ width, height, bytes: confidence })
    } catch (error) {
      if (this.image !== image) return
      this.doubt = false
      this.error = sentence(error)
    }
  }

  /** Makes an opened face the one that is edited and shown. */
  #enter(masks: FaceMasks, photo: ImageBitmap): void {
    const document = new MaskDocument(partMapOf(masks))
    this.face = masks.face
    this.showSizes(masks, { width: masks.imageWidth, height: masks.imageHeight })
    this.#session = this.#openSession(masks, document)
    describeParts(this.parts, document.areas, masks)
    this.#showHistory(masks)
    this.#stage?.show(photo, document)
    this.#stage?.showSureness(null)
    if (this.doubt) void this.#askSureness()
  }

  #openSession(masks: FaceMasks, document: MaskDocument): FaceSession {
    const current = (): boolean => this.#session === session
    const session = new FaceSession(this.backend, this.#queue, masks.face, masks.image, document, {
      stored: (state) => {
        if (current()) this.#showHistory(state)
        this.onStored?.(state, masks.image)
      },
      changed: () => {
        if (!current()) return
        describeParts(this.parts, document.areas)
        this.#stage?.painted()
      },
      reread: (fresh) => {
        if (!current()) return
        const sameGrid = fresh.width === this.width && fresh.height === this.height
        if (sameGrid) describeParts(this.parts, document.areas, fresh)
        else if (this.#row) void this.open(this.#row)
      },
      failed: (error) => (this.error = sentence(error)),
    })
    return session
  }

  #store(edit: Edit | null, kind: 'stroke' | 'operation', label: string, part: number): void {
    const session = this.#session
    this.#stage?.painted()
    if (!edit || !session) return
    this.error = this.#unable
    this.canUndo = true
    this.canRedo = false
    this.parts.forEach((view, index) => {
      if ((edit.parts >>> index) & 1) view.origin = 'hand'
    })
    describeParts(this.parts, session.document.areas)
    session.commit(edit, kind, label, part)
  }

  #showHistory({ canUndo, canRedo, revision, status }: HistoryState): void {
    this.canUndo = canUndo
    this.canRedo = canRedo
    this.revision = revision
    this.status = status
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
