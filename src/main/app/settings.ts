/** @file What the user chose for all workspaces, in `settings.json` of the data folder; and what this program is. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Events } from '../../shared/api'
import { SETTINGS_SCHEMA, type Settings } from '../../shared/requests'
import { DEFAULT_SETTINGS } from '../../shared/settings'
import { writeFileAtomic } from '../base/fs'
import type { Loudspeaker } from '../base/events'
import type { Context, Handlers } from './app'

export interface SettingsFile {
  readonly current: Settings
  write(change: Partial<Settings>): Promise<Settings>
}

/**
 * Reads the settings; a file that cannot be understood is put aside as `settings.json.bad`, told, and the defaults serve.
 */
export function openSettings(dataDir: string, events: Loudspeaker<Events>): SettingsFile {
  const file = join(dataDir, 'settings.json')
  let current = DEFAULT_SETTINGS
  let written: Promise<unknown> = Promise.resolve()
  let text: string | null = null
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // No settings yet: the defaults serve.
  }
  if (text !== null) {
    try {
      current = SETTINGS_SCHEMA.parse({ ...DEFAULT_SETTINGS, ...(JSON.parse(text) as object) })
    } catch {
      renameSync(file, `${file}.bad`)
      const message = `${file} could not be understood; it was put aside as settings.json.bad and the defaults serve.`
      setImmediate(() => events.emit('notice', { level: 'warning', message }))
    }
  }
  return {
    get current() {
      return current
    },
    async write(change) {
      current = SETTINGS_SCHEMA.parse({ ...current, ...change })
      const settings = current
      mkdirSync(dataDir, { recursive: true })
      // One after the other, so that the newest is what stays.
      const write = written.then(() => writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`))
      written = write.catch(() => undefined)
      await write
      return settings
    },
  }
}

export function settingsHandlers({
  deps,
  settings,
  inference,
}: Context): Pick<Handlers, 'app.info' | 'settings.read' | 'settings.write'> {
  return {
    'app.info': () => ({
      version: deps.version,
      language: deps.language,
      platform: process.platform,
      dataDir: deps.paths.dataDir,
      cores: cpus().length,
    }),
    'settings.read': () => settings.current,
    async 'settings.write'(change) {
      const before = settings.current
      // zod gives left-out fields as undefined keys; those must not overwrite.
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      const after = await settings.write(given)
      const choices = ({ model, provider, int8 }: Settings): string => JSON.stringify([model, provider, int8])
      if (choices(after) !== choices(before)) inference.reconsider()
      return after
    },
  }
}
