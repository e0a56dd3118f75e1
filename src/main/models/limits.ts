/** @file What is worse with a model than its scores say, in sentences: faces that it was not trained on, parts it does not know. */
import { parse } from 'node:path'
import { ALL_PARTS, namesOf, PART_NAMES, partsOf, type Channel, type PartName } from '../../shared/labels'
import type { ClassSet } from '../../shared/network'
import { noteOf } from '../../shared/notes'
import type { Manifest } from './manifest'

export interface Abilities {
  /** What it was trained on; null for LaPa or Helen, nobody knows which. */
  readonly classSet: ClassSet | null
  readonly channels: readonly Channel[]
}

/** LaPa and Helen as SegFace's own loaders feed them (its datasets/lapa.py and helen.py, and the warp in its LaPa network). */
const ALIGNMENT = {
  'celebamask-hq': null,
  lapa: 'It was trained on LaPa, with each face warped (tanh, factor 0.8) by its eyes, nose and mouth corners; Facet feeds the whole picture unwarped, so its masks are worse than its scores say, the more the smaller or less central the face.',
  helen:
    'It was trained on Helen, with each picture cropped to a box 1.2 times the size of the face’s landmarks; Facet feeds the whole picture, so its masks are worse than its scores say, the more the less the face fills it.',
  other: null,
} as const satisfies Record<ClassSet, string | null>

const LAPA_OR_HELEN =
  'It was trained on LaPa or Helen, whose faces are warped or cropped by landmarks; Facet feeds the whole picture, so its masks are worse than its scores say.'

/** Parts by name that a network with these channels can make, in PART_NAMES' order. */
export function knownParts(channels: readonly Channel[]): PartName[] {
  return namesOf(partsOf(channels))
}

/** A model's card that also says its limits. */
export function withLimits(card: string, name: string, limits: readonly string[]): string {
  if (limits.length === 0 || limits.every((limit) => card.includes(limit))) return card
  return `${card || `# ${name}\n`}\n**Limits.** ${limits.join(' ')}\n`
}

/** Sentences on what a model cannot do; none where it is all that Facet's pictures and parts ask for. */
export function limitsOf({ classSet, channels }: Abilities): string[] {
  const alignment = classSet === null ? LAPA_OR_HELEN : ALIGNMENT[classSet]
  const known = knownParts(channels)
  const unknown = PART_NAMES.filter((name) => !known.includes(name))
  const parts = `It does not know ${unknown.join(', ')}: predictions leave these parts as they are.`
  return [...(alignment === null ? [] : [alignment]), ...(partsOf(channels) === ALL_PARTS ? [] : [parts])]
}

/** Says that nothing told the side that `model`, which came from `file`, is used at. */
export function assumedSide(model: string, side: number, file: string): string {
  const { name, ext } = parse(file)
  return noteOf('assumedSide', { model, side, example: `${name}_256${ext}` })
}

/** True for a model of which neither its file nor its name nor who imported it said the side. */
export function isAtAssumedSide({ name, resolution, source, warnings }: Manifest): boolean {
  return warnings.includes(assumedSide(name, resolution, source.file))
}
