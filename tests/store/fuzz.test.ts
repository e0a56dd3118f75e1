/** @file Random strokes, predictions, imports, undos, redos, failed batches and restarts against a slow model. */
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../src/main/store/open'
import type { Store } from '../../src/main/store/store'
import { PART_NAMES } from '../../src/shared/labels'
import { createPartMap, drawRuns } from '../../src/shared/mask'
import { applyPatch, decodePatch, encodePatch } from '../../src/shared/patch'
import { addFace, seeded, tamper, temporaryFolder, type Random } from './helpers'
import { SlowFace } from './slow'
import { randomStroke } from './strokes'

const WIDTH = 11
const HEIGHT = 9
const STEPS = 48

/** Labels in stripes, as dull as real ones, so that predictions sometimes agree. */
function randomLabels(random: Random): Uint8Array {
  const classes = Array.from({ length: 1 + random(3) }, () => random(6))
  const period = 2 + random(4)
  return Uint8Array.from(
    { length: WIDTH * HEIGHT },
    (_, i) => classes[Math.floor(i / period) % classes.length] ?? 0,
  )
}

/** One random thing done to both; parts are few, so that changes meet. */
function doSomething(random: Random, store: Store, face: number, slow: SlowFace): void {
  const { map } = store.readFace(face)
  const choice = random(20)
  if (choice < 8) {
    const part = random(5)
    const patch = randomStroke(random, map, part)
    const kind = random(4) === 0 ? 'operation' : 'stroke'
    store.commit({ face, kind, label: 'brush', part, patch: encodePatch(patch), author: 'me' })
    slow.commit(patch, part)
  } else if (choice < 12) {
    expect(store.undo(face).patch !== null).toBe(slow.undo())
  } else if (choice < 15) {
    expect(store.redo(face).patch !== null).toBe(slow.redo())
  } else if (choice < 18) {
    const labels = random(4) === 0 ? new Uint8Array(WIDTH * HEIGHT) : randomLabels(random)
    const force = random(4) === 0
    store.writePrediction({ face, labels, model: 'm', force })
    slow.predict(labels, force)
  } else if (choice === 18) {
    const imported = createPartMap(WIDTH, HEIGHT)
    for (let part = 0; part < 6; part++) applyPatch(imported, randomStroke(random, imported, part))
    store.writeImport({ face, map: imported, source: 'somewhere' })
    slow.import(imported.bits)
  } else {
    const review = ([null, 'accepted', 'flagged'] as const)[random(3)] ?? null
    store.review(1, review)
    slow.review = review
  }
}

function expectSame(store: Store, face: number, slow: SlowFace): void {
  const { map, areas, origins } = store.readFace(face)
  expect(Array.from(map.bits)).toEqual(slow.now.pixels)
  expect(origins).toEqual(slow.now.origins)
  expect(areas).toEqual(slow.areas)
  expect(store.state(face)).toMatchObject({
    canUndo: slow.canUndo,
    canRedo: slow.canRedo,
    status: slow.status,
  })
  expect(store.rows([1])[0]?.status).toBe(slow.status)
}

/** The rows a window reads, and the journal replayed from nothing, say the same as the masks. */
function expectOneTruth(store: Store, face: number): void {
  const { map, areas, origins } = store.readFace(face)
  const drawn = createPartMap(WIDTH, HEIGHT)
  store.partMasks(face).forEach((mask, part) => {
    expect(mask).toMatchObject({ part: PART_NAMES[part], area: areas[part], origin: origins[part] })
    drawRuns(drawn, part, mask.runs)
  })
  expect(drawn).toEqual(map)
  const replayed = createPartMap(WIDTH, HEIGHT)
  const rows = tamper(store.file, (database) =>
    database
      .prepare<[number], { patch: Buffer }>('SELECT patch FROM revision WHERE face_id = ? ORDER BY id')
      .all(face),
  )
  for (const { patch } of rows) applyPatch(replayed, decodePatch(inflateRawSync(patch), WIDTH, HEIGHT))
  expect(replayed).toEqual(map)
}

describe('the store agrees with the slow model', () => {
  test.each(Array.from({ length: 64 }, (_, i) => i + 1))('seed %i', (seed) => {
    const random = seeded(seed)
    const file = join(temporaryFolder(), 'workspace.db')
    let store = openStore(file)
    onTestFinished(() => store.close())
    const { face } = addFace(store, 'a.jpg', WIDTH, HEIGHT)
    addFace(store, 'b.jpg', WIDTH, HEIGHT)
    const slow = new SlowFace(WIDTH, HEIGHT)
    for (let step = 0; step < STEPS;) {
      if (random(12) === 0) {
        store.close()
        store = openStore(file)
      }
      // A few steps share a transaction, which is what makes 64 seeds quick; now and then one is given up.
      const length = 1 + random(6)
      store.batch(() => {
        for (let i = 0; i < length; i++, step++) {
          doSomething(random, store, face, slow)
          expectSame(store, face, slow)
        }
      })
      if (random(6) === 0) {
        const giveUp = () => {
          doSomething(random, store, 2, new SlowFace(WIDTH, HEIGHT))
          const part = random(18)
          const patch = encodePatch(randomStroke(random, store.readFace(face).map, part))
          store.commit({ face, kind: 'stroke', label: 'brush', part, patch, author: 'me' })
          store.undo(face)
          store.undo(face)
          throw new Error('given up')
        }
        const review = slow.review
        expect(() => store.batch(giveUp)).toThrow('given up')
        slow.review = review
        expectSame(store, face, slow)
      }
    }
    expectOneTruth(store, face)
    while (slow.undo()) store.undo(face)
    expectSame(store, face, slow)
    while (slow.redo()) store.redo(face)
    expectSame(store, face, slow)
    expectOneTruth(store, face)
  })
})
