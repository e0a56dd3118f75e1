/** @file Short messages over the window: errors and news that belong to no control. */
import type { Key } from '../i18n/catalogue'
import { FacetError, toWire } from '../../../shared/errors'
import { t } from '../i18n/i18n.svelte'

export type ToastLevel = 'info' | 'warning' | 'error'

export interface Toast {
  readonly id: number
  readonly level: ToastLevel
  /** Headline in the window's language. */
  readonly title: string
  /** The backend's own sentence. */
  readonly message: string
}

/** Milliseconds a message stays; errors stay until they are dismissed. */
const LIFE_MS: Readonly<Record<ToastLevel, number>> = { info: 5000, warning: 10_000, error: Infinity }
const MAX_SHOWN = 4

export class Toasts {
  items: readonly Toast[] = $state.raw([])
  private lastId = 0

  add(level: ToastLevel, title: string, message = ''): void {
    if (this.items.some((item) => item.title === title && item.message === message)) return
    const toast = { id: ++this.lastId, level, title, message }
    this.items = [...this.items, toast].slice(-MAX_SHOWN)
    if (LIFE_MS[level] < Infinity) setTimeout(() => this.dismiss(toast.id), LIFE_MS[level])
  }

  /** An error with its code's headline; being cancelled is what the user wanted and only news. */
  fail(error: unknown): void {
    const { code, message } = toWire(error)
    const key: Key = `error.${code}`
    this.add(code === 'cancelled' ? 'info' : 'error', t(key), message)
    if (!(error instanceof FacetError)) console.error(error)
  }

  dismiss(id: number): void {
    this.items = this.items.filter((item) => item.id !== id)
  }
}
