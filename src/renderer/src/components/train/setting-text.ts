/** @file The settings of a run, and what is noted of it, in the window's words. */
import { noteIn } from '../../../../shared/notes'
import type { TrainSettings } from '../../../../shared/training'
import { locale, t } from '../../i18n/i18n.svelte'
import { typedForm, type ChoiceOption, type Option } from '../../state/train-options'

type Choice = ChoiceOption['values'][number]

export function choiceLabel(value: Choice): string {
  return value === 'decoder' || value === 'full' ? t(`scope.${value}`) : t(`preserve.${value}`)
}

/** A setting as its field would hold it, or in words where it has none. */
export function settingText(option: Option, settings: TrainSettings): string {
  switch (option.kind) {
    case 'switch':
      return t(settings[option.name] === true ? 'train.on.yes' : 'train.on.no')
    case 'choice':
      return choiceLabel(settings[option.name])
    case 'list':
      return typedForm(option, settings) ?? t('train.smooth')
    case 'number':
      return typedForm(option, settings) ?? t('train.never')
  }
}

/** A note of a run in the window's language, parts by the names that the window gives them. */
export function noteText(note: string): string {
  return noteIn(locale.language, note, (part) => t(`part.${part}`))
}
