/** @file The tools as state machines: where the editor is, what a gesture leaves behind, what Escape takes back. */
import { describe, expect, it } from 'vitest'
import { createPartMap } from '../../src/shared/mask'
import { MemoryStore } from './memory-store'
import { TestEditor } from './test-editor'

const make = (): TestEditor => new TestEditor(new MemoryStore(createPartMap(40, 30)))
const painted = (editor: TestEditor): number => editor.map.bits.filter((bits) => bits !== 0).length

describe('toolbox', () => {
  it('goes from idle to painting and back, and one stroke is one commit', async () => {
    const editor = make()
    expect(editor.path).toBe('brush.idle')
    editor.down(10, 10)
    expect(editor.path).toBe('brush.painting')
    editor.move([12, 10], [14, 11]).move([20, 20])
    expect(editor.path).toBe('brush.painting')
    expect(editor.store.calls).toEqual([])
    editor.up()
    expect(editor.path).toBe('brush.idle')
    expect(editor.store.calls).toEqual(['masks.commit'])
    await editor.idle()
    expect(editor.store.map.bits).toEqual(editor.map.bits)
  })

  it('takes the stroke back on Escape and commits nothing', async () => {
    const editor = make()
    editor.down(10, 10).move([30, 20])
    expect(painted(editor)).toBeGreaterThan(100)
    expect(editor.toolbox.bail()).toBe(true)
    expect(editor.path).toBe('brush.idle')
    expect(painted(editor)).toBe(0)
    editor.up()
    await editor.idle()
    expect(editor.store.calls).toEqual([])
    expect(editor.toolbox.bail()).toBe(false)
  })

  it('sends nothing for a stroke that changes nothing', async () => {
    const editor = make()
    editor.tool = 'eraser'
    editor.down(10, 10).move([30, 20]).up()
    await editor.idle()
    expect(editor.store.calls).toEqual([])
  })

  it.each(['right button', 'Alt'] as const)('erases with the %s', (how) => {
    const editor = make()
    editor.brushSize = 9
    editor.down(10, 10).up()
    editor.part = 1
    editor.overlap = 'leave'
    editor.down(10, 10).up()
    const both = editor.document.bitsAt(10, 10)
    editor.down(10, 10, how === 'Alt' ? { alt: true } : { button: 'right' }).up()
    expect(both).toBe(3)
    expect(editor.document.bitsAt(10, 10)).toBe(1)
  })

  it('does not start on a locked part', () => {
    const editor = make()
    editor.locked.add(0)
    editor.down(10, 10).move([20, 20])
    expect(editor.path).toBe('brush.idle')
    expect(painted(editor)).toBe(0)
    expect(editor.document.editing).toBe(false)
  })

  it('pans with the space bar, the middle button and the hand, and comes back to the tool', () => {
    const editor = make()
    editor.down(10, 10, { space: true }).move([15, 12])
    expect(editor.path).toBe('pan.panning')
    editor.up()
    expect(editor.path).toBe('brush.idle')
    editor.down(0, 0, { button: 'middle' }).move([1, 1]).up()
    editor.tool = 'pan'
    editor.down(0, 0).move([4, 4], [2, 2]).up()
    expect(editor.panned).toEqual({ x: 8, y: 5 })
    expect(painted(editor)).toBe(0)
  })

  it('resizes the brush with Alt and the right button, and Escape gives the old size back', () => {
    const editor = make()
    editor.down(10, 10, { alt: true, button: 'right' }).move([14, 10])
    expect(editor.path).toBe('brush.resizing')
    expect(editor.brushSize).toBe(13)
    editor.toolbox.bail()
    expect(editor.brushSize).toBe(5)
  })

  it('keeps the settings it began with until the pointer is up', () => {
    const editor = make()
    editor.down(10, 10)
    editor.part = 3
    editor.tool = 'eraser'
    editor.move([20, 10])
    expect(editor.path).toBe('brush.painting')
    expect(editor.document.bitsAt(20, 10)).toBe(1)
  })

  it('ignores a second pointer while the first is down', () => {
    const editor = make()
    editor.down(10, 10).down(30, 20)
    expect(editor.document.bitsAt(30, 20)).toBe(0)
  })

  it('paints thinner where a pen presses less, and by full size with a mouse', () => {
    const editor = make()
    editor.brushSize = 10
    editor.down(10, 10, { pen: true, samples: [{ x: 10, y: 10, pressure: 0.2 }] }).up()
    expect(painted(editor)).toBe(4)
    editor.down(30, 20).up()
    expect(painted(editor)).toBe(4 + 80)
  })

  it('fills inside the picture only, and picks what lies there', () => {
    const editor = make()
    editor.tool = 'fill'
    editor.down(-1, 5)
    expect(painted(editor)).toBe(0)
    editor.down(5, 5)
    expect(painted(editor)).toBe(40 * 30)
    expect(editor.path).toBe('fill.idle')
    editor.tool = 'pick'
    editor.part = 9
    editor.down(5, 5)
    expect(editor.part).toBe(0)
  })
})
