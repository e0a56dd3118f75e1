/** @file Datasets in and out through the app: what an export vouches for, and which photo an import takes for its own. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../../src/main/store/open'
import { noteIn } from '../../../src/shared/notes'
import { makeCelebAMask, overlappingParts } from '../../helpers/celebamask'
import { digestFolder } from '../../helpers/folder_digest'
import { makeFolder } from '../../helpers/folder'
import { openApp } from '../../helpers/open_app'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

test('an export leaves out what nobody vouches for as a whole, and says so; of all it leaves out what has no masks', async () => {
  const folder = await makeFolder()
  const pictures = join(folder, 'pictures')
  await mkdir(pictures)
  const [map, portrait] = [overlappingParts('a face', 32, 32), await drawPortrait(32, 32)]
  const names = ['nothing.jpg', 'part.jpg', 'whole.jpg']
  for (const name of [...names, 'untouched.jpg']) await writeJpeg(join(pictures, name), portrait)
  const store = openStore(join(pictures, '.facet', 'workspace.db'))
  store.syncImages([...names, 'untouched.jpg'].map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
  const idOf = (name: string) => store.findImage(name)?.id ?? 0
  for (const name of names)
    store.writeImport({ face: store.ensureFace(idOf(name), map).id, map, source: 'a hand' })
  store.check(idOf('nothing.jpg'), [])
  store.check(idOf('part.jpg'), ['hair', 'hat'])
  store.close()
  const app = openApp(join(folder, 'data'))
  for (const format of ['celebamask-hq', 'index'] as const) {
    const request = { folder: pictures, out: join(folder, format), format } as const
    const { images, complaints } = await app.call('dataset.export', { ...request, only: 'corrected' })
    expect(images).toBe(1)
    expect(complaints).toEqual([
      { file: 'nothing.jpg', message: expect.stringContaining('No part of it is checked') },
      { file: 'part.jpg', message: expect.stringContaining('Only hair, hat of it') },
    ])
    expect(complaints.map(({ message }) => noteIn('ko', message))).toEqual([
      expect.stringMatching(/^확인한 부위가 없어/),
      expect.stringMatching(/^hair, hat 부위만/),
    ])
    expect(await readFile(join(folder, format, 'facet-names.csv'), 'utf8')).not.toMatch(/nothing|part/)
    const all = await app.call('dataset.export', { ...request, only: 'all' })
    expect([all.images, all.unmasked, all.complaints]).toEqual([3, 1, []])
  }
})

test('an export of nothing leaves what is there as it is, and says why', async () => {
  const folder = await makeFolder()
  const [tree, into, out] = [join(folder, 'tree'), join(folder, 'into'), join(folder, 'out')]
  await makeCelebAMask(tree, { ids: [1, 2], side: 16 })
  const app = openApp(join(folder, 'data'))
  await app.call('dataset.import', { dataset: tree, into })
  await app.call('dataset.export', { folder: into, out, only: 'corrected' })
  const before = await digestFolder(out)
  const request = { folder: into, out, only: 'accepted' } as const
  await expect(app.call('dataset.export', request)).rejects.toMatchObject({
    code: 'not-found',
    message: `No image is of the kind that was asked for (accepted), so nothing is exported; ${out} is as it was.`,
  })
  for (const name of ['1.jpg', '2.jpg']) await writeFile(join(into, name), 'no picture')
  await expect(app.call('dataset.export', { ...request, only: 'all' })).rejects.toMatchObject({
    code: 'image/unreadable',
    message: expect.stringMatching(/^Every image would be left out.*The first, 1\.jpg: The picture/),
  })
  expect(await digestFolder(out)).toEqual(before)
})

test('an export says which photos are gone, with their masks', async () => {
  const folder = await makeFolder()
  const [tree, into, out] = [join(folder, 'tree'), join(folder, 'into'), join(folder, 'out')]
  await makeCelebAMask(tree, { ids: [1, 2], side: 16 })
  const app = openApp(join(folder, 'data'))
  await app.call('dataset.import', { dataset: tree, into })
  await rm(join(into, '1.jpg'))
  const exported = await app.call('dataset.export', { folder: into, out, only: 'corrected' })
  expect(exported).toMatchObject({
    images: 1,
    complaints: [{ file: '1.jpg', message: expect.stringContaining('photo is not in the folder any more') }],
  })
})

test('another photo of the same name and size keeps its masks to itself', async () => {
  const folder = await makeFolder()
  const [tree, into] = [join(folder, 'tree'), join(folder, 'into')]
  await makeCelebAMask(tree, { ids: [1, 2], side: 16 })
  await mkdir(into)
  const [same, other] = await Promise.all(
    [1, 2].map((id) => readFile(join(tree, 'CelebA-HQ-img', `${id}.jpg`))),
  )
  if (!same || !other) throw new Error('the tree has no photos')
  await writeFile(join(into, '1.jpg'), same)
  // As two uncompressed pictures of one size are.
  other[other.length - 3] = (other[other.length - 3] ?? 0) ^ 1
  await writeFile(join(into, '2.jpg'), other)
  const app = openApp(join(folder, 'data'))
  const { images, complaints } = await app.call('dataset.import', { dataset: tree, into })
  expect(images).toBe(1)
  expect(complaints).toMatchObject([
    { file: join(into, '2.jpg'), message: expect.stringContaining('Another photo of this name') },
  ])
})

test('a mask that cannot be taken leaves its part unchecked: nobody learns from it that the part is absent', async () => {
  const folder = await makeFolder()
  const [tree, into] = [join(folder, 'tree'), join(folder, 'into')]
  await makeCelebAMask(tree, { ids: [1, 2], side: 16 })
  const masks = join(tree, 'CelebAMask-HQ-mask-anno', '0')
  await writeFile(join(masks, '00001_skin.png'), 'no picture')
  const app = openApp(join(folder, 'data'))
  const { complaints } = await app.call('dataset.import', { dataset: tree, into })
  expect(complaints).toEqual([
    { file: join(masks, '00001_skin.png'), message: expect.any(String) },
    { file: '1.jpg', message: expect.stringMatching(/^skin counts as unchecked/) },
  ])
  const out = join(folder, 'out')
  const exported = await app.call('dataset.export', { folder: into, out, only: 'corrected' })
  expect(exported).toMatchObject({
    images: 1,
    complaints: [{ file: '1.jpg', message: expect.stringMatching(/^Only (?!.*skin)/) }],
  })
  // The same tree opened as a workspace.
  await app.call('workspace.open', { path: tree })
  const rows = async () => (await app.call('images.list', {})).rows
  await expect
    .poll(async () => (await rows()).map(({ status }) => status))
    .toEqual(['corrected', 'corrected'])
  const [first, second] = await rows()
  expect(first?.checked).not.toContain('skin')
  expect(first?.checked).toHaveLength(17)
  expect(second?.checked).toBeNull()
})
