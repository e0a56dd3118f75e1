/** @file 8 bits: what they change is found out with the real engine, remembered for a model, and offered only where it is little. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Precisions } from '../../../src/main/app/precision'
import { Loudspeaker } from '../../../src/main/base/events'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { networkOf, Registry } from '../../../src/main/models/registry'
import type { Events } from '../../../src/shared/api'
import { eventOf, testPaths } from '../../helpers/app'
import { namedNetwork } from '../../helpers/backbone'
import { makeFolder } from '../../helpers/folder'
import { openApp } from '../../helpers/open_app'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

const FAKE = resolve('tests/helpers/fake_engine.mjs')

async function found(changed: readonly number[], ms: { float: number; int8: number }) {
  const paths = { ...testPaths(await makeFolder()), engineEntry: FAKE }
  const model = { id: 'model', weights: JSON.stringify({ changed, ms }), resolution: 256 }
  const precisions = new Precisions(paths, new Loudspeaker())
  const check = await precisions.check(model, { files: ['a.jpg'], own: true })
  return { check, model, paths }
}

describe('8 bits', () => {
  test(
    'predict only as the latest check says, and a doctor without pictures leaves it',
    { timeout: 180_000 },
    async () => {
      const folder = await makeFolder()
      const file = join(folder, 'swin_64.safetensors')
      await writeSafetensors(file, namedNetwork('swinv2_tiny'))
      const pictures = join(folder, 'pictures')
      await mkdir(pictures)
      await writeJpeg(join(pictures, 'a.jpg'), await drawPortrait(64, 64))
      const app = openApp(join(folder, 'data'))
      const { id: model } = await app.call('models.import', { file })
      await app.call('settings.write', { model, provider: 'cpu', int8: [model] })
      const open = async (): Promise<void> => {
        const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
        await app.call('workspace.open', { path: pictures })
        await scanned
      }
      const whyPredicted = async (): Promise<string> => {
        const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
        await app.call('inference.predict', { image })
        return (await app.call('inference.status', {})).why
      }
      await open()
      await app.call('models.precision', { model, check: true })
      // These weights are drawn by chance: what is found with them says nothing.
      const remembered = join(folder, 'data', 'precisions.json')
      const checks = JSON.parse(await readFile(remembered, 'utf8')) as Record<string, object>
      for (const check of Object.values(checks)) Object.assign(check, { changed: 0.0012, offered: true })
      await writeFile(remembered, JSON.stringify(checks))
      expect(await whyPredicted()).toContain('in 8 bits, which change 0.12 % of the pixels')

      await app.call('workspace.close', {})
      const { precision } = await app.call('doctor.run', {})
      expect(precision).toMatchObject({ own: true, changed: 0.0012, offered: true })
      await open()
      expect(await whyPredicted()).toContain('in 8 bits, which change 0.12 % of the pixels')

      const { check } = await app.call('models.precision', { model, check: true })
      expect(check?.changed).not.toBe(0.0012)
      const why = await whyPredicted()
      expect(why).not.toContain('0.12 %')
      expect(why.includes('8 bits')).toBe(check?.offered)
    },
  )

  test('are offered where they are faster and change less than half a percent of the pixels', async () => {
    const { check } = await found([0.001, 0.008, 0.003], { float: 600, int8: 300 })
    expect(check).toMatchObject({ pictures: 3, own: true, worst: 0.008, offered: true })
    expect(check.changed).toBeCloseTo(0.004)
  })

  test.each([
    ['change more', [0.006], { float: 600, int8: 300 }],
    ['are not faster', [0.001], { float: 600, int8: 580 }],
  ])('are not offered where they %s', async (_, changed, ms) => {
    expect((await found(changed, ms)).check.offered).toBe(false)
  })

  test('are remembered over a restart, for this model alone', async () => {
    const { check, model, paths } = await found([0.001], { float: 600, int8: 300 })
    const again = new Precisions(paths, new Loudspeaker())
    expect(await again.remembered(model)).toEqual(check)
    expect(await again.remembered({ ...model, id: 'another' })).toBeNull()
    expect(await again.remembered({ ...model, resolution: 512 })).toBeNull()
  })

  test('stay as the own pictures of the user had them where others are looked at', async () => {
    const { check, model, paths } = await found([0.001], { float: 600, int8: 300 })
    const file = join(paths.dataDir, 'precisions.json')
    const before = await readFile(file, 'utf8')
    const precisions = new Precisions(paths, new Loudspeaker())
    const worse = { ...model, weights: JSON.stringify({ changed: [0.4], ms: { float: 600, int8: 300 } }) }
    expect(await precisions.check(worse, { files: ['sample.jpg'], own: false })).toEqual(check)
    expect(await readFile(file, 'utf8')).toBe(before)
    expect(await precisions.check(worse, { files: ['b.jpg'], own: true })).toMatchObject({ offered: false })
    expect((await precisions.remembered(model))?.offered).toBe(false)
  })

  test('are found out again where what was remembered is damaged', async () => {
    const { model, paths } = await found([0.001], { float: 600, int8: 300 })
    await writeFile(join(paths.dataDir, 'precisions.json'), '{"model": 3')
    expect(await new Precisions(paths, new Loudspeaker()).remembered(model)).toBeNull()
  })

  test('are found out where there is no data folder to remember them in, which is told once', async () => {
    const dataDir = join(await makeFolder(), 'data')
    await writeFile(dataDir, 'a file in the place of the folder')
    const events = new Loudspeaker<Events>()
    const notices: Events['notice'][] = []
    events.on('notice', (notice) => notices.push(notice))
    const precisions = new Precisions({ ...testPaths(dataDir), engineEntry: FAKE }, events)
    const weights = JSON.stringify({ changed: [0.001], ms: { float: 600, int8: 300 } })
    const model = { id: 'model', weights, resolution: 256 }
    const check = await precisions.check(model, { files: ['a.jpg'], own: true })
    expect(check.offered).toBe(true)
    expect(await precisions.remembered(model)).toEqual(check)
    await precisions.check(model, { files: ['a.jpg'], own: true })
    const message = expect.stringMatching(`^Cannot write ${join(dataDir, 'precisions.json')}: `) as string
    expect(notices).toEqual([{ level: 'warning', message }])
  })

  test('change nothing in a network of convolutions, on pictures that come with Facet', async () => {
    const paths = testPaths(await makeFolder())
    const precisions = new Precisions(paths, new Loudspeaker())
    const model = networkOf(await new Registry(paths).find(null))
    const pictures = await precisions.pictures(null)
    expect(pictures.own).toBe(false)
    const check = await precisions.check(model, pictures)
    expect(check).toMatchObject({ pictures: pictures.files.length, own: false, changed: 0, worst: 0 })
    expect(check.offered).toBe(false)
  })

  test('need a picture that can be read', async () => {
    const folder = await makeFolder()
    const paths = testPaths(folder)
    const model = networkOf(await new Registry(paths).find(null))
    const damaged = join(folder, 'damaged.jpg')
    await copyFile(resolve('package.json'), damaged)
    const check = new Precisions(paths, new Loudspeaker()).check(model, { files: [damaged], own: true })
    await expect(check).rejects.toMatchObject({ code: 'file/unreadable' })
    await expect(readFile(join(folder, 'precisions.json'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
