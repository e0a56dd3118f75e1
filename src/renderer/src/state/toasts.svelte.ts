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
  /** What was attempted; the same done well takes the message away. */
  readonly action: Action | null
}

/** What a person does and may do again where it failed. */
export type Action = 'open' | 'browse' | 'review' | 'predict' | 'train' | 'export' | 'import' | 'settings'

/** Milliseconds a message stays: what must be read stays until it is dismissed or does not hold any more. */
const LIFE_MS: Readonly<Record<ToastLevel, number>> = { info: 5000, warning: Infinity, error: Infinity }
const MAX_SHOWN = 4

export class Toasts {
  items: readonly Toast[] = $state.raw([])
  private lastId = 0

  add(level: ToastLevel, title: string, message = '', action: Action | null = null): void {
    if (this.items.some((item) => item.title === title && item.message === message)) return
    const toast = { id: ++this.lastId, level, title, message, action }
    this.items = [...this.items, toast].slice(-MAX_SHOWN)
    if (LIFE_MS[level] < Infinity) setTimeout(() => this.dismiss(toast.id), LIFE_MS[level])
  }

  /** An error with its code's headline; being cancelled is what the user wanted and only news. */
  fail(error: unknown, action: Action | null = null): void {
    const { code, message } = toWire(error)
    const key: Key = `error.${code}`
    this.add(code === 'cancelled' ? 'info' : 'error', t(key), message, action)
    if (!(error instanceof FacetError)) console.error(error)
  }

  dismiss(id: number): void {
    this.items = this.items.filter((item) => item.id !== id)
  }

  /** Takes the newest away; false where there is none. */
  dismissNewest(): boolean {
    const newest = this.items.at(-1)
    if (newest) this.dismiss(newest.id)
    return newest !== undefined
  }

  /** The action went well: what was wrong with it does not hold any more. */
  settle(action: Action): void {
    this.items = this.items.filter((item) => item.action !== action)
  }

  /** What the message of this headline said does not hold any more. */
  withdraw(title: string): void {
    this.items = this.items.filter((item) => item.title !== title)
  }

  /** What they were about is left behind. */
  dropErrors(): void {
    this.items = this.items.filter((item) => item.level !== 'error')
  }
}
