/** @file 8 bits: what they change is found out with the real engine, remembered for a model, and offered only where it is little. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Precisions } from '../../../src/main/app/precision'
import { Loudspeaker } from '../../../src/main/base/events'
import { networkOf, Registry } from '../../../src/main/models/registry'
import type { Events } from '../../../src/shared/api'
import { testPaths } from '../../helpers/app'
import { makeFolder } from '../../helpers/folder'

const FAKE = resolve('tests/helpers/fake_engine.mjs')

async function found(changed: readonly number[], ms: { float: number; int8: number }) {
  const paths = { ...testPaths(await makeFolder()), engineEntry: FAKE }
  const model = { id: 'model', weights: JSON.stringify({ changed, ms }), resolution: 256 }
  const precisions = new Precisions(paths, new Loudspeaker())
  const check = await precisions.check(model, { files: ['a.jpg'], own: true })
  return { check, model, paths }
}

describe('8 bits', () => {
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
