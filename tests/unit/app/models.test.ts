/** @file Which model predicts: two apps over one data folder, and a model of the settings that is gone. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../helpers/folder'
import { openApp } from '../../helpers/open_app'

const DEFAULT = 'segface-mobilenet-by-facet'
const SHIPPED = resolve('resources', 'models', DEFAULT, 'weights.safetensors')

test('a model that another process chose stays chosen, and is not deleted', async () => {
  const dataDir = await makeFolder()
  const [one, other] = [openApp(dataDir), openApp(dataDir)]
  const { id } = await one.call('models.import', { file: SHIPPED, name: 'Second' })
  await one.call('models.promote', { model: id })
  await expect(other.call('models.delete', { model: id })).rejects.toMatchObject({ code: 'conflict' })
  await other.call('settings.write', { theme: 'dark' })
  expect(await openApp(dataDir).call('settings.read', {})).toMatchObject({ model: id, theme: 'dark' })
})

test('where the model of the settings is gone, doctor says so of the default one, and another is promoted', async () => {
  const dataDir = await makeFolder()
  await writeFile(join(dataDir, 'settings.json'), '{"model":"gone"}')
  const app = openApp(dataDir)
  const why = /^the model of the settings, "gone", is gone, and this is about the default one; \w/
  expect(await app.call('doctor.remembered', {})).toBeNull()
  const report = await app.call('doctor.run', {})
  expect(report).toMatchObject({ model: DEFAULT, why: expect.stringMatching(why) })
  expect((await app.call('doctor.remembered', {}))?.why).toBe(report.why)
  const { model, previous } = await app.call('models.promote', { model: DEFAULT })
  expect([model.id, previous.id]).toEqual([DEFAULT, DEFAULT])
  expect((await app.call('settings.read', {})).model).toBeNull()
})
