/** @file What the user chose for all workspaces, in `settings.json` of the data folder; and what this program is. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Events } from '../../shared/api'
import { SETTINGS_SCHEMA, type Settings } from '../../shared/requests'
import { DEFAULT_SETTINGS } from '../../shared/settings'
import { reasonOf, writeFileAtomic } from '../base/fs'
import { Loudspeaker } from '../base/events'
import { ladder } from '../runtime/providers'
import type { Context, Handlers } from './app'

export interface SettingsFile {
  readonly current: Settings
  /** Changes what is given and nothing else that the file says, which another process may have written. */
  write(change: Partial<Settings>): Promise<Settings>
  /** Takes over what another process wrote into the file since. */
  refresh(): Settings
  /** Hears when another model, provider or precision is to predict. */
  onChoice(listener: () => void): void
}

/**
 * Reads the settings; a file that cannot be understood is put aside as `settings.json.bad` where that can be done, told, and
 * the defaults serve. Several processes may have one data folder.
 */
export function openSettings(dataDir: string, events: Loudspeaker<Events>): SettingsFile {
  const file = join(dataDir, 'settings.json')
  const changes = new Loudspeaker<{ choice: null }>()
  let current = DEFAULT_SETTINGS
  /** What the file did not take; it serves until the program ends. */
  let unwritten: Partial<Settings> = {}
  let written: Promise<unknown> = Promise.resolve()

  function take(change: Partial<Settings> = {}): Settings {
    const before = current
    const onDisk = read(file, (complaint) => {
      const serves = before === DEFAULT_SETTINGS ? 'the defaults serve' : 'what was set before serves'
      const message = `${complaint} and ${serves}.`
      // After those who want to hear it had a chance to listen.
      setImmediate(() => events.emit('notice', { level: 'warning', message }))
    })
    current = SETTINGS_SCHEMA.parse({ ...(onDisk ?? current), ...unwritten, ...change })
    unwritten = { ...unwritten, ...change }
    if (choiceIn(current) !== choiceIn(before)) changes.emit('choice', null)
    return current
  }

  async function write(change: Partial<Settings>): Promise<Settings> {
    const settings = take(change)
    mkdirSync(dataDir, { recursive: true })
    await writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`)
    unwritten = {}
    return settings
  }

  take()
  return {
    get current() {
      return current
    },
    write(change) {
      // One after the other, so that the newest is what stays.
      const turn = written.then(() => write(change))
      written = turn.catch(() => undefined)
      return turn
    },
    refresh: () => take(),
    onChoice: (listener) => void changes.on('choice', listener),
  }
}

/** What the file says, or null where there is none; one that makes no sense is put aside, which `complain` hears. */
function read(file: string, complain: (clause: string) => void): Settings | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  try {
    return SETTINGS_SCHEMA.parse({ ...DEFAULT_SETTINGS, ...(JSON.parse(text) as object) })
  } catch {
    complain(`${file} could not be understood; ${putAside(file)}`)
    return null
  }
}

/** Answers what came of it, as a clause. */
function putAside(file: string): string {
  try {
    renameSync(file, `${file}.bad`)
    return 'it was put aside as settings.json.bad'
  } catch (error) {
    return `it stays, since it could not be put aside as settings.json.bad (${reasonOf(error)}),`
  }
}

/** What decides how pictures are predicted. */
function choiceIn({ model, provider, int8 }: Settings): string {
  return JSON.stringify([model, provider, int8])
}

export function settingsHandlers({
  deps,
  settings,
}: Context): Pick<Handlers, 'app.info' | 'settings.read' | 'settings.write'> {
  return {
    'app.info': () => ({
      version: deps.version,
      language: deps.language,
      platform: process.platform,
      providers: ladder(),
      dataDir: deps.paths.dataDir,
      cores: cpus().length,
    }),
    'settings.read': () => settings.current,
    async 'settings.write'(change) {
      // zod gives left-out fields as undefined keys; those must not overwrite.
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      return settings.write(given)
    },
  }
}
