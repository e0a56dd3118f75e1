/** @file Workspaces through the app: where the store goes, one at a time, one Facet at a time, and folders that are datasets. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { App } from '../../../src/main/app/app'
import { treeRunsFolder } from '../../../src/main/app/training/earlier'
import { storeFolders, WorkspaceHolder } from '../../../src/main/app/workspace'
import { Loudspeaker } from '../../../src/main/base/events'
import { openStore } from '../../../src/main/store/open'
import type { WorkspaceInfo } from '../../../src/shared/answers'
import type { EventName, Events } from '../../../src/shared/api'
import { PART_INDEX } from '../../../src/shared/labels'
import { createPartMap, drawRuns } from '../../../src/shared/mask'
import { eventOf, makeApp, suiteFolder, testPaths } from '../../helpers/app'
import { makeCelebAMask } from '../../helpers/celebamask'
import { runInChild } from '../../helpers/child'
import { makeFolder } from '../../helpers/folder'
import { openApp } from '../../helpers/open_app'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'
import type readOnlyWorkspace from '../../helpers/read_only_task'

/** An app of the running test. */
async function openOnCpu(dataDir: string): Promise<App> {
  const app = openApp(dataDir)
  await app.call('settings.write', { provider: 'cpu' })
  return app
}

async function makePictures(folder: string, names: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true })
  const portrait = await drawPortrait(40, 30)
  for (const name of names) await writeJpeg(join(folder, name), portrait)
  return folder
}

/** Opens the folder and waits until it was walked through. */
async function open(app: App, path: string): Promise<WorkspaceInfo> {
  const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
  await app.call('workspace.open', { path })
  await scanned
  return (await app.call('workspace.current', {})) ?? expect.fail('nothing is open')
}

const names = async (app: App): Promise<string[]> =>
  (await app.call('images.list', {})).rows.map(({ name }) => name)

describe('the store', () => {
  test('lies beside the pictures', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    const info = await open(await openOnCpu(join(folder, 'data')), pictures)
    expect(info).toMatchObject({
      path: pictures,
      name: 'pictures',
      images: 1,
      store: join(pictures, '.facet'),
      scanning: false,
      lastImage: null,
    })
    expect(existsSync(join(pictures, '.facet', 'workspace.db'))).toBe(true)
  })

  /** Opens, marks and reopens a folder in which `.facet` cannot be. */
  async function expectApart(folder: string, pictures: string): Promise<void> {
    const app = await openOnCpu(join(folder, 'data'))
    const { store } = await open(app, pictures)
    expect(store.startsWith(join(folder, 'data', 'workspaces', 'pictures-'))).toBe(true)
    const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
    await app.call('images.review', { image, review: 'flagged' })
    await app.call('workspace.close', {})
    await open(app, pictures)
    expect((await app.call('images.list', {})).rows[0]?.status).toBe('flagged')
  }

  test('lies in the data folder where .facet cannot be made, and is found there again', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    await writeFile(join(pictures, '.facet'), 'a file of somebody else')
    await expectApart(folder, pictures)
  })

  const isBound = process.platform !== 'win32' && process.getuid?.() !== 0
  if (!isBound) console.info('left out: a read-only folder does not bind this user')
  test.runIf(isBound)('lies in the data folder where the pictures are read-only', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    await chmod(pictures, 0o555)
    onTestFinished(() => chmod(pictures, 0o755))
    await expectApart(folder, pictures)
  })
})

