/** @file Every key of the window in one table, and when a key press belongs to it and not to a control. */
import { PART_INDEX, PART_NAMES, type PartName } from '../../../shared/labels'
import type { Key } from '../i18n/catalogue'
import { comboOf, type KeyPress } from './keys'
import { PART_GROUPS, PART_KEYS } from './part-table'
import type { Session } from './session.svelte'

export type ShortcutGroup = 'tools' | 'view' | 'edit' | 'review' | 'parts' | 'app'

export interface Shortcut {
  readonly id: string
  /** Combinations in `comboOf`'s form; the first is the one that tooltips show. */
  readonly keys: readonly string[]
  /** Where it acts: always, with a workspace open, or with an image on the canvas. */
  readonly scope: 'always' | 'workspace' | 'image'
  readonly group: ShortcutGroup
  readonly label: Key
  run(session: Session): void
}

function shortcut(
  id: string,
  keys: readonly string[],
  group: ShortcutGroup,
  scope: Shortcut['scope'],
  label: Key,
  run: Shortcut['run'],
): Shortcut {
  return { id, keys, group, scope, label, run }
}

function toolShortcut(tool: Session['editor']['tool'], key: string): Shortcut {
  return shortcut(`tool.${tool}`, [key], 'tools', 'image', `tool.${tool}`, ({ editor }) => {
    editor.tool = tool
  })
}

function partShortcut(part: PartName): Shortcut {
  return shortcut(`part.${part}`, [PART_KEYS[part]], 'parts', 'image', `part.${part}`, ({ editor }) => {
    editor.part = PART_INDEX[part]
  })
}

function stepShortcut(id: StepId, keys: readonly string[], run: Shortcut['run']): Shortcut {
  return shortcut(id, keys, 'review', 'workspace', id, run)
}
type StepId = `review.${'next' | 'previous'}${'' | 'Open' | 'Ten'}`

export const SHORTCUTS: readonly Shortcut[] = [
  toolShortcut('brush', 'B'),
  toolShortcut('eraser', 'E'),
  toolShortcut('fill', 'F'),
  toolShortcut('pick', 'I'),
  toolShortcut('pan', 'H'),
  shortcut('tool.swap', ['X'], 'tools', 'image', 'tool.swap', ({ editor }) => {
    editor.tool = editor.tool === 'eraser' ? 'brush' : 'eraser'
  }),
  shortcut('tool.pickHere', ['Q'], 'tools', 'image', 'tool.pickHere', (s) => s.editor.pickUnderCursor()),
  shortcut('tool.smaller', ['['], 'tools', 'image', 'tool.smaller', (s) => s.editor.resizeBrush(-1)),
  shortcut('tool.larger', [']'], 'tools', 'image', 'tool.larger', (s) => s.editor.resizeBrush(1)),

  shortcut('view.overlay', ['V'], 'view', 'image', 'view.overlay', ({ editor }) => {
    editor.bare = !editor.bare
  }),
  shortcut('view.outline', ['O'], 'view', 'image', 'view.outline', ({ editor }) => {
    editor.outline = !editor.outline
  }),
  shortcut('view.doubt', ['U'], 'view', 'image', 'view.doubt', (s) => s.editor.toggleDoubt()),
  shortcut('view.solo', ['Shift+V'], 'view', 'image', 'parts.solo', (s) => s.editor.soloPart(s.editor.part)),
  shortcut('view.fit', ['Z', 'Ctrl+0'], 'view', 'image', 'view.fit', (s) => s.editor.fit()),
  shortcut('view.actual', ['Shift+Z', 'Ctrl+1'], 'view', 'image', 'view.actual', (s) =>
    s.editor.actualSize(),
  ),
  shortcut('view.zoomIn', ['=', 'Ctrl+='], 'view', 'image', 'view.zoomIn', (s) => s.editor.zoomBy(1.25)),
  shortcut('view.zoomOut', ['-', 'Ctrl+-'], 'view', 'image', 'view.zoomOut', (s) => s.editor.zoomBy(0.8)),

  shortcut('edit.undo', ['Ctrl+Z'], 'edit', 'image', 'edit.undo', (s) => s.editor.undo()),
  shortcut('edit.redo', ['Ctrl+Shift+Z', 'Ctrl+Y'], 'edit', 'image', 'edit.redo', (s) => s.editor.redo()),
  shortcut('edit.predict', ['Ctrl+R'], 'edit', 'image', 'edit.predict', (s) => s.predict()),

  shortcut('review.accept', ['Enter'], 'review', 'image', 'review.acceptNext', (s) => s.accept()),
  shortcut('review.flag', ['Shift+Enter'], 'review', 'image', 'review.flag', (s) => s.toggleFlag()),
  shortcut('review.golden', ['G'], 'review', 'image', 'golden.pin', (s) => s.marks.toggleGolden()),
  shortcut('review.checked', ['C'], 'review', 'image', 'check.toggle', (s) => s.marks.toggleChecked()),
  shortcut('review.checkedPart', ['K'], 'review', 'image', 'check.selected', (s) => {
    const part = PART_NAMES[s.editor.part]
    if (part) s.marks.togglePart(part)
  }),
  stepShortcut('review.next', ['D', 'ArrowRight'], (s) => s.step(1)),
  stepShortcut('review.previous', ['A', 'ArrowLeft'], (s) => s.step(-1)),
  stepShortcut('review.nextOpen', ['Ctrl+D', 'Ctrl+ArrowRight'], (s) => s.stepOpen(1)),
  stepShortcut('review.previousOpen', ['Ctrl+A', 'Ctrl+ArrowLeft'], (s) => s.stepOpen(-1)),
  stepShortcut('review.nextTen', ['Shift+D', 'Shift+ArrowRight'], (s) => s.step(10)),
  stepShortcut('review.previousTen', ['Shift+A', 'Shift+ArrowLeft'], (s) => s.step(-10)),

  shortcut('app.open', ['Ctrl+O'], 'app', 'always', 'start.openFolder', (s) => s.chooseFolder()),
  shortcut('app.train', ['T'], 'app', 'workspace', 'train.open', (s) => s.toggleTraining()),
  shortcut('app.export', ['Ctrl+E'], 'app', 'workspace', 'export.title', (s) => s.openDialog('export')),
  shortcut('app.shortcuts', ['?'], 'app', 'always', 'shortcuts.title', (s) => s.openDialog('shortcuts')),

  ...PART_GROUPS.flat().map(partShortcut),
]

