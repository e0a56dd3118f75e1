/** @file The 18 parts as the window lists them: shown, locked, how strong, how large, by whom. */
import type { FaceMasks, PartOrigin } from '../../../shared/answers'
import { COLOURS, namesOf, PART_NAMES, type PartName } from '../../../shared/labels'
import type { PartPreference } from './preferences'

export interface PartView {
  readonly name: PartName
  visible: boolean
  locked: boolean
  /** 0..1 */
  opacity: number
  /** Pixels of the face's grid. */
  area: number
  origin: PartOrigin
}

/** The parts before anything is open; `kept` in PART_NAMES' order. */
export function listParts(kept: readonly PartPreference[]): PartView[] {
  const plain = { visible: true, locked: false, opacity: 1 }
  return PART_NAMES.map((name, part) => ({ name, ...(kept[part] ?? plain), area: 0, origin: 'none' }))
}

/** A bit for each part that is visible, or locked. */
export function partBits(parts: readonly PartView[], field: 'visible' | 'locked'): number {
  return parts.reduce((bits, view, part) => (view[field] ? bits | (1 << part) : bits), 0)
}

/** Red, green, blue and opacity of each part, 0..1. */
export function partColours(parts: readonly PartView[]): Float32Array {
  return new Float32Array(
    parts.flatMap(({ name, opacity }) => [...COLOURS[name].map((channel) => channel / 255), opacity]),
  )
}

/** The names of a pixel's parts, topmost first. */
export function partNames(bits: number): PartName[] {
  return namesOf(bits).reverse()
}

/** Shows part `part` alone, or all parts where it is alone already. */
export function soloPart(parts: PartView[], part: number): void {
  const alone = parts.every((view, index) => view.visible === (index === part))
  parts.forEach((view, index) => (view.visible = alone || index === part))
}

/** Nothing is known of any part: no face is open. */
export function emptyParts(parts: PartView[]): void {
  for (const view of parts) {
    view.area = 0
    view.origin = 'none'
  }
}

/** Writes what a document and its store know into the list. */
export function describeParts(parts: PartView[], areas: readonly number[], masks?: FaceMasks): void {
  parts.forEach((view, part) => {
    view.area = areas[part] ?? 0
    if (masks) view.origin = masks.parts[part]?.origin ?? 'none'
  })
}
