/** @file Keyboard events as combination names such as `Ctrl+Shift+Z`, and those names as a person reads them. */

/** Punctuation by its key on the keyboard, where an input method hides the character. */
const CODE_SYMBOLS: Readonly<Record<string, string>> = {
  BracketLeft: '[',
  BracketRight: ']',
  Backquote: '`',
  Minus: '-',
  Equal: '=',
}

/** The parts of a KeyboardEvent that matter here. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

/**
 * The combination's name. Letters go by the layout where it has Latin ones, else by the key's place, so that B stays B
 * on a Korean layout where it types ㅠ; digits always go by place, since Shift changes them. Command counts as Ctrl.
 */
export function comboOf(press: KeyPress): string {
  const symbol = symbolOf(press)
  const modifiers = [
    press.ctrlKey || press.metaKey ? 'Ctrl+' : '',
    press.altKey ? 'Alt+' : '',
    press.shiftKey && symbol !== '?' ? 'Shift+' : '',
  ]
  return modifiers.join('') + symbol
}

function symbolOf({ key, code, shiftKey }: KeyPress): string {
  if (key === '?' || (code === 'Slash' && shiftKey)) return '?'
  if (/^[a-z]$/i.test(key)) return key.toUpperCase()
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(code)?.[1]
  if (place) return place
  if (code === 'NumpadEnter') return 'Enter'
  return CODE_SYMBOLS[code] ?? key
}

const MAC_NAMES: Readonly<Record<string, string>> = { Ctrl: '⌘', Shift: '⇧', Alt: '⌥' }
const KEY_NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Shift: '⇧',
}

/** The combination as keycaps show it: `Ctrl+Shift+Z` as `['Ctrl', '⇧', 'Z']`, with a Mac's own signs there. */
export function keycaps(combo: string, mac: boolean): string[] {
  return combo.split('+').map((key) => (mac ? MAC_NAMES[key] : undefined) ?? KEY_NAMES[key] ?? key)
}
