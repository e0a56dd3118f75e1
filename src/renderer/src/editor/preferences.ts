/** @file How a person likes the editor, kept in the browser's storage: what is read back is checked, what is odd is left out. */
import { PART_NAMES } from '../../../shared/labels'
import { TOOL_NAMES, type ToolName } from './desk'
import { OVERLAPS, type Overlap } from './ink'

export interface PartPreference {
  readonly visible: boolean
  readonly locked: boolean
  /** 0..1 */
  readonly opacity: number
}

export interface Preferences {
  readonly tool: ToolName
  readonly overlap: Overlap
  readonly brushSize: number
  /** 0..1 */
  readonly opacity: number
  /** In PART_NAMES' order. */
  readonly parts: readonly PartPreference[]
}

export const DEFAULTS: Preferences = {
  tool: 'brush',
  overlap: 'take',
  brushSize: 16,
  opacity: 0.5,
  parts: PART_NAMES.map(() => ({ visible: true, locked: false, opacity: 1 })),
}

const KEY = 'facet.editor'

type Fields = Record<string, unknown>
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}
const oneOf = <T>(list: readonly T[], value: unknown, other: T): T =>
  list.includes(value as T) ? (value as T) : other
const share = (value: unknown, other: number): number =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : other
const flag = (value: unknown, other: boolean): boolean => (typeof value === 'boolean' ? value : other)

/** The kept preferences, with defaults for what is missing, damaged or from another version. */
export function readPreferences(storage: Pick<Storage, 'getItem'> | undefined): Preferences {
  let kept: Fields = {}
  try {
    kept = fields(JSON.parse(storage?.getItem(KEY) ?? '{}'))
  } catch {
    // Storage may be forbidden or hold anything; defaults will do.
  }
  const parts = fields(kept['parts'])
  const size = kept['brushSize']
  return {
    tool: oneOf(TOOL_NAMES, kept['tool'], DEFAULTS.tool),
    overlap: oneOf(OVERLAPS, kept['overlap'], DEFAULTS.overlap),
    brushSize: typeof size === 'number' && size >= 1 ? Math.round(size) : DEFAULTS.brushSize,
    opacity: share(kept['opacity'], DEFAULTS.opacity),
    parts: PART_NAMES.map((name) => {
      const part = fields(parts[name])
      return {
        visible: flag(part['visible'], true),
        locked: flag(part['locked'], false),
        opacity: share(part['opacity'], 1),
      }
    }),
  }
}

/** Keeps the preferences; a storage that is full or forbidden is no reason to stop working. */
export function writePreferences(
  storage: Pick<Storage, 'setItem'> | undefined,
  preferences: Preferences,
): void {
  const parts = Object.fromEntries(PART_NAMES.map((name, part) => [name, preferences.parts[part]]))
  try {
    storage?.setItem(KEY, JSON.stringify({ ...preferences, parts }))
  } catch {
    return
  }
}
