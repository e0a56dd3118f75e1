/** @file Strokes, undo, redo, predictions and refusals, in any order and however slow the store: against replays and the store's truth. */
import { describe, expect, it } from 'vitest'
import { OVERLAPS } from '../../src/renderer/src/editor/ink'
import { dabAt } from '../../src/renderer/src/editor/stamp'
import { FacetError } from '../../src/shared/errors'
import { createPartMap, partAreas } from '../../src/shared/mask'
import { MemoryStore } from './memory-store'
import { Random } from './random'
import { firstDifference, slowCapsule, slowPaint, slowRegion, type Settings } from './slow'
import { TestEditor } from './test-editor'

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed)
const SIZE = { width: 150, height: 90 }
const copy = (bits: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => bits.slice()

/** Gives the hand other settings now and then. */
function shuffleSettings(editor: TestEditor, random: Random): void {
  editor.part = random.whole(0, 4)
  editor.overlap = random.of(OVERLAPS)
  editor.brushSize = random.of([1, 2, 3, 7, 12, 30, 60])
  editor.locked = new Set(seeds(5).filter(() => random.unit() < 0.15))
  editor.tool = random.of(['brush', 'brush', 'eraser', 'fill'] as const)
}

const anywhere = (random: Random): [number, number] => [random.between(-5, 155), random.between(-5, 95)]

describe('every edit stored before the next', () => {
  it.each(seeds(100))('equals a from-scratch replay, seed %i', async (seed) => {
    const random = new Random(seed)
    const editor = new TestEditor(new MemoryStore(createPartMap(SIZE.width, SIZE.height)))
    /** Whole states, the newest last, and those that were undone. */
    const past = [copy(editor.map.bits)]
    const future: Uint32Array<ArrayBuffer>[] = []
    for (let step = 0; step < 25; step++) {
      const current = past.at(-1) ?? editor.map.bits
      const choice = random.unit()
      if (choice < 0.2) {
        await editor.session.undo()
        const undone = past.length > 1 ? past.pop() : undefined
        if (undone) future.push(undone)
      } else if (choice < 0.35) {
        await editor.session.redo()
        const redone = future.pop()
        if (redone) past.push(redone)
      } else {
        shuffleSettings(editor, random)
        const after = { ...SIZE, bits: copy(current) }
        const { part, overlap, locked, tool } = editor
        const erase = tool === 'eraser' || random.unit() < 0.2
        const settings: Settings = { part, overlap, locked, erase }
        const points = seeds(random.whole(1, 5)).map(() => anywhere(random))
        const bail = tool !== 'fill' && random.unit() < 0.1
        const [first, ...rest] = points
        if (!first) continue
        editor.down(...first, { alt: erase }).move(...rest)
        if (bail) editor.toolbox.bail()
        else editor.up()
        if (tool === 'fill') {
          const [x, y] = first.map(Math.floor) as [number, number]
          if (x >= 0 && y >= 0 && x < SIZE.width && y < SIZE.height)
            slowPaint(after, slowRegion(after, x, y), settings)
        } else if (!bail) {
          points.forEach((point, i) => {
            const to = dabAt(...point, editor.brushSize)
            const from = dabAt(...(points[i - 1] ?? point), editor.brushSize)
            slowPaint(after, slowCapsule(SIZE, from, to), settings)
          })
        }
        if (after.bits.some((bits, i) => bits !== current[i])) {
          past.push(after.bits)
          future.length = 0
        }
      }
      await editor.idle()
      editor.frame()
      const expected = past.at(-1) ?? current
      expect(firstDifference(editor.map.bits, expected)).toBe(-1)
      expect(firstDifference(editor.store.map.bits, expected)).toBe(-1)
      expect(firstDifference(editor.texture, expected)).toBe(-1)
      expect(editor.document.areas).toEqual(partAreas(editor.map))
      const told = editor.states.at(-1)
      if (told) expect([told.canUndo, told.canRedo]).toEqual([past.length > 1, future.length > 0])
    }
    expect(editor.errors).toEqual([])
  })
})

describe('a slow and unwilling store', () => {
  /** A store that answers after 0 to 3 turns of the event loop, and refuses what `refuse` says. */
  function slowStore(random: Random, refuse: (method: string) => boolean): MemoryStore {
    return new MemoryStore(
      createPartMap(SIZE.width, SIZE.height),
      async () => {
        for (let turns = random.whole(0, 3); turns > 0; turns--) await turn()
      },
      (method) => {
        if (refuse(method)) throw new FacetError('store/busy', `The store refuses ${method}.`)
      },
    )
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it.each(seeds(100))('and the screen agree in the end, seed %i', async (seed) => {
    const random = new Random(seed)
    const unwilling = seed % 3 === 0
    const unreadable = seed % 6 === 0
    const store = slowStore(random, (method) =>
      method === 'masks.commit'
        ? unwilling && random.unit() < 0.3
        : method === 'masks.open' && unreadable && random.unit() < 0.9,
    )
    const editor = new TestEditor(store)
    for (let step = 0; step < 40; step++) {
      const choice = random.unit()
      if (editor.document.editing && choice < 0.5) editor.move(anywhere(random), anywhere(random))
      else if (editor.document.editing && choice < 0.9) editor.up()
      else if (editor.document.editing) editor.toolbox.bail()
      else if (choice < 0.6) {
        shuffleSettings(editor, random)
        editor.down(...anywhere(random))
      } else if (choice < 0.65) editor.clear(random.whole(0, 4))
      if (random.unit() < 0.2) void editor.session.undo()
      if (random.unit() < 0.1) void editor.session.redo()
      if (random.unit() < 0.05 && !unreadable) {
        const bit = 1 << random.whole(0, 4)
        const start = random.whole(0, 5000)
        store.predict((map) => map.bits.fill(bit, start, start + 4000))
        void editor.session.reload()
      }
      if (random.unit() < 0.6) await turn()
      if (random.unit() < 0.5) {
        editor.frame()
        expect(firstDifference(editor.texture, editor.map.bits)).toBe(-1)
      }
    }
    editor.up()
    await editor.idle()
    editor.frame()
    expect(firstDifference(editor.map.bits, store.map.bits)).toBe(-1)
    expect(firstDifference(editor.texture, store.map.bits)).toBe(-1)
    expect(editor.document.areas).toEqual(partAreas(store.map))
    if (!unwilling) expect(editor.errors).toEqual([])
  })

  it('keeps the order of the hand', async () => {
    const editor = new TestEditor(slowStore(new Random(1), () => false))
    editor.down(10, 10).up()
    void editor.session.undo()
    editor.down(30, 30).up()
    void editor.session.redo()
    void editor.session.reload()
    await editor.idle()
    expect(editor.store.calls).toEqual([
      'masks.commit', 'masks.undo', 'masks.commit', 'masks.redo', 'masks.open',
    ]) // prettier-ignore
    expect(editor.document.bitsAt(10, 10)).toBe(0)
    expect(editor.document.bitsAt(30, 30)).toBe(1)
  })

  it('takes a refused stroke back on screen, says so, and keeps the strokes after it', async () => {
    let left = 1
    const editor = new TestEditor(
      slowStore(new Random(2), (method) => method === 'masks.commit' && left-- > 0),
    )
    editor.down(10, 10).up()
    editor.down(40, 40).up()
    await editor.idle()
    expect(editor.errors).toHaveLength(1)
    expect(editor.document.bitsAt(10, 10)).toBe(0)
    expect(editor.document.bitsAt(40, 40)).toBe(1)
    expect(firstDifference(editor.store.map.bits, editor.map.bits)).toBe(-1)
  })

  it('lets a prediction land under a stroke in progress only when the stroke is done', async () => {
    const editor = new TestEditor(slowStore(new Random(3), () => false))
    editor.overlap = 'leave'
    editor.down(10, 10)
    editor.store.predict((map) => map.bits.fill(2))
    const landed = editor.session.reload()
    for (let i = 0; i < 20; i++) await turn()
    expect(editor.document.bitsAt(10, 10)).toBe(1)
    editor.move([20, 10]).up()
    await landed
    expect(editor.document.bitsAt(15, 10)).toBe(3)
    await editor.idle()
    expect(firstDifference(editor.store.map.bits, editor.map.bits)).toBe(-1)
  })

  it('is idle only when everything is stored', async () => {
    const editor = new TestEditor(slowStore(new Random(4), () => false))
    editor.down(10, 10).up()
    expect(editor.queue.size).toBe(1)
    const idle = editor.idle()
    editor.down(50, 50).up()
    await idle
    expect(editor.queue.size).toBe(0)
    expect(editor.states).toHaveLength(2)
  })
})