describe('the store stays where it is', () => {
  /** A holder of the running test, with what it tells. */
  function makeHolder(dataDir: string) {
    const events = new Loudspeaker<Events>()
    const notices: string[] = []
    events.on('notice', ({ message }) => notices.push(message))
    const paths = { dataDir, resources: '', renderer: '', engineEntry: '', node: '' }
    const holder = new WorkspaceHolder(paths, events)
    onTestFinished(() => holder.close())
    return { holder, notices }
  }

  /** Makes the store of `a.jpg`, with a flag where there is to be work, in `dir`. */
  function makeStore(dir: string, work: boolean): void {
    const store = openStore(join(dir, 'workspace.db'))
    store.syncImages([{ name: 'a.jpg', bytes: 1, mtimeMs: 1 }])
    if (work) store.review(1, 'flagged')
    store.close()
  }

  test('in the data folder, when .facet could be beside the pictures later', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    await writeFile(join(pictures, '.facet'), 'a file of somebody else')
    const app = await openOnCpu(join(folder, 'data'))
    const { store } = await open(app, pictures)
    const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
    await app.call('images.review', { image, review: 'flagged' })
    await app.call('workspace.close', {})
    await rm(join(pictures, '.facet'))
    expect((await open(app, pictures)).store).toBe(store)
    expect((await app.call('images.list', {})).rows[0]?.status).toBe('flagged')
    expect(existsSync(join(pictures, '.facet'))).toBe(false)
  })

  test('of two stores the one with work is used; where both have some, that beside the pictures, which is told', async () => {
    const folder = await makeFolder()
    const dataDir = join(folder, 'data')
    for (const [name, besideHasWork, apartHasWork] of [
      ['left', true, false],
      ['right', false, true],
      ['neither', false, false],
      ['both', true, true],
    ] as const) {
      const pictures = await makePictures(join(folder, name), ['a.jpg'])
      const [beside, apart] = storeFolders(pictures, dataDir)
      makeStore(beside, besideHasWork)
      makeStore(apart, apartHasWork)
      const { holder, notices } = makeHolder(dataDir)
      expect((await holder.open(pictures)).facetDir, name).toBe(name === 'right' ? apart : beside)
      await holder.close()
      expect(notices, name).toEqual(
        name === 'both'
          ? [expect.stringContaining(`lies in two places: ${beside} is used, ${apart} is not.`)]
          : [],
      )
    }
  })

  const bindsModes = process.platform !== 'win32'
  if (!bindsModes) console.info('left out: modes bind nobody here')
  test.runIf(bindsModes)('one that is read-only is read, and not opened', async () => {
    const folder = await makeFolder()
    await chmod(folder, 0o777)
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    const [beside] = storeFolders(pictures, '')
    const map = createPartMap(4, 4)
    map.bits.fill(1 << PART_INDEX.hair)
    const store = openStore(join(beside, 'workspace.db'))
    store.syncImages([{ name: 'a.jpg', bytes: 1, mtimeMs: 1 }])
    store.writeImport({ face: store.ensureFace(1, map).id, map, source: 'a hand' })
    store.close()
    const before = await readdir(beside)
    for (const path of [beside, pictures]) {
      await chmod(path, 0o555)
      onTestFinished(() => chmod(path, 0o755))
    }
    const found = await runInChild<typeof readOnlyWorkspace>('tests/helpers/read_only_task.ts', [
      pictures,
      join(folder, 'data'),
    ])
    expect(found).toMatchObject({
      refusal: expect.stringContaining(`${beside} holds what was done in ${pictures}`),
      rows: [{ name: 'a.jpg', status: 'corrected' }],
      map,
      notices: [],
      // Its trainings, which can be begun, are kept as a tree's are.
      runs: treeRunsFolder(join(folder, 'data')),
    })
    expect(existsSync(join(folder, 'data'))).toBe(false)
    expect(await readdir(beside)).toEqual(before)
  })
})

