/** @file Scores, shares, spans of time and dates as the window's language writes them. */
import type { ClassName } from '../../../shared/labels'
import { locale, t } from './i18n.svelte'

/** Decimals of a score: finer differences are within what another random start would give. */
const SCORE_DIGITS = 3
const NONE = '–'

/** A score 0..1 such as `0.612`; a dash for null, where there is nothing to score. */
export function formatScore(score: number | null): string {
  return score === null ? NONE : decimal(score, SCORE_DIGITS)
}

/** A change of a score with its sign: `+0.021`, `−0.004`; `±0.000` where it rounds to nothing. */
export function formatChange(change: number | null): string {
  if (change === null) return NONE
  const size = decimal(Math.abs(change), SCORE_DIGITS)
  const isNothing = Math.abs(change) < 0.5 * 10 ** -SCORE_DIGITS
  return `${isNothing ? '±' : change > 0 ? '+' : '−'}${size}`
}

/** A loss with three significant digits. */
export function formatLoss(loss: number | null): string {
  return loss === null ? NONE : loss.toLocaleString(locale.language, { maximumSignificantDigits: 3 })
}

/** A share 0..1 in percent. */
export function formatPercent(share: number, digits = 0): string {
  return share.toLocaleString(locale.language, { style: 'percent', maximumFractionDigits: digits })
}

/** A span such as `45 s`, `2 min 10 s`, `1 h 5 min`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return t('time.seconds', { s: whole })
  if (whole < 3600) return t('time.minutes', { m: Math.floor(whole / 60), s: whole % 60 })
  return t('time.hours', { h: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) })
}

/** A moment (milliseconds since 1970): the time of day for today, else the date as well. */
export function formatMoment(at: number, now = Date.now()): string {
  const [then, today] = [new Date(at), new Date(now)]
  const sameDay = then.toDateString() === today.toDateString()
  return then.toLocaleString(locale.language, {
    ...(sameDay ? {} : { dateStyle: 'medium' as const }),
    timeStyle: 'short',
  })
}

/** A class' name: a part's, or that of the background. */
export function labelOf(name: ClassName): string {
  return name === 'background' ? t('class.background') : t(`part.${name}`)
}

function decimal(value: number, digits: number): string {
  return value.toLocaleString(locale.language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
