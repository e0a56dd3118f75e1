/** @file One suite over every transport: what a window, a script or the command line may rely on. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../src/main/app/app'
import { PART_INDEX } from '../../src/shared/labels'
import { createPartMap, drawRuns, type PartMap } from '../../src/shared/mask'
import { applyPatch, decodePatch, diffPatch, encodePatch } from '../../src/shared/patch'
import type { FaceMasks } from '../../src/shared/answers'
import { eventOf, makeApp, suiteFolder } from '../helpers/app'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { TRANSPORTS, type Connection } from './transports'

function mapOf(face: FaceMasks): PartMap {
  const map = createPartMap(face.width, face.height)
  face.parts.forEach((part, i) => drawRuns(map, i, part.runs))
  return map
}

describe.each(Object.entries(TRANSPORTS))('over %s', (_name, open) => {
  let folder: Awaited<ReturnType<typeof suiteFolder>>
  let app: App
  let connection: Connection
  let pictures: string

  beforeAll(async () => {
    folder = await suiteFolder()
    pictures = join(folder.path, 'pictures')
    await mkdir(pictures)
    for (const name of ['b10.jpg', 'b9.jpg', 'a.jpg'])
      await writeJpeg(join(pictures, name), await drawPortrait(96, 64))
    app = makeApp(join(folder.path, 'data'))
    connection = await open(app, join(folder.path, 'data'))
  })

  afterAll(async () => {
    await connection.close()
    await app.dispose()
    await folder.remove()
  })

  test('answers what it is', async () => {
    expect(await connection.api.call('app.info', {})).toMatchObject({
      ...{ version: '0.0.0-test', language: 'en' },
      providers: expect.arrayContaining(['cpu']),
    })
  })

  test('tells errors as code, message and details', async () => {
    const { api } = connection
    await expect(api.call('images.list', {})).rejects.toMatchObject({ code: 'not-found' })
    await expect(api.call('workspace.open', { path: join(folder.path, 'nowhere') })).rejects.toMatchObject({
      code: 'file/unreadable',
      message: expect.stringContaining('nowhere does not exist; choose a folder of pictures'),
      details: { file: join(folder.path, 'nowhere') },
    })
    await expect(api.call('masks.undo', { face: 'one' } as never)).rejects.toMatchObject({
      code: 'request/invalid',
      details: { method: 'masks.undo', field: 'face' },
    })
    await expect(api.call('no.such' as never, {} as never)).rejects.toMatchObject({
      code: 'request/unknown-method',
    })
    await expect(api.call('toString' as never, {} as never)).rejects.toMatchObject({
      code: 'request/unknown-method',
    })
  })

  test('keeps settings, and left-out fields as they were', async () => {
    const { api } = connection
    await api.call('settings.write', { theme: 'dark' })
    await api.call('settings.write', { language: 'ko' })
    expect(await api.call('settings.read', {})).toMatchObject({
      theme: 'dark',
      language: 'ko',
      provider: 'auto',
    })
    await expect(api.call('settings.write', { theme: 'pink' } as never)).rejects.toMatchObject({
      code: 'request/invalid',
    })
  })

  test('lists folders for the folder browser', async () => {
    const listing = await connection.api.call('folders.list', { path: folder.path })
    expect(listing.folders.map(({ name }) => name)).toContain('pictures')
    expect(await connection.api.call('folders.list', { path: pictures })).toMatchObject({
      images: 3,
      folders: [],
    })
  })

  test('opens a folder, predicts, takes a stroke, undoes and redoes it, and exports', async () => {
    const { api } = connection
    await api.call('settings.write', { provider: 'cpu' })
    const scanned = eventOf(api, 'workspace.scan', ({ done }) => done)
    await api.call('workspace.open', { path: pictures })
    await scanned
    const { rows } = await api.call('images.list', {})
    expect(rows.map(({ name, status }) => [name, status])).toEqual([
      ['a.jpg', 'untouched'],
      ['b9.jpg', 'untouched'],
      ['b10.jpg', 'untouched'],
    ])
    const image = rows[0]?.id ?? 0

    const predicted = eventOf(api, 'masks.changed', (event) => event.image === image)
    await api.call('inference.want', { current: image, next: [] })
    await predicted
    const face = await api.call('masks.open', { image })
    expect(face).toMatchObject({ width: 96, height: 64, status: 'predicted', canUndo: false })
    expect(face.parts.every((part) => part.origin === 'model')).toBe(true)
    expect(await api.call('inference.status', {})).toMatchObject({
      provider: 'cpu',
      model: 'SegFace MobileNet (Facet)',
      problem: null,
    })

    const before = mapOf(face)
    const after: PartMap = { ...before, bits: before.bits.slice() }
    for (let x = 10; x < 30; x++) after.bits[20 * 96 + x] = 1 << PART_INDEX.hat
    const patch = encodePatch(diffPatch(before, after, { x: 0, y: 0, width: 96, height: 64 }))
    const listed = eventOf(api, 'images.changed', (event) => event.rows[0]?.id === image)
    const told = eventOf(api, 'masks.changed', (event) => event.image === image)
    const state = await api.call('masks.commit', {
      face: face.face,
      kind: 'stroke',
      label: 'brush',
      part: PART_INDEX.hat,
      patch,
    })
    expect(state).toMatchObject({ canUndo: true, canRedo: false, status: 'corrected' })
    expect((await listed).rows[0]?.status).toBe('corrected')
    expect(await told).toEqual({ image, face: face.face, revision: state.revision })
    expect(mapOf(await api.call('masks.open', { image })).bits).toEqual(after.bits)

    const undone = await api.call('masks.undo', { face: face.face })
    expect(undone).toMatchObject({ canUndo: false, canRedo: true, status: 'predicted' })
    const restored = { ...after, bits: after.bits.slice() }
    applyPatch(restored, decodePatch(undone.patch ?? new Uint8Array(), 96, 64))
    expect(restored.bits).toEqual(before.bits)
    await api.call('masks.redo', { face: face.face })
    expect(mapOf(await api.call('masks.open', { image })).bits).toEqual(after.bits)
    expect((await api.call('masks.history', { face: face.face })).revisions.map(({ kind }) => kind)).toEqual([
      'redo',
      'undo',
      'stroke',
      'prediction',
    ])

    await api.call('images.review', { image, review: 'accepted' })
    const progress = eventOf(api, 'job.progress', ({ job }) => job === 'e1')
    const out = join(folder.path, 'exported')
    expect(
      await api.call('dataset.export', { folder: null, out, only: 'accepted', job: 'e1' }),
    ).toMatchObject({ images: 1 })
    expect(await progress).toMatchObject({ method: 'dataset.export', done: 1, total: 1 })
  })

  test('vouches for parts of an image, pins it, and says what there is to learn from', async () => {
    const { api } = connection
    const row = (await api.call('images.list', {})).rows.find(({ status }) => status === 'accepted')
    const image = row?.id ?? expect.fail('no accepted image')
    expect(row).toMatchObject({ golden: false, checked: null })
    const told = eventOf(api, 'images.changed', ({ rows }) => rows[0]?.golden === true)
    expect(await api.call('images.pin', { image, golden: true })).toMatchObject({ id: image, golden: true })
    expect((await told).rows).toEqual([{ ...row, golden: true }])
    const survey = { model: null, images: 'accepted' } as const
    expect((await api.call('training.survey', survey)).images).toEqual({ train: 0, val: 0, golden: 1 })
    await api.call('images.pin', { image, golden: false })
    expect(await api.call('images.check', { image, parts: ['hat'] })).toMatchObject({ checked: ['hat'] })
    const { images, parts, settings } = await api.call('training.survey', survey)
    expect([images.train, parts.hat, parts.hair]).toEqual([1, 1, 0])
    expect(settings).toMatchObject({ scope: expect.any(String), epochs: expect.any(Number) })
    expect(await api.call('images.check', { image, parts: null })).toEqual(row)
    await expect(api.call('images.pin', { image: 9999, golden: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(api.call('training.survey', { model: null, options: { lr: 7 } })).rejects.toMatchObject({
      code: 'request/invalid',
      details: { field: 'options.lr' },
    })
    expect(await api.call('training.list', {})).toEqual({ runs: [], progress: null })
    await expect(api.call('training.show', { run: 1 })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('refuses to export over what Facet did not write, and leaves it', async () => {
    const out = join(folder.path, 'precious')
    await mkdir(out)
    await writeFile(join(out, 'thesis.txt'), 'years')
    await expect(
      connection.api.call('dataset.export', { folder: null, out, only: 'all' }),
    ).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a patch that does not fit the grid changes nothing', async () => {
    const { api } = connection
    const image = (await api.call('images.list', {})).rows[0]?.id ?? 0
    const before = await api.call('masks.open', { image })
    const patch = new Uint8Array([90, 0, 20, 1, 20, 1, 0])
    const stroke = { face: before.face, kind: 'stroke', label: 'brush', part: 0, patch } as const
    await expect(api.call('masks.commit', stroke)).rejects.toMatchObject({ code: 'file/malformed' })
    expect(await api.call('masks.open', { image })).toEqual(before)
  })
})
