/** @file Published checkpoints through the app: what a window is told of them, pausing by the job's name, one download at a time. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../../src/main/app/app'
import type { Published } from '../../../src/main/models/published'
import { makeCheckpoint } from '../../helpers/checkpoint'
import { serveFile } from '../../helpers/file_server'
import { makeFolder } from '../../helpers/folder'
import { mobilenetStateDict } from '../../helpers/segface'

test('a download is listed, paused, kept over a restart, resumed and installed', async () => {
  const checkpoint = makeCheckpoint(Object.fromEntries(mobilenetStateDict()), {
    container: 'state_dict_backbone',
    optimizerBytes: 200_000,
  })
  const server = await serveFile(checkpoint)
  onTestFinished(() => server.close())
  const published: Published = {
    name: 'small_64',
    arch: 'mobilenet',
    resolution: 64,
    classSet: 'celebamask-hq',
    path: 'small_64/model_299.pt',
    bytes: checkpoint.length,
    exact: true,
    sha256: server.sha256,
    score: 0.5,
    licence: 'MIT',
  }
  const folder = await makeFolder()
  const start = () => {
    const paths = {
      dataDir: join(folder, 'data'),
      resources: folder,
      renderer: folder,
      engineEntry: '',
      node: '',
    }
    const app = createApp({ paths, version: '0', language: 'en', published: [published] })
    onTestFinished(() => app.dispose())
    return app
  }
  await mkdir(join(folder, 'models'))
  const first = start()
  const state = async (app: typeof first) => (await app.call('models.published', {})).models[0]
  expect(await state(first)).toMatchObject({ name: 'small_64', fetched: 0, job: null, installed: null })

  await first.call('settings.write', { mirror: server.base })
  server.faults = [{ stallAfter: 50_000 }]
  const paused = first.call('models.download', { name: 'small_64', job: 'one' })
  const refused = expect(paused).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(async () => (await state(first))?.fetched).toBe(50_000)
  expect(await state(first)).toMatchObject({ job: 'one', fetched: 50_000 })
  await expect(first.call('models.download', { name: 'small_64', job: 'two' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await first.call('jobs.cancel', { job: 'one' })
  await refused
  expect(await state(first)).toMatchObject({ job: null, fetched: 50_000 })
  await first.dispose()

  const second = start()
  expect(await state(second)).toMatchObject({ fetched: 50_000, installed: null })
  expect(await second.call('models.download', { name: 'small_64' })).toMatchObject({ id: 'small_64' })
  expect(server.asked.at(-1)?.range).toBe('bytes=50000-')
  expect(await state(second)).toMatchObject({ fetched: 0, installed: 'small_64' })
  await expect(second.call('models.download', { name: 'none' })).rejects.toMatchObject({
    code: 'model/unknown',
  })
})
