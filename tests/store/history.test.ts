/** @file Masks and their history: what each change keeps, what undo restores, what the image counts as. */
import { describe, expect, test } from 'vitest'
import { openStore } from '../../src/main/store/open'
import { ALL_PARTS, partsOf } from '../../src/shared/labels'
import { createPartMap, partMapFromLabels, type PartMap } from '../../src/shared/mask'
import { applyPatch, decodePatch } from '../../src/shared/patch'
import { checkerboard, copyOf, tamper } from './helpers'
import { area, block, CORNER, halves, LABEL, origin, SIDE, snapshot, stroke, workspace } from './small'

describe('a stroke', () => {
  test('is stored with what it changed, its parts by hand', () => {
    const { store, image, face } = workspace()
    expect(store.state(face)).toEqual({ revision: 0, canUndo: false, canRedo: false, status: 'untouched' })
    expect(stroke(store, face, 'skin', block(CORNER, ['skin']))).toEqual({
      revision: 1,
      canUndo: true,
      canRedo: false,
      status: 'corrected',
    })
    expect(area(store, face, 'skin')).toBe(16)
    expect(origin(store, face, 'skin')).toBe('hand')
    expect(origin(store, face, 'hair')).toBe('none')
    expect(store.image(image).status).toBe('corrected')
    expect(store.history(face, 10)).toEqual([
      { id: 1, kind: 'stroke', label: 'brush', parts: ['skin'], author: 'me', model: null, at: 1001 },
    ])
  })

  test('that changes nothing leaves no trace', () => {
    const { store, face } = workspace()
    const once = stroke(store, face, 'skin', block(CORNER, ['skin']))
    expect(stroke(store, face, 'skin', block({ ...CORNER, width: 2 }, ['skin'], ['hair']))).toEqual(once)
    expect(stroke(store, face, 'hair', block(CORNER, [], ['hair']))).toEqual(once)
    expect(store.history(face, 10)).toHaveLength(1)
  })

  test('that takes another part away makes both parts by hand', () => {
    const { store, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    expect(store.history(face, 10)).toHaveLength(1)
    stroke(store, face, 'neck', block(CORNER, ['neck'], ['skin']))
    expect([origin(store, face, 'neck'), origin(store, face, 'skin'), origin(store, face, 'hair')]).toEqual([
      'hand',
      'hand',
      'model',
    ])
    expect(area(store, face, 'skin')).toBe((SIDE * SIDE) / 2 - 16)
  })

  test('that uncovers a part which was there already makes it by hand all the same', () => {
    const { store, face } = workspace()
    const both = createPartMap(SIDE, SIDE)
    applyPatch(both, block(CORNER, ['skin', 'hair']))
    store.writeImport({ face, map: both, source: 'test' })
    stroke(store, face, 'skin', block(CORNER, ['skin'], ['hair']))
    expect([origin(store, face, 'skin'), origin(store, face, 'hair')]).toEqual(['hand', 'hand'])
    store.undo(face)
    expect([origin(store, face, 'skin'), origin(store, face, 'hair')]).toEqual(['import', 'import'])
  })

  test('that the database refuses half-way leaves everything as it was', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    const before = [snapshot(store, face), store.state(face), store.history(face, 10)]
    const refuse = "CREATE TRIGGER full BEFORE UPDATE ON image BEGIN SELECT RAISE(ABORT, 'no room'); END"
    tamper(store.file, (database) => database.exec(refuse))
    expect(() => stroke(store, face, 'hair', block(CORNER, ['hair'], ['skin']))).toThrow('no room')
    expect(() => store.undo(face)).toThrow('no room')
    expect([snapshot(store, face), store.state(face), store.history(face, 10)]).toEqual(before)
    tamper(store.file, (database) => database.exec('DROP TRIGGER full'))
    expect(store.undo(face)).toMatchObject({ canUndo: false, status: 'untouched' })
  })

  test('that leaves the grid is refused and nothing happens', () => {
    const { store, face } = workspace()
    for (const rect of [
      { ...CORNER, x: SIDE - 3 },
      { ...CORNER, y: SIDE },
    ])
      expect(() => stroke(store, face, 'skin', block(rect, ['skin']))).toThrow('leaves the grid')
    expect(store.state(face).revision).toBe(0)
    expect(() => stroke(store, 99, 'skin', block(CORNER, ['skin']))).toThrow('no face 99')
  })

  test('in a batch that fails is not kept, on disk or in memory', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    const before = [snapshot(store, face), store.state(face), store.history(face, 10)]
    expect(() =>
      store.batch(() => {
        stroke(store, face, 'hair', block(CORNER, ['hair'], ['skin']))
        store.undo(face)
        store.undo(face)
        throw new Error('the disk went away')
      }),
    ).toThrow('the disk went away')
    expect([snapshot(store, face), store.state(face), store.history(face, 10)]).toEqual(before)
  })
})

