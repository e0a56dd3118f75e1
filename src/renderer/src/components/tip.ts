/** @file One tooltip for the whole window: an attachment tells what it says over which control. */
import type { Attachment } from 'svelte/attachments'
import { keycaps } from '../state/keys'

/** Milliseconds the pointer rests before the first tooltip; the next ones follow at once for a moment. */
const DELAY_MS = 450
const WARM_MS = 300
const GAP = 6

export const isMac = /Mac/.test(navigator.userAgent)

let bubble: HTMLElement | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let hiddenAt = -Infinity

function show(anchor: Element, text: string, combo: string | undefined): void {
  bubble ??= document.body.appendChild(
    Object.assign(document.createElement('div'), { className: 'tip', popover: 'manual' }),
  )
  bubble.setAttribute('aria-hidden', 'true')
  const caps = combo === undefined ? [] : keycaps(combo, isMac)
  bubble.replaceChildren(
    text,
    ...caps.map((cap) => Object.assign(document.createElement('kbd'), { textContent: cap })),
  )
  bubble.showPopover()
  const near = anchor.getBoundingClientRect()
  const { width, height } = bubble.getBoundingClientRect()
  const below = near.bottom + GAP
  const top = below + height > window.innerHeight ? near.top - GAP - height : below
  const left = Math.min(Math.max(GAP, near.left + (near.width - width) / 2), window.innerWidth - width - GAP)
  bubble.style.translate = `${Math.round(left)}px ${Math.round(top)}px`
}

function hide(): void {
  clearTimeout(timer)
  if (!bubble?.matches(':popover-open')) return
  bubble.hidePopover()
  hiddenAt = performance.now()
}

/** Says `text` and the keys of `combo` over the element; the element itself carries its accessible name. */
export function tip(text: string, combo?: string): Attachment {
  return (anchor) => {
    const later = () => {
      clearTimeout(timer)
      const warm = performance.now() - hiddenAt < WARM_MS
      timer = setTimeout(() => show(anchor, text, combo), warm ? 0 : DELAY_MS)
    }
    const focused = () => {
      if (anchor.matches(':focus-visible')) later()
    }
    anchor.addEventListener('pointerenter', later)
    anchor.addEventListener('focus', focused)
    for (const event of ['pointerleave', 'pointerdown', 'blur']) anchor.addEventListener(event, hide)
    return () => {
      hide()
      anchor.removeEventListener('pointerenter', later)
      anchor.removeEventListener('focus', focused)
      for (const event of ['pointerleave', 'pointerdown', 'blur']) anchor.removeEventListener(event, hide)
    }
  }
}
