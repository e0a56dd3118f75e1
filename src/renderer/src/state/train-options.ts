/** @file The options of a run as the page offers them: how each is shown, what it may be, and what a typed text means. */
import type {
  Preserve,
  Scope,
  TrainOptions,
  TrainOptionsInput,
  TrainSettings,
} from '../../../shared/training'

export type OptionName = keyof TrainOptions
export type OptionGroup = 'course' | 'rate' | 'pictures' | 'balance'

/** A number; `unit` of the option's own unit are one of what is typed: minutes for seconds. */
export interface NumberOption {
  readonly kind: 'number'
  readonly name: OptionName
  /** In what is typed. */
  readonly min: number
  readonly max: number
  readonly whole: boolean
  readonly unit: number
}
/** Ascending whole numbers with commas. */
export interface ListOption {
  readonly kind: 'list'
  readonly name: OptionName
}
interface SwitchOption {
  readonly kind: 'switch'
  readonly name: OptionName
}
/** One of a few, or null: Facet chooses. */
export interface ChoiceOption {
  readonly kind: 'choice'
  readonly name: 'scope' | 'preserve'
  readonly values: readonly (Scope | Preserve)[]
}
export type Option = NumberOption | ListOption | SwitchOption | ChoiceOption

function whole(name: OptionName, min: number, max: number): NumberOption {
  return { kind: 'number', name, min, max, whole: true, unit: 1 }
}

function real(name: OptionName, min: number, max: number, unit = 1): NumberOption {
  return { kind: 'number', name, min, max, whole: false, unit }
}

/** Bounds as in the contract's TRAIN_OPTIONS, without its checker. */
export const OPTIONS: Readonly<Record<OptionGroup, readonly Option[]>> = {
  course: [
    { kind: 'choice', name: 'scope', values: ['decoder', 'full'] },
    whole('epochs', 1, 10_000),
    real('time_limit', 0.1, 100_000, 60),
    whole('early_stopping', 0, 10_000),
  ],
  rate: [
    real('lr', 1e-8, 1),
    { kind: 'list', name: 'lr_schedule' },
    real('lr_schedule_gamma', 0.0001, 1),
    real('weight_decay', 0, 1),
    whole('train_bs', 1, 64),
  ],
  pictures: [
    whole('input_resolution', 32, 2048),
    { kind: 'switch', name: 'flip' },
    real('rotation', 0, 180),
    real('scale', 0, 1),
    real('colour', 0, 1),
  ],
  balance: [
    { kind: 'choice', name: 'preserve', values: ['none', 'replay'] },
    real('adapt_norms', 0, 1),
    { kind: 'switch', name: 'repeat_rare' },
    { kind: 'switch', name: 'dice_present' },
    real('ema', 0, 0.999999),
    whole('seed', 0, 2 ** 31 - 1),
  ],
}

export const OPTION_GROUPS = Object.keys(OPTIONS) as readonly OptionGroup[]

/** What a typed text asks for: a value, `automatic` where nothing is typed, `wrong` where it may not be. */
export type Typed = { readonly value: number | readonly number[] } | 'automatic' | 'wrong'

export function readTyped(option: NumberOption | ListOption, text: string): Typed {
  const trimmed = text.trim()
  if (trimmed === '') return 'automatic'
  return option.kind === 'list' ? readList(trimmed) : readNumber(option, trimmed)
}

function readNumber({ min, max, whole: isWhole, unit }: NumberOption, text: string): Typed {
  const typed = Number(text)
  const fits = typed >= min && typed <= max && (!isWhole || Number.isInteger(typed))
  return fits ? { value: typed * unit } : 'wrong'
}

function readList(text: string): Typed {
  const value = text.split(/[\s,]+/).filter((item) => item !== '').map(Number) // prettier-ignore
  const ascends = value.every((item, i) => Number.isInteger(item) && item > (value[i - 1] ?? 0))
  return ascends && value.length > 0 ? { value } : 'wrong'
}

/** The options with one of them set, or left to Facet again where `value` is undefined. */
export function withOption(
  options: TrainOptionsInput,
  name: OptionName,
  value: boolean | string | number | readonly number[] | undefined,
): TrainOptionsInput {
  const others = Object.fromEntries(Object.entries(options).filter(([key]) => key !== name))
  return value === undefined ? others : { ...others, [name]: value }
}

/** What a setting is, as it would be typed; null for one that is not used, such as no time limit. */
export function typedForm(option: Option, settings: TrainSettings): string | null {
  const value = settings[option.name]
  if (value === null) return null
  if (Array.isArray(value)) return value.join(', ')
  return option.kind === 'number'
    ? String(Number((Number(value) / option.unit).toPrecision(6)))
    : String(value)
}
