/** @file What a training begins with, by the name on the command line: an architecture, a model, its folder, a checkpoint. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveBase } from '../../../src/main/app/training/base'
import { importModel } from '../../../src/main/models/importer'
import { MANIFEST_FILE } from '../../../src/main/models/manifest'
import { Registry } from '../../../src/main/models/registry'
import { noteIn } from '../../../src/shared/notes'
import { suiteFolder, testPaths } from '../../helpers/app'
import { writeMobilenet } from '../../helpers/segface'

let folder: Awaited<ReturnType<typeof suiteFolder>>
const at = (...parts: string[]): string => join(folder.path, ...parts)
const openRegistry = (name: string): Registry => new Registry(testPaths(at(name)))

beforeAll(async () => {
  folder = await suiteFolder()
  await writeMobilenet(at('mobilenet.pt'))
})

afterAll(() => folder.remove())

test('an architecture is a fresh network, also where a model is called that, which is told and gets another id', async () => {
  const registry = openRegistry('named')
  expect(await resolveBase(registry, 'mobilenet', '/faces')).toMatchObject({ model: null, notes: [] })
  const { manifest } = await importModel(registry, at('mobilenet.pt'))
  expect([manifest.id, manifest.name]).toEqual(['mobilenet-2', 'mobilenet'])
  const fresh = await resolveBase(registry, 'mobilenet', '/faces')
  expect(fresh).toEqual({
    ...{ id: 'mobilenet', arch: 'mobilenet', model: null },
    notes: [expect.stringMatching(/^mobilenet is a fresh network here, .* name it mobilenet-2\.$/)],
  })
  expect(fresh.notes.map((note) => noteIn('ko', note))).toEqual([
    expect.stringContaining('mobilenet-2(으)로 지정하세요'),
  ])
  expect((await resolveBase(registry, 'mobilenet-2', '/faces')).model?.manifest.id).toBe('mobilenet-2')
  expect(await resolveBase(registry, 'convnext_tiny', '/faces')).toMatchObject({ id: 'convnext_small' })
})

test('a checkpoint file of which nothing says the side warns each time it is begun with', async () => {
  const registry = openRegistry('file')
  const notes = async (): Promise<readonly string[]> =>
    (await resolveBase(registry, at('mobilenet.pt'), '/faces')).notes
  const first = await notes()
  expect(first).toEqual([
    expect.stringContaining('is now the model mobilenet-2'),
    expect.stringMatching(/^mobilenet is used at 512 pixels a side, .*mobilenet_256\.pt/),
  ])
  expect(await notes()).toEqual(first)
})

test('a model that has the id of an architecture, as earlier ones could, is named by its folder', async () => {
  const registry = openRegistry('earlier')
  const { folder: home, manifest } = await importModel(registry, at('mobilenet.pt'))
  const earlier = join(registry.folder, 'mobilenet')
  await cp(home, earlier, { recursive: true })
  const text = await readFile(join(earlier, MANIFEST_FILE), 'utf8')
  await writeFile(join(earlier, MANIFEST_FILE), text.replace(`"id": "${manifest.id}"`, '"id": "mobilenet"'))
  const { model, notes } = await resolveBase(registry, 'mobilenet', '/faces')
  expect(model).toBeNull()
  expect(notes).toContainEqual(expect.stringContaining(`name it ${earlier}.`))
  expect((await resolveBase(registry, earlier, '/faces')).model?.manifest.id).toBe('mobilenet')
})