describe('undo and redo', () => {
  test('walk to the start and back, over a restart', () => {
    const { store, face } = workspace()
    const states = [snapshot(store, face)]
    for (const [part, x] of [['skin', 0], ['hair', 3], ['neck', 6]] as const) {
      stroke(store, face, part, block({ x, y: x, width: 5, height: 5 }, [part], part === 'skin' ? [] : ['skin']))
      states.push(snapshot(store, face))
    } // prettier-ignore
    store.undo(face)
    expect(snapshot(store, face)).toEqual(states[2])
    store.close()

    const again = openStore(store.file)
    expect(snapshot(again, face)).toEqual(states[2])
    expect(again.state(face)).toMatchObject({ canUndo: true, canRedo: true })
    again.undo(face)
    again.undo(face)
    expect(snapshot(again, face)).toEqual(states[0])
    expect(again.undo(face)).toEqual({ patch: null, ...again.state(face) })
    expect(again.state(face)).toMatchObject({ canUndo: false, canRedo: true, status: 'untouched' })
    for (const state of states.slice(1)) {
      again.redo(face)
      expect(snapshot(again, face)).toEqual(state)
    }
    expect(again.redo(face)).toEqual({ patch: null, ...again.state(face) })
    expect(again.history(face, 100).map(({ kind }) => kind).reverse()).toEqual([
      'stroke', 'stroke', 'stroke', 'undo', 'undo', 'undo', 'redo', 'redo', 'redo',
    ]) // prettier-ignore
    expect(again.history(face, 2).map(({ id }) => id)).toEqual([9, 8])
    again.close()
  })

  test('hand out the patch that a window has to apply', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    const shown: PartMap = copyOf(store.readFace(face).map)
    for (const step of [store.undo, store.redo]) {
      const { patch } = step.call(store, face)
      if (!patch) throw new Error('there was nothing to do')
      applyPatch(shown, decodePatch(patch, SIDE, SIDE))
      expect(shown).toEqual(store.readFace(face).map)
    }
  })

  test('a new stroke clears redo', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    store.undo(face)
    expect(stroke(store, face, 'hair', block(CORNER, ['hair']))).toMatchObject({
      canUndo: true,
      canRedo: false,
    })
    expect(store.redo(face).patch).toBeNull()
    expect(area(store, face, 'skin')).toBe(0)
  })

  test('restore who decided a part, and with it the status', () => {
    const { store, face } = workspace()
    expect(store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })).toEqual({
      revision: 1,
      canUndo: false,
      canRedo: false,
      status: 'predicted',
    })
    expect(stroke(store, face, 'skin', block(CORNER, [], ['skin'])).status).toBe('corrected')
    expect(stroke(store, face, 'skin', block({ ...CORNER, x: 8 }, ['skin'])).status).toBe('corrected')
    expect(store.undo(face).status).toBe('corrected')
    expect(origin(store, face, 'skin')).toBe('hand')
    expect(store.undo(face)).toMatchObject({ status: 'predicted', canUndo: false })
    expect(origin(store, face, 'skin')).toBe('model')
    expect(store.redo(face).status).toBe('corrected')
    expect(origin(store, face, 'skin')).toBe('hand')
  })
})

