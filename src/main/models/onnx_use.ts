/**
 * @file How an ONNX file of others is fed and read, as far as that can be known: by its own notes, by what a preset looks like, by
 * the class names beside it. The rest is for a person to say.
 */
import { basename } from 'node:path'
import { z } from 'zod'
import { CLASS_NAMES, CLASS_ORDERS, type Channel } from '../../shared/labels'
import { SEGFACE_PREPROCESSING, type ClassSet, type OnnxUse } from '../../shared/network'
import { PREPROCESSING } from '../../shared/network_schema'
import { namedClasses } from './class_names'
import type { OnnxFile, OnnxMap } from './onnx_file'
import { channelCount, PRESETS, type Preset } from './presets'

const DEFAULT_RESOLUTION = 512

/** A way to use a file. */
export interface KnownUse extends Readonly<OnnxUse> {
  /** What kind of network it is: a preset's name, `mobilenet-onnx` for one that Facet exported, else `onnx`. */
  readonly arch: string
  readonly classSet: ClassSet
  readonly licence: string
  readonly preset: Preset | null
  /** True where nothing needs to be asked. */
  readonly sure: boolean
}

/** How Facet notes it in the files that it exports (exporter.ts). */
const ownNotes = z.object({
  arch: z.string(),
  classes: z.string().transform((text, context) => {
    try {
      return z.array(z.enum(CLASS_NAMES)).parse(JSON.parse(text))
    } catch {
      context.addIssue('not a list of classes')
      return z.NEVER
    }
  }),
  preprocessing: z.string().transform((text, context) => {
    try {
      return PREPROCESSING.pick({ mean: true, std: true }).parse(JSON.parse(text))
    } catch {
      context.addIssue('no normalisation')
      return z.NEVER
    }
  }),
  dataset: z.enum(['celebamask-hq', 'lapa', 'helen']).default('celebamask-hq'),
  licence: z.string().default('As of the model that it was exported from.'),
})

/** The best guess how to use a file: by its own notes, else by what a preset looks like, else by names beside it, else a start. */
export async function proposeUse(file: OnnxFile): Promise<KnownUse> {
  const own = ownUse(file)
  if (own) return own
  const preset = PRESETS.find((candidate) => looksLike(candidate, file))
  const named = await namedClasses(file.path)
  const use = preset && useOfPreset(preset, file)
  if (use && named && named.length === use.onnx.classes.length)
    return { ...use, onnx: { ...use.onnx, classes: [...named] } }
  return use ?? unknownUse(file, named)
}

/** What `preset` makes of a file; null where no output has as many channels as it has classes. */
export function useOfPreset(preset: Preset, file: OnnxFile): KnownUse | null {
  const { classSet, licence, preprocessing, order, name } = preset
  const map = mapOf(file, channelCount(preset))
  if (!map) return null
  return {
    resolution: file.input.size ?? preset.resolution,
    onnx: { input: file.input.name, output: map.name, classes: [...CLASS_ORDERS[order]], preprocessing },
    ...{ arch: name, classSet, licence, preset, sure: true },
  }
}

function looksLike(preset: Preset, file: OnnxFile): boolean {
  const { looks } = preset
  if (!looks) return false
  const maps = file.maps.filter(({ channels }) => channels === channelCount(preset))
  if (looks.input !== undefined && looks.input !== file.input.name) return false
  return looks.maps === undefined ? mapOf(file, channelCount(preset)) !== null : maps.length === looks.maps
}

/** The first output with so many channels, or that leaves them open. */
function mapOf({ maps }: OnnxFile, channels: number): OnnxMap | null {
  return maps.find((map) => map.channels === channels) ?? maps.find((map) => map.channels === null) ?? null
}

function ownUse(file: OnnxFile): KnownUse | null {
  const notes = ownNotes.safeParse(Object.fromEntries(file.metadata))
  if (!notes.success) return null
  const { arch, classes, preprocessing, dataset: classSet, licence } = notes.data
  const map = mapOf(file, classes.length)
  if (!map) return null
  return {
    resolution: file.input.size ?? DEFAULT_RESOLUTION,
    onnx: {
      input: file.input.name,
      output: map.name,
      classes,
      preprocessing: { ...SEGFACE_PREPROCESSING, ...preprocessing },
    },
    ...{ arch: `${arch}-onnx`, classSet, licence, preset: null, sure: true },
  }
}

/** A start for a person to go on from: the names beside the file, or the order that most have of so many classes. */
function unknownUse(file: OnnxFile, named: readonly Channel[] | null): KnownUse {
  const byNames = named && mapOf(file, named.length)
  const [first] = file.maps
  const map = byNames ?? first
  const count = map?.channels ?? 19
  const usual: readonly Channel[] =
    count === 19
      ? CLASS_ORDERS.zllrunning
      : count === 11
        ? CLASS_ORDERS.lapa
        : Array.from({ length: count }, () => null)
  return {
    resolution: file.input.size ?? DEFAULT_RESOLUTION,
    onnx: {
      input: file.input.name,
      output: map?.name ?? '',
      classes: [...(byNames && named ? named : usual)],
      preprocessing: { ...SEGFACE_PREPROCESSING, resize: 'bilinear' },
    },
    arch: 'onnx',
    classSet: 'other',
    licence: `Not known to Facet; ask who published ${basename(file.path)}.`,
    preset: null,
    sure: false,
  }
}
