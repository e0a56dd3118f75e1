/** @file The settings of a run in words. */
import type { TrainSettings } from '../../../../shared/training'
import { t } from '../../i18n/i18n.svelte'
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
