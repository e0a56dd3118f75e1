/** @file A real store of one face in memory, by shared/patch's own settle, apply and invert; slow and refusing at will. */
import type { FaceMasks, HistoryState, HistoryStep, Response } from '../../src/shared/answers'
import type { Api } from '../../src/shared/api'
import type { Method, Request } from '../../src/shared/requests'
import { FacetError } from '../../src/shared/errors'
import { PART_NAMES } from '../../src/shared/labels'
import { encodeRuns, partAreas, type PartMap } from '../../src/shared/mask'
import {
  applyPatch,
  decodePatch,
  encodePatch,
  invertPatch,
  settlePatch,
  type MaskPatch,
} from '../../src/shared/patch'

export class MemoryStore implements Api {
  readonly #done: MaskPatch[] = []
  readonly #undone: MaskPatch[] = []
  /** Method names as they came, for order. */
  readonly calls: string[] = []
  #revision = 0

  /** `delay` is awaited before each call is answered; `refuse` may throw in the place of an answer. */
  constructor(
    readonly map: PartMap,
    readonly delay: () => Promise<void> = () => Promise.resolve(),
    readonly refuse: (method: Method) => void = () => undefined,
  ) {}

  async call<M extends Method>(method: M, request: Request<M>): Promise<Response<M>> {
    this.calls.push(method)
    await this.delay()
    this.refuse(method)
    const answer = this.#answer(method, request)
    await this.delay()
    return answer as Response<M>
  }

  on(): () => void {
    return () => undefined
  }

  /** A model or an import changes pixels behind the editor's back. */
  predict(change: (map: PartMap) => void): void {
    change(this.map)
    this.#done.length = this.#undone.length = 0
  }

  #answer(method: Method, request: unknown): unknown {
    switch (method) {
      case 'masks.open':
        return this.#open()
      case 'masks.commit': {
        const { patch } = request as Request<'masks.commit'>
        this.#done.push(this.#apply(decodePatch(patch, this.map.width, this.map.height)))
        this.#undone.length = 0
        return this.#state()
      }
      case 'masks.undo':
        return this.#step(this.#done, this.#undone)
      case 'masks.redo':
        return this.#step(this.#undone, this.#done)
      default:
        throw new FacetError('request/unknown-method', `The memory store does not know ${method}.`)
    }
  }

  #step(from: MaskPatch[], to: MaskPatch[]): HistoryStep {
    const patch = from.pop()
    if (!patch) return { ...this.#state(), patch: null }
    const back = this.#apply(invertPatch(patch))
    to.push(back)
    return { ...this.#state(), patch: encodePatch(back) }
  }

  #apply(patch: MaskPatch): MaskPatch {
    const settled = settlePatch(this.map, patch)
    applyPatch(this.map, settled)
    this.#revision++
    return settled
  }

  #state(): HistoryState {
    return {
      revision: this.#revision,
      canUndo: this.#done.length > 0,
      canRedo: this.#undone.length > 0,
      status: this.#done.length > 0 ? 'corrected' : 'untouched',
    }
  }

  #open(): FaceMasks {
    const { width, height } = this.map
    const areas = partAreas(this.map)
    return {
      ...this.#state(),
      image: 1,
      face: 1,
      width,
      height,
      imageWidth: width,
      imageHeight: height,
      version: 'a',
      parts: PART_NAMES.map((part, index) => ({
        part,
        runs: encodeRuns(this.map, index),
        area: areas[index] ?? 0,
        origin: 'hand',
      })),
    }
  }
}
