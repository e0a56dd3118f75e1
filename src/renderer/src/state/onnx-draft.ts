/** @file What a person says of an ONNX file that Facet does not know: a description that grows by choices, and what it makes of a look. */
import type { ModelFile } from '../../../shared/answers'
import {
  CLASS_NAMES,
  CLASS_ORDER_NAMES,
  CLASS_ORDERS,
  type Channel,
  type ClassOrder,
} from '../../../shared/labels'
import {
  NORMALISATION_NAMES,
  NORMALISATIONS,
  type Normalisation,
  type OnnxUse,
  type PresetName,
  type Preprocessing,
  type Triple,
} from '../../../shared/network'

export type OnnxFile = Extract<ModelFile, { kind: 'onnx' }>

export interface OnnxDraft {
  /** The published network that it is; null for another one. */
  readonly preset: PresetName | null
  readonly use: OnnxUse
}

export function draftOf({ preset, proposal }: OnnxFile): OnnxDraft {
  return { preset, use: proposal }
}

/** As a published network is used, or on from where the draft is as one that nobody knows. */
export function withPreset(draft: OnnxDraft, file: OnnxFile, name: PresetName | null): OnnxDraft {
  const preset = file.presets.find((candidate) => candidate.name === name)
  if (!preset) return { ...draft, preset: null }
  return { preset: preset.name, use: { resolution: preset.resolution, onnx: preset.onnx } }
}

/** Another output; where it has another number of channels, in the order that is usual for so many. */
export function withOutput(draft: OnnxDraft, { maps }: OnnxFile, output: string): OnnxDraft {
  const count = maps.find(({ name }) => name === output)?.channels ?? 0
  const { classes } = draft.use.onnx
  return withOnnx(draft, { output, classes: count === classes.length ? classes : usualClasses(count) })
}

export function withClasses(draft: OnnxDraft, classes: readonly Channel[]): OnnxDraft {
  return withOnnx(draft, { classes: [...classes] })
}

export function withResolution(draft: OnnxDraft, resolution: number): OnnxDraft {
  return { ...draft, use: { ...draft.use, resolution } }
}

export function withNormalisation(draft: OnnxDraft, name: Normalisation): OnnxDraft {
  const { preprocessing } = draft.use.onnx
  const { mean, std } = NORMALISATIONS[name]
  const inOrder = ([r, g, b]: Readonly<Triple>): Triple =>
    preprocessing.colours === 'RGB' ? [r, g, b] : [b, g, r]
  return withOnnx(draft, { preprocessing: { ...preprocessing, mean: inOrder(mean), std: inOrder(std) } })
}

/** Means and deviations go with their colours. */
export function withColours(draft: OnnxDraft, colours: Preprocessing['colours']): OnnxDraft {
  const { preprocessing } = draft.use.onnx
  if (colours === preprocessing.colours) return draft
  const turned = ([first, second, third]: Triple): Triple => [third, second, first]
  const { mean, std } = preprocessing
  return withOnnx(draft, {
    preprocessing: { ...preprocessing, colours, mean: turned(mean), std: turned(std) },
  })
}

function withOnnx(draft: OnnxDraft, changes: Partial<OnnxUse['onnx']>): OnnxDraft {
  return { ...draft, use: { ...draft.use, onnx: { ...draft.use.onnx, ...changes } } }
}

/** The usual way by which it is normalised; null for numbers of its own. */
export function normalisationOf({ mean, std, colours }: Preprocessing): Normalisation | null {
  const inRgb = (triple: Triple) => (colours === 'RGB' ? triple : [...triple].reverse())
  const isSame = (a: Triple, b: Readonly<Triple>) =>
    inRgb(a).every((value, i) => Math.abs(value - (b[i] ?? 0)) < 1e-6)
  return (
    NORMALISATION_NAMES.find((name) => {
      const usual = NORMALISATIONS[name]
      return isSame(mean, usual.mean) && isSame(std, usual.std)
    }) ?? null
  )
}

/** The published orders of so many classes. */
export function ordersOf(count: number): ClassOrder[] {
  return CLASS_ORDER_NAMES.filter((name) => CLASS_ORDERS[name].length === count)
}

/** The published order that these classes are in; null for one of its own. */
export function orderOf(classes: readonly Channel[]): ClassOrder | null {
  return (
    ordersOf(classes.length).find((name) => CLASS_ORDERS[name].every((value, i) => value === classes[i])) ??
    null
  )
}

function usualClasses(count: number): Channel[] {
  const [order] = ordersOf(count)
  return order ? [...CLASS_ORDERS[order]] : Array.from({ length: count }, () => null)
}

/** True where at least one channel is a part of the face. */
export function makesParts({ use }: OnnxDraft): boolean {
  return use.onnx.classes.some((channel) => channel !== null && channel !== 'background')
}

/** SegFace's class numbers of what the network gave as numbers of its channels; what is none of ours is background. */
export function labelsOf(channels: Uint8Array, classes: readonly Channel[]): Uint8Array {
  const numbers = classes.map((name) => (name === null ? 0 : CLASS_NAMES.indexOf(name)))
  return channels.map((channel) => numbers[channel] ?? 0)
}

/** What of a description changes the network's answer, and not just its names; equal texts give equal looks. */
export function lookKey({ use: { resolution, onnx } }: OnnxDraft): string {
  return JSON.stringify([resolution, onnx.output, onnx.preprocessing])
}
