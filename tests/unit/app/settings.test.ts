/** @file Settings on disk: kept over a restart, and a file that makes no sense is put aside, told, and lost nothing. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSettings } from '../../../src/main/app/settings'
import { Loudspeaker } from '../../../src/main/base/events'
import type { Events } from '../../../src/shared/api'
import { eventOf } from '../../helpers/app'
import { makeFolder } from '../../helpers/folder'

/** What serves where nothing was chosen. */
const DEFAULTS = openSettings('no such folder', new Loudspeaker()).current

test('are the defaults before anything was chosen, and nothing is written', async () => {
  const dataDir = join(await makeFolder(), 'data')
  expect(openSettings(dataDir, new Loudspeaker()).current).toMatchObject({
    language: null,
    theme: 'system',
    model: null,
    provider: 'auto',
    autoPredict: true,
    recent: [],
  })
  expect(existsSync(dataDir)).toBe(false)
})

test('are kept over a restart', async () => {
  const dataDir = join(await makeFolder(), 'data')
  const settings = openSettings(dataDir, new Loudspeaker())
  await settings.write({ theme: 'dark', recent: ['/a'] })
  await settings.write({ language: 'ko' })
  const expected = { ...DEFAULTS, theme: 'dark', recent: ['/a'], language: 'ko' }
  expect(settings.current).toEqual(expected)
  expect(openSettings(dataDir, new Loudspeaker()).current).toEqual(expected)
})

test('written all at once end as the newest, in memory and on disk', async () => {
  const dataDir = await makeFolder()
  const settings = openSettings(dataDir, new Loudspeaker())
  await Promise.all(Array.from({ length: 20 }, (_, i) => settings.write({ recent: [String(i)] })))
  expect(settings.current.recent).toEqual(['19'])
  expect(openSettings(dataDir, new Loudspeaker()).current.recent).toEqual(['19'])
})

test('of an older Facet are filled up with defaults', async () => {
  const dataDir = await makeFolder()
  await writeFile(join(dataDir, 'settings.json'), '{"theme":"light"}')
  expect(openSettings(dataDir, new Loudspeaker()).current).toEqual({ ...DEFAULTS, theme: 'light' })
})

test('of two processes are changed by each only where it changes them', async () => {
  const dataDir = await makeFolder()
  const [one, other] = [openSettings(dataDir, new Loudspeaker()), openSettings(dataDir, new Loudspeaker())]
  let heard = 0
  other.onChoice(() => heard++)
  await one.write({ model: 'night' })
  await other.write({ theme: 'dark' })
  const expected = { ...DEFAULTS, model: 'night', theme: 'dark' }
  expect(other.current).toEqual(expected)
  expect(heard).toBe(1)
  expect(openSettings(dataDir, new Loudspeaker()).current).toEqual(expected)
  expect(one.current.theme).toBe('system')
  expect(one.refresh()).toEqual(expected)
})

test('that the file does not take serve until the program ends', async () => {
  const dataDir = await makeFolder()
  const file = join(dataDir, 'settings.json')
  const settings = openSettings(dataDir, new Loudspeaker())
  await mkdir(file) // no write can replace a folder, whoever runs the tests
  await expect(settings.write({ theme: 'dark' })).rejects.toMatchObject({ code: 'file/unwritable' })
  await rmdir(file)
  await writeFile(file, '{"theme":"light","language":"ko"}')
  expect(settings.refresh()).toEqual({ ...DEFAULTS, theme: 'dark', language: 'ko' })
  await settings.write({ provider: 'cpu' })
  const expected = { ...DEFAULTS, theme: 'dark', language: 'ko', provider: 'cpu' }
  expect(openSettings(dataDir, new Loudspeaker()).current).toEqual(expected)
})

test('that make no sense and cannot be put aside are told, and the defaults serve', async () => {
  const dataDir = await makeFolder()
  const file = join(dataDir, 'settings.json')
  await writeFile(file, '{"theme":')
  await mkdir(`${file}.bad`) // in the way, whoever runs the tests
  const events = new Loudspeaker<Events>()
  expect(openSettings(dataDir, events).current).toEqual(DEFAULTS)
  expect((await eventOf(events, 'notice')).message).toMatch(
    /settings\.json could not be understood; it stays, since it could not be put aside as settings\.json\.bad \(.+\), and the defaults serve\.$/,
  )
  expect(await readFile(file, 'utf8')).toBe('{"theme":')
})

test.each(['', '{"theme":', '[]x', '{"theme":"pink"}', '{"recent":[1]}', '{"provider":null}'])(
  'that say %j are put aside, told, and the defaults serve',
  async (text) => {
    const dataDir = await makeFolder()
    const file = join(dataDir, 'settings.json')
    await mkdir(dataDir, { recursive: true })
    await writeFile(file, text)
    const events = new Loudspeaker<Events>()
    const settings = openSettings(dataDir, events)
    expect(settings.current).toEqual(DEFAULTS)
    expect(await eventOf(events, 'notice')).toEqual({
      level: 'warning',
      message: `${file} could not be understood; it was put aside as settings.json.bad and the defaults serve.`,
    })
    expect(await readFile(`${file}.bad`, 'utf8')).toBe(text)
    await settings.write({ theme: 'dark' })
    expect(openSettings(dataDir, events).current.theme).toBe('dark')
  },
)
