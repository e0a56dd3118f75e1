/** @file Images: scans that add, change and miss; review, split and settings; 100,000 rows. */
import { describe, expect, test } from 'vitest'
import { FacetError } from '../../src/shared/errors'
import { addFace, checkerboard, temporaryStore } from './helpers'

const FRESH = {
  version: expect.any(String) as string,
  status: 'untouched',
  split: null,
  golden: false,
  checked: null,
}
const file = (name: string, bytes = 10, mtimeMs = 1000.5) => ({ name, bytes, mtimeMs })

describe('a scan', () => {
  test('adds what is new, tells what changed, keeps what vanished', () => {
    const store = temporaryStore()
    const first = store.syncImages([file('b.jpg'), file('a.jpg'), file('deep/c.png')])
    expect(first.added.map(({ name }) => name)).toEqual(['b.jpg', 'a.jpg', 'deep/c.png'])
    expect([first.changed, first.missing]).toEqual([[], []])
    expect(store.listRows().map(({ name }) => name)).toEqual(['a.jpg', 'b.jpg', 'deep/c.png'])
    const [b, a, c] = first.added
    if (!a || !b || !c) throw new Error('the scan lost a file')

    store.setSize(a.id, 640, 480)
    store.setSize(b.id, 320, 200)
    const { id: face } = store.ensureFace(c.id, { width: 4, height: 4 })
    store.writePrediction({ face, labels: checkerboard(4, 4, 1, 2), model: 'm' })

    const second = store.syncImages([file('a.jpg'), file('b.jpg', 11), file('d.jpg')])
    expect(second.added.map(({ name }) => name)).toEqual(['d.jpg'])
    expect(second.changed).toEqual([{ ...b, version: expect.not.stringMatching(b.version) as string }])
    expect(second.missing).toEqual([{ ...c, status: 'predicted' }])
    expect(store.listRows().map(({ name }) => name)).toEqual(['a.jpg', 'b.jpg', 'd.jpg'])
    expect(store.image(a.id)).toMatchObject({ width: 640, height: 480, missing: false })
    expect(store.image(b.id)).toMatchObject({ width: null, height: null, bytes: 11 })
    expect(store.image(c.id)).toMatchObject({ missing: true, status: 'predicted' })

    const third = store.syncImages([file('a.jpg'), file('b.jpg', 11), file('d.jpg'), file('deep/c.png')])
    expect(third).toEqual({ added: [], changed: [{ ...c, status: 'predicted' }], missing: [] })
    expect(store.readFace(face).areas[0]).toBe(8)
  })

  test('gives an image another version than its namesake of another workspace has, and after each change of its file', () => {
    const store = temporaryStore()
    store.syncImages([file('zzz.jpg')])
    const [a] = store.syncImages([file('zzz.jpg'), file('a.jpg')]).added
    const versions = [a, ...temporaryStore().syncImages([file('a.jpg')]).added].map((row) => row?.version)
    const later = [file('a.jpg', 11), file('a.jpg', 11, 2000)]
    versions.push(...later.map((found) => store.syncImages([file('zzz.jpg'), found]).changed[0]?.version))
    expect(new Set(versions).size).toBe(4)
    expect(store.findImage('a.jpg')?.version).toBe(versions.at(-1))
  })

  test('comes in batches, and only its end marks anything missing', () => {
    const store = temporaryStore()
    store.syncImages([file('a.jpg'), file('b.jpg'), file('c.jpg')])
    const scan = store.scan()
    expect(scan.add([file('a.jpg')])).toEqual({ added: [], changed: [] })
    expect(store.listRows()).toHaveLength(3)
    expect(scan.add([file('d.jpg')]).added.map(({ name }) => name)).toEqual(['d.jpg'])
    expect(scan.finish().missing.map(({ name }) => name)).toEqual(['b.jpg', 'c.jpg'])
    expect(
      store
        .scan()
        .finish()
        .missing.map(({ name }) => name),
    ).toEqual(['a.jpg', 'd.jpg'])
  })

  test('of 100,000 files is listed whole', () => {
    const store = temporaryStore()
    const found = Array.from({ length: 100_000 }, (_, i) => file(`${String(i).padStart(6, '0')}.jpg`))
    expect(store.syncImages(found).added).toHaveLength(100_000)
    const rows = store.listRows()
    expect(rows).toHaveLength(100_000)
    expect(rows[4321]).toEqual({ id: 4322, name: '004321.jpg', ...FRESH })
    expect(store.syncImages(found)).toEqual({ added: [], changed: [], missing: [] })
  })
})