const BY_COMBO = new Map(SHORTCUTS.flatMap((item) => item.keys.map((combo) => [combo, item] as const)))
const BY_ID = new Map(SHORTCUTS.map((item) => [item.id, item]))

/** The combination that tooltips show for a shortcut. */
export function firstKey(id: string): string | undefined {
  return BY_ID.get(id)?.keys[0]
}

/** The shortcut of a key press; null where there is none or an input method is composing with it. */
export function shortcutFor(press: KeyPress & { readonly isComposing: boolean }): Shortcut | null {
  return press.isComposing ? null : (BY_COMBO.get(comboOf(press)) ?? null)
}

/**
 * True where the key belongs to the focused control: a text field takes every key, a list of choices and a slider what
 * moves them, a button reached by the keyboard what presses it; dialogs and menus keep all keys to themselves.
 */
export function belongsToControl(target: EventTarget | null, combo: string): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('[role=dialog], [role=menu]')) return true
  if (target.matches('textarea, select, [contenteditable=true]')) return true
  if (target.matches('input:not([type=range], [type=checkbox])')) return true
  if (target.matches('input[type=range], [role=radio]')) return combo.startsWith('Arrow')
  return target.matches('button:focus-visible, a:focus-visible') && combo === 'Enter'
}

/** True while a popover or menu is open: keys are about it, wherever the focus went. */
export function popoverIsOpen(): boolean {
  return document.querySelector('.popover') !== null
}

/** True for an Escape that closes, empties and leaves nothing else; what does says so by `preventDefault`, or takes the event. */
export function isFreeEscape({ key, target, defaultPrevented }: KeyboardEvent, session: Session): boolean {
  if (key !== 'Escape' || defaultPrevented || session.page !== 'images' || popoverIsOpen()) return false
  return !(target instanceof HTMLElement && target.matches('input, select, textarea'))
}

/** Runs the shortcut of a key press where it applies; true where it did. */
export function handleKey(event: KeyboardEvent, session: Session): boolean {
  const found = shortcutFor(event)
  if (!found || popoverIsOpen() || belongsToControl(event.target, comboOf(event))) return false
  if (!session.inScope(found)) return false
  event.preventDefault()
  found.run(session)
  return true
}
