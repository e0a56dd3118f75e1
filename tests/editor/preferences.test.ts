/** @file What is remembered comes back; what is damaged becomes the default. */
import { describe, expect, it } from 'vitest'
import { DEFAULTS, readPreferences, writePreferences } from '../../src/renderer/src/editor/preferences'

function makeStorage(first?: string): Pick<Storage, 'getItem' | 'setItem'> {
  let kept = first ?? null
  return { getItem: () => kept, setItem: (_key, value) => void (kept = value) }
}

describe('preferences', () => {
  it('come back as they were written', () => {
    const storage = makeStorage()
    const parts = DEFAULTS.parts.map((part, i) =>
      i === 2 ? { visible: false, locked: true, opacity: 0.25 } : part,
    )
    const liked = { ...DEFAULTS, tool: 'fill', overlap: 'empty', brushSize: 33, opacity: 0.1, parts } as const
    writePreferences(storage, liked)
    expect(readPreferences(storage)).toEqual(liked)
  })

  it.each([
    undefined, '', 'null', '[]', '{"tool": 3', '{"parts": 7}',
    '{"tool": "axe", "brushSize": -3, "opacity": 7, "parts": {"skin": {"opacity": "x", "visible": 1}}}',
  ])('are the defaults where %s is kept', (kept) => {
    expect(readPreferences(makeStorage(kept))).toEqual(DEFAULTS)
  }) // prettier-ignore

  it('do not stand in the way where there is no storage or it is full', () => {
    expect(readPreferences(undefined)).toEqual(DEFAULTS)
    const full = {
      setItem: () => {
        throw new Error('full')
      },
    }
    expect(() => writePreferences(full, DEFAULTS)).not.toThrow()
  })
})
