/** @file The table of keys has no collisions, and key presses find their row on any layout. */
import { describe, expect, test } from 'vitest'
import { comboOf, keycaps, type KeyPress } from '../../../src/renderer/src/state/keys'
import { PART_GROUPS, PART_KEYS } from '../../../src/renderer/src/state/part-table'
import { firstKey, shortcutFor, SHORTCUTS } from '../../../src/renderer/src/state/shortcuts'
import { PART_NAMES } from '../../../src/shared/labels'

function press(key: string, code: string, modifiers: Partial<KeyPress> = {}) {
  const none = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, isComposing: false }
  return { key, code, ...none, ...modifiers }
}

describe('the table', () => {
  test('no two rows share a key or an id', () => {
    const combos = SHORTCUTS.flatMap((shortcut) => shortcut.keys)
    expect(new Set(combos).size).toBe(combos.length)
    expect(new Set(SHORTCUTS.map((shortcut) => shortcut.id)).size).toBe(SHORTCUTS.length)
  })

  test('leaves to the canvas and to dialogs what is theirs', () => {
    const theirs = ['`', ' ', 'Escape', 'Tab', 'Alt', 'ArrowUp', 'ArrowDown']
    const combos = SHORTCUTS.flatMap((shortcut) => shortcut.keys)
    expect(combos.filter((combo) => theirs.includes(combo))).toEqual([])
  })

  test('no bare key destroys anything', () => {
    expect(SHORTCUTS.filter((shortcut) => /clear|delete/i.test(shortcut.id))).toEqual([])
  })

  test('every part has its place in the panel and its own digit', () => {
    expect(PART_GROUPS.flat().sort()).toEqual([...PART_NAMES].sort())
    for (const part of PART_NAMES) {
      expect(PART_KEYS[part]).toMatch(/^(Shift\+)?[0-9]$/)
      expect(firstKey(`part.${part}`)).toBe(PART_KEYS[part])
    }
  })
})

describe('key presses', () => {
  test.each([
    ['B', press('b', 'KeyB'), 'tool.brush'],
    ['B with caps lock', press('B', 'KeyB'), 'tool.brush'],
    ['B on a Korean layout', press('ㅠ', 'KeyB'), 'tool.brush'],
    ['Shift and V on a Korean layout', press('ㅍ', 'KeyV', { shiftKey: true }), 'view.solo'],
    ['a key that an input method hides', press('Process', 'KeyF'), 'tool.fill'],
    ['Q on AZERTY, where A is on its place', press('q', 'KeyA'), 'tool.pickHere'],
    ['Shift and a digit', press('!', 'Digit1', { shiftKey: true }), 'part.l_ear'],
    ['0', press('0', 'Digit0'), 'part.hair'],
    ['a digit of the number pad', press('5', 'Numpad5'), 'part.l_eye'],
    ['redo', press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }), 'edit.redo'],
    ['undo on a Mac', press('z', 'KeyZ', { metaKey: true }), 'edit.undo'],
    ['undo on a Korean layout', press('ㅋ', 'KeyZ', { ctrlKey: true }), 'edit.undo'],
    ['[ on a Korean layout', press('[', 'BracketLeft'), 'tool.smaller'],
    ['?', press('?', 'Slash', { shiftKey: true }), 'app.shortcuts'],
    ['? where it has a key of its own', press('?', 'Minus', { shiftKey: true }), 'app.shortcuts'],
    ['Enter on the number pad', press('Enter', 'NumpadEnter'), 'review.accept'],
    [
      'the next that is not accepted',
      press('ArrowRight', 'ArrowRight', { ctrlKey: true }),
      'review.nextOpen',
    ],
  ])('%s', (_name, event, id) => {
    expect(shortcutFor(event)?.id).toBe(id)
  })

  test('composing a syllable is no shortcut', () => {
    expect(shortcutFor({ ...press('ㅠ', 'KeyB'), isComposing: true })).toBeNull()
  })

  test('other combinations mean nothing', () => {
    expect(shortcutFor(press('b', 'KeyB', { altKey: true }))).toBeNull()
    expect(shortcutFor(press('j', 'KeyJ'))).toBeNull()
  })
})

test('keycaps say what is on the keyboard at hand', () => {
  const combo = comboOf(press('z', 'KeyZ', { ctrlKey: true, shiftKey: true }))
  expect(keycaps(combo, false)).toEqual(['Ctrl', '⇧', 'Z'])
  expect(keycaps(combo, true)).toEqual(['⌘', '⇧', 'Z'])
})