describe('an image', () => {
  test('is found by id and by name', () => {
    const store = temporaryStore()
    const { image } = addFace(store, 'a.jpg', 8, 8)
    expect(store.findImage('a.jpg')?.id).toBe(image)
    expect(store.findImage('A.jpg')).toBeNull()
    expect(store.rows([image, 99])).toEqual([{ id: image, name: 'a.jpg', ...FRESH }])
    for (const call of [
      () => store.image(99),
      () => store.ensureFace(99, { width: 1, height: 1 }),
      () => store.review(99, null),
    ])
      expect(call).toThrow(FacetError)
  })

  test('is reviewed and sorted into a split', () => {
    const store = temporaryStore()
    const { image } = addFace(store, 'a.jpg', 8, 8)
    expect(store.review(image, 'flagged').status).toBe('flagged')
    expect(store.review(image, 'accepted').status).toBe('accepted')
    expect(store.review(image, null).status).toBe('untouched')
    store.setSplit([image], 'val')
    expect(store.image(image).split).toBe('val')
    store.setSplit([image], null)
    expect(store.image(image).split).toBeNull()
  })

  test('is pinned for the gate, and vouched for in part', () => {
    const store = temporaryStore()
    const { image, face } = addFace(store, 'a.jpg', 8, 8)
    store.writePrediction({ face, labels: checkerboard(8, 8, 1, 2), model: 'm' })
    expect(store.pin(image, true)).toMatchObject({ id: image, golden: true, checked: null })
    expect(store.check(image, ['hair', 'neck'])).toMatchObject({ golden: true, checked: ['neck', 'hair'] })
    expect(store.decidedFaces()).toMatchObject([{ image, golden: true, checked: (1 << 13) | 1, parts: 3 }])
    expect(store.check(image, [])).toMatchObject({ checked: [] })
    expect(store.check(image, null)).toEqual(store.listRows()[0])
    expect(store.pin(image, false)).toMatchObject({ golden: false, checked: null })
    for (const call of [() => store.pin(99, true), () => store.check(99, null)])
      expect(call).toThrow('no image 99')
  })

  test('has one whole-picture face, whose grid is free until something is stored', () => {
    const store = temporaryStore()
    const { image, face } = addFace(store, 'a.jpg', 8, 6)
    expect(store.readFace(face).map).toMatchObject({ width: 8, height: 6 })
    expect(store.ensureFace(image, { width: 4, height: 3 })).toMatchObject({
      id: face,
      position: 0,
      region: null,
    })
    expect(store.readFace(face).map).toMatchObject({ width: 4, height: 3 })
    store.writePrediction({ face, labels: new Uint8Array(12), model: 'm' })
    expect(store.ensureFace(image, { width: 99, height: 99 }).grid).toEqual({ width: 4, height: 3 })
    expect(store.faces(image).map(({ id }) => id)).toEqual([face])
    for (const side of [0, -1, 1.5, 8193, NaN])
      expect(() => store.ensureFace(image, { width: side, height: 4 }), String(side)).toThrow('grid')
  })
})

test('settings are JSON by key', () => {
  const store = temporaryStore()
  expect(store.readSetting('lastImage')).toBeUndefined()
  store.writeSetting('lastImage', 7)
  store.writeSetting('view', { zoom: 1.5, parts: ['hair', '머리'] })
  store.writeSetting('lastImage', null)
  expect(store.readSetting('lastImage')).toBeNull()
  expect(store.readSetting('view')).toEqual({ zoom: 1.5, parts: ['hair', '머리'] })
  store.writeSetting('view', undefined)
  expect(store.readSetting('view')).toBeUndefined()
})