describe('a prediction', () => {
  test('keeps parts by hand, and gives their pixels to no other part', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    const after = store.writePrediction({ face, labels: halves(LABEL.hair, LABEL.skin), model: 'one' })
    expect(after).toMatchObject({ status: 'corrected', canUndo: true })
    expect(area(store, face, 'skin')).toBe(16)
    expect(area(store, face, 'hair')).toBe((SIDE * SIDE) / 2 - 16)
    expect([origin(store, face, 'skin'), origin(store, face, 'hair'), origin(store, face, 'hat')]).toEqual([
      'hand',
      'model',
      'model',
    ])
    expect(store.history(face, 1)).toMatchObject([{ kind: 'prediction', author: 'model', model: 'one' }])
    store.undo(face)
    expect(area(store, face, 'hair')).toBe(0)
    expect(area(store, face, 'skin')).toBe(16)
  })

  test('of a model that knows some parts only leaves the others as they are, and undecided ones undecided', () => {
    const { store, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.neck, LABEL.hair), model: 'all' })
    const parts = partsOf(['background', 'skin', 'hair'])
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.skin), parts, model: 'some' })
    expect([area(store, face, 'neck'), area(store, face, 'skin'), area(store, face, 'hair')]).toEqual([
      ...[(SIDE * SIDE) / 2, (SIDE * SIDE) / 2, 0],
    ])
    expect(store.history(face, 1)).toMatchObject([{ model: 'some', parts: ['skin', 'hair'] }])
    store.undo(face)
    expect([area(store, face, 'skin'), area(store, face, 'hair')]).toEqual([0, (SIDE * SIDE) / 2])

    const other = workspace()
    other.store.writePrediction({ face: other.face, labels: halves(LABEL.skin, 0), parts, model: 'some' })
    expect([origin(other.store, other.face, 'skin'), origin(other.store, other.face, 'neck')]).toEqual([
      ...['model', 'none'],
    ])
    expect(other.store.state(other.face).status).toBe('predicted')
  })

  test('by force replaces parts by hand, and one key brings them back', () => {
    const { store, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })
    stroke(store, face, 'neck', block(CORNER, ['neck'], ['skin']))
    const corrected = snapshot(store, face)
    const labels = checkerboard(SIDE, SIDE, LABEL.hair, LABEL.neck)
    expect(store.writePrediction({ face, labels, model: 'm', force: true })).toMatchObject({
      status: 'predicted',
    })
    expect(store.readFace(face).map).toEqual(partMapFromLabels(labels, SIDE, SIDE))
    expect(store.undo(face).status).toBe('corrected')
    expect(snapshot(store, face)).toEqual(corrected)
    store.undo(face)
    expect(store.state(face)).toMatchObject({ canUndo: false, canRedo: true, status: 'predicted' })
  })

  test('by force that agrees with the hand still gives provenance back', () => {
    const { store, face } = workspace()
    stroke(store, face, 'hair', block({ x: 0, y: 0, width: SIDE, height: SIDE }, ['hair']))
    store.writePrediction({ face, labels: halves(LABEL.hair, LABEL.hair), model: 'm', force: true })
    expect([origin(store, face, 'hair'), store.state(face).status]).toEqual(['model', 'predicted'])
    store.undo(face)
    expect([origin(store, face, 'hair'), store.state(face).status]).toEqual(['hand', 'corrected'])
  })

  test('after a prediction is undoable down to the first, and the same again is not', () => {
    const { store, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'one' })
    const first = snapshot(store, face)
    expect(
      store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'one' }).canUndo,
    ).toBe(false)
    expect(
      store.writePrediction({ face, labels: halves(LABEL.hair, LABEL.skin), model: 'two' }).canUndo,
    ).toBe(true)
    expect(store.undo(face).canUndo).toBe(false)
    expect(snapshot(store, face)).toEqual(first)
  })

  test('of nothing at all counts as predicted', () => {
    const { store, face } = workspace()
    expect(store.writePrediction({ face, labels: halves(0, 0), model: 'm' }).status).toBe('predicted')
    expect(store.readFace(face).origins).toEqual(new Array(18).fill('model'))
  })

  test('of another size is refused', () => {
    const { store, face } = workspace()
    expect(() => store.writePrediction({ face, labels: new Uint8Array(9), model: 'm' })).toThrow('12 x 12')
  })
})

describe('an import', () => {
  const masks = createPartMap(SIDE, SIDE)
  masks.bits.fill(ALL_PARTS, 10, 30)

  test('decides all parts and cannot be undone where nothing was', () => {
    const { store, face } = workspace()
    expect(store.writeImport({ face, map: masks, source: 'celebamask-hq' })).toMatchObject({
      canUndo: false,
      status: 'corrected',
    })
    expect(store.readFace(face)).toMatchObject({ map: masks, areas: new Array(18).fill(20) })
    expect(store.readFace(face).origins).toEqual(new Array(18).fill('import'))
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })
    expect(store.readFace(face).map).toEqual(masks)
    expect(store.state(face).canUndo).toBe(false)
  })

  test('over work can be undone', () => {
    const { store, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })
    const before = snapshot(store, face)
    expect(store.writeImport({ face, map: masks, source: 'celebamask-hq' }).canUndo).toBe(true)
    expect(store.history(face, 1)).toMatchObject([{ kind: 'import', label: 'celebamask-hq' }])
    expect(store.undo(face).status).toBe('predicted')
    expect(snapshot(store, face)).toEqual(before)
    store.redo(face)
    expect(store.readFace(face).map).toEqual(masks)
    expect(masks.bits.slice(0, 10).every((bits) => bits === 0)).toBe(true)
  })

  test('of another grid is refused', () => {
    const { store, face } = workspace()
    expect(() => store.writeImport({ face, map: createPartMap(4, 4), source: 'x' })).toThrow('4 x 4')
  })
})

describe('a review', () => {
  test('accepted is taken back by whatever changes the masks', () => {
    const { store, image, face } = workspace()
    store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' })
    store.review(image, 'accepted')
    expect(stroke(store, face, 'skin', block(CORNER, ['skin'])).status).toBe('accepted')
    expect(stroke(store, face, 'neck', block(CORNER, ['neck'])).status).toBe('corrected')
    expect(store.image(image).review).toBeNull()
    store.review(image, 'accepted')
    expect(store.undo(face).status).toBe('predicted')
    store.review(image, 'accepted')
    expect(store.writePrediction({ face, labels: halves(LABEL.skin, LABEL.hair), model: 'm' }).status).toBe(
      'accepted',
    )
    expect(store.writePrediction({ face, labels: halves(0, 0), model: 'm' }).status).toBe('predicted')
  })

  test('flagged stays', () => {
    const { store, image, face } = workspace()
    store.review(image, 'flagged')
    expect(stroke(store, face, 'skin', block(CORNER, ['skin'])).status).toBe('flagged')
    expect(store.review(image, null).status).toBe('corrected')
  })
})
