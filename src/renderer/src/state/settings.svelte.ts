/** @file The user's settings: shown as they are chosen, kept by the backend. */
import type { Settings } from '../../../shared/requests'
import { DEFAULT_SETTINGS } from '../../../shared/settings'
import type { Backend } from '../backend'
import { firstLanguage, locale } from '../i18n/i18n.svelte'

export class SettingsState {
  value: Settings = $state.raw(DEFAULT_SETTINGS)
  private systemLanguages: readonly string[] = []

  constructor(private readonly backend: Backend) {}

  /** Reads them; `systemLanguages` (such as `['ko-KR']`) decide where no language is chosen. */
  async read(systemLanguages: readonly string[]): Promise<void> {
    this.systemLanguages = systemLanguages
    this.take(await this.backend.call('settings.read', {}))
  }

  /** Changes some at once on screen; the backend's answer, or its refusal, has the last word. */
  async write(changes: Partial<Settings>): Promise<void> {
    const before = this.value
    this.take({ ...before, ...changes })
    try {
      this.take(await this.backend.call('settings.write', changes))
    } catch (error) {
      this.take(before)
      throw error
    }
  }

  private take(value: Settings): void {
    this.value = value
    locale.language = firstLanguage(value.language, this.systemLanguages)
  }
}

/** The theme to draw: the chosen one, else the system's. */
export function themeOf(theme: Settings['theme'], systemDark: boolean): 'light' | 'dark' {
  return theme === 'system' ? (systemDark ? 'dark' : 'light') : theme
}