describe('one workspace at a time', () => {
  test('opening another closes the first, which another Facet may open then', async () => {
    const folder = await makeFolder()
    const [one, two] = [join(folder, 'one'), join(folder, 'two')]
    await makePictures(one, ['a.jpg'])
    await makePictures(two, ['b.jpg', 'c.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    await open(app, one)
    await open(app, two)
    expect(await names(app)).toEqual(['b.jpg', 'c.jpg'])
    expect((await app.call('settings.read', {})).recent).toEqual([two, one])
    const other = await openOnCpu(join(folder, 'other'))
    await open(other, one)
    expect(await names(other)).toEqual(['a.jpg'])
  })

  test('a second Facet is refused, and keeps what it has open', async () => {
    const folder = await makeFolder()
    const [one, two] = [join(folder, 'one'), join(folder, 'two')]
    await makePictures(one, ['a.jpg'])
    await makePictures(two, ['b.jpg'])
    await open(await openOnCpu(join(folder, 'data')), one)
    const second = await openOnCpu(join(folder, 'second'))
    await open(second, two)
    await expect(second.call('workspace.open', { path: one })).rejects.toMatchObject({
      code: 'store/busy',
      message: expect.stringContaining(join(one, '.facet', 'workspace.db')),
    })
    expect(await names(second)).toEqual(['b.jpg'])
  })

  test('asked for twice at once, a folder is opened once', async () => {
    const folder = await makeFolder()
    const one = await makePictures(join(folder, 'one'), ['a.jpg'])
    const two = await makePictures(join(folder, 'two'), ['b.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    const paths = [one, one, two, one]
    await Promise.all(paths.map((path) => app.call('workspace.open', { path })))
    expect((await app.call('workspace.current', {}))?.path).toBe(one)
  })

  test('of a folder that is used beside the open one, the window hears nothing', async () => {
    const folder = await makeFolder()
    const one = await makePictures(join(folder, 'one'), ['a.jpg'])
    const two = await makePictures(join(folder, 'two'), ['b.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    await open(app, one)
    const heard: EventName[] = []
    app.onAny((event) => heard.push(event))
    // Its scan finds a picture that has no masks yet.
    const request = { folder: two, out: join(folder, 'out'), only: 'all' } as const
    await expect(app.call('dataset.export', request)).rejects.toMatchObject({ code: 'not-found' })
    expect(heard).toEqual([])
  })

  test('the last picture shown is remembered', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg', 'b.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    await open(app, pictures)
    const image = (await app.call('images.list', {})).rows[1]?.id ?? 0
    await app.call('masks.open', { image })
    await app.call('workspace.close', {})
    expect(await app.call('workspace.current', {})).toBeNull()
    expect((await open(app, pictures)).lastImage).toBe(image)
  })

  test('a vanished picture leaves the list, and comes back with its review', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg', 'b.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    await open(app, pictures)
    const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
    await app.call('images.review', { image, review: 'accepted' })
    await app.call('workspace.close', {})
    await rename(join(pictures, 'a.jpg'), join(folder, 'a.jpg'))
    await open(app, pictures)
    expect(await names(app)).toEqual(['b.jpg'])
    await app.call('workspace.close', {})
    await rename(join(folder, 'a.jpg'), join(pictures, 'a.jpg'))
    await open(app, pictures)
    expect((await app.call('images.list', {})).rows[0]).toMatchObject({ id: image, status: 'accepted' })
  })
})

describe('what Facet wrote into a folder', () => {
  const model = 'segface-mobilenet-by-facet'

  test('is not listed with its photos', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    await makePictures(join(pictures, 'export'), ['b.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    const files = { input: pictures, model, provider: 'cpu', size: 32 } as const
    await app.call('predict.files', { ...files, layout: 'index', out: join(pictures, 'masks') })
    await app.call('predict.files', { ...files, out: join(pictures, 'export', 'parts') })
    await open(app, pictures)
    for (const { id } of (await app.call('images.list', {})).rows)
      await app.call('inference.predict', { image: id })
    const exported = join(pictures, 'tree')
    await app.call('dataset.export', { folder: pictures, out: exported, only: 'all' })
    await app.call('workspace.close', {})
    await open(app, pictures)
    expect(await names(app)).toEqual(['a.jpg', 'export/b.jpg'])
    // The folder that is opened is listed, whoever wrote it, and so is the one that is all there is.
    await open(app, exported)
    expect(await names(app)).toEqual(['CelebA-HQ-img/0.jpg', 'CelebA-HQ-img/1.jpg'])
    await mkdir(join(folder, 'unpacked'))
    await rename(exported, join(folder, 'unpacked', 'tree'))
    await app.call('workspace.close', {})
    await open(app, join(folder, 'unpacked'))
    expect(await names(app)).toEqual(['tree/CelebA-HQ-img/0.jpg', 'tree/CelebA-HQ-img/1.jpg'])
  })

  test('stays in the list where somebody worked on it', async () => {
    const folder = await makeFolder()
    const pictures = await makePictures(join(folder, 'pictures'), ['a.jpg'])
    const app = await openOnCpu(join(folder, 'data'))
    for (const name of ['worked-on', 'left-alone']) await makePictures(join(pictures, name), ['b.jpg'])
    await open(app, pictures)
    const worked = (await app.call('images.list', {})).rows.find(({ name }) => name === 'worked-on/b.jpg')
    await app.call('images.review', { image: worked?.id ?? 0, review: 'flagged' })
    await app.call('workspace.close', {})
    for (const name of ['worked-on', 'left-alone'])
      await writeFile(join(pictures, name, 'facet-names.csv'), 'id,name\r\n')
    await open(app, pictures)
    expect(await names(app)).toEqual(['a.jpg', 'worked-on/b.jpg'])
  })
})

describe('a CelebAMask-HQ tree opened as a workspace', () => {
  let folder: Awaited<ReturnType<typeof suiteFolder>>
  let app: App
  let maps: Awaited<ReturnType<typeof makeCelebAMask>>

  beforeAll(async () => {
    folder = await suiteFolder()
    const root = join(folder.path, 'tree')
    maps = await makeCelebAMask(root, { ids: [0, 7, 12], partition: '00000 0\n00007 1\n00012 2\n' })
    await writeJpeg(join(root, 'CelebA-HQ-img', '99.jpg'), await drawPortrait(40, 30))
    app = makeApp(join(folder.path, 'data'))
    await app.call('settings.write', { provider: 'cpu' })
    const imported = new Promise<void>((done) => {
      const seen = new Set<number>()
      app.on('masks.changed', ({ image }) => {
        if (seen.add(image).size === maps.size) done()
      })
    })
    await app.call('workspace.open', { path: root })
    await imported
  })

  afterAll(async () => {
    await app.dispose()
    await folder.remove()
  })

  test('lists the photos with their splits, not the masks', async () => {
    const { rows } = await app.call('images.list', {})
    expect(rows.map(({ name, split, status }) => [name, split, status])).toEqual([
      ['CelebA-HQ-img/0.jpg', 'train', 'corrected'],
      ['CelebA-HQ-img/7.jpg', 'val', 'corrected'],
      ['CelebA-HQ-img/12.jpg', 'test', 'corrected'],
      ['CelebA-HQ-img/99.jpg', null, 'untouched'],
    ])
  })

  test('has its masks as imported parts, on their own grid', async () => {
    const [row] = (await app.call('images.list', {})).rows
    const face = await app.call('masks.open', { image: row?.id ?? 0 })
    expect(face).toMatchObject({ width: 48, height: 48, imageWidth: 96, imageHeight: 96, canUndo: false })
    const map = createPartMap(face.width, face.height)
    face.parts.forEach((part, i) => drawRuns(map, i, part.runs))
    expect(map).toEqual(maps.get(0))
    expect(new Set(face.parts.map(({ origin }) => origin))).toEqual(new Set(['import']))
    expect(face.parts[PART_INDEX.skin]?.part).toBe('skin')
  })

  test('is not predicted over; a photo without masks is predicted', async () => {
    const ids = (await app.call('images.list', {})).rows.map(({ id }) => id)
    const [a = 0, b = 0, c = 0, bare = 0] = ids
    const predicted = eventOf(app, 'masks.changed')
    await app.call('inference.want', { current: a, next: [b, c, bare] })
    expect((await predicted).image).toBe(bare)
    for (const [image, kinds] of [
      [a, ['import']],
      [b, ['import']],
      [c, ['import']],
      [bare, ['prediction']],
    ] as const) {
      const { face } = await app.call('masks.open', { image })
      const { revisions } = await app.call('masks.history', { face })
      expect(revisions.map(({ kind }) => kind)).toEqual(kinds)
    }
  })
})

test('a folder is closed also where what is in work there cannot be left in peace', async () => {
  const folder = await makePictures(join(await makeFolder(), 'photos'), ['a.jpg'])
  const holder = new WorkspaceHolder({ ...testPaths(join(folder, '..', 'data')) }, new Loudspeaker<Events>())
  await holder.open(folder)
  let isBroken = true
  holder.onClose(() => (isBroken ? Promise.reject(new Error('The disk is full.')) : Promise.resolve()))
  await expect(holder.close()).rejects.toThrow('The disk is full.')
  expect(holder.current).toBeNull()
  isBroken = false
  expect((await holder.open(folder)).path).toBe(folder)
  await holder.close()
})
