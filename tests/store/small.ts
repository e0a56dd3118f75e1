/** @file A workspace of one small picture to change by hand, and words for what is in it. */
import type { Store } from '../../src/main/store/store'
import { PART_INDEX, type PartName } from '../../src/shared/labels'
import type { Rect } from '../../src/shared/mask'
import { encodePatch, type MaskPatch } from '../../src/shared/patch'
import { addFace, copyOf, temporaryStore } from './helpers'

export const SIDE = 12
export const LABEL = { background: 0, neck: 1, skin: 2, hair: 14 } as const

/** A patch that adds `set` and takes `clear` all over `rect`. */
export function block(rect: Rect, set: PartName[], clear: PartName[] = []): MaskPatch {
  const bits = (names: PartName[]) => names.reduce((sum, name) => sum | (1 << PART_INDEX[name]), 0)
  const size = rect.width * rect.height
  return { rect, set: new Uint32Array(size).fill(bits(set)), clear: new Uint32Array(size).fill(bits(clear)) }
}

export function stroke(store: Store, face: number, part: PartName, patch: MaskPatch) {
  const change = { face, kind: 'stroke', label: 'brush', part: PART_INDEX[part], author: 'me' } as const
  return store.commit({ ...change, patch: encodePatch(patch) })
}

/** The picture's left half `left`, its right half `right`. */
export function halves(left: number, right: number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? left : right))
}

export function origin(store: Store, face: number, part: PartName) {
  return store.readFace(face).origins[PART_INDEX[part]]
}

export function area(store: Store, face: number, part: PartName) {
  return store.readFace(face).areas[PART_INDEX[part]]
}

/** Pixels, areas and origins of a face, apart from what the store remembers. */
export function snapshot(store: Store, face: number) {
  const { map, areas, origins } = store.readFace(face)
  return { map: copyOf(map), areas: areas.slice(), origins: origins.slice() }
}

export function workspace() {
  const store = temporaryStore()
  return { store, ...addFace(store, 'a.jpg', SIDE, SIDE) }
}

export const CORNER: Rect = { x: 0, y: 0, width: 4, height: 4 }
