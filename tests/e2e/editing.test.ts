/** @file The hand's tools on known masks, with a real pointer: what each does to every pixel, and that all of it can be taken back. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { at } from '../../src/shared/assert'
import { PART_NAMES, type PartName } from '../../src/shared/labels'
import type { PartMap } from '../../src/shared/mask'
import { suiteFolder } from '../helpers/app'
import { makeCelebAMask, overlappingParts } from '../helpers/celebamask'
import { launchBrowser } from './browser'
import { startServer, type Server } from './server'
import { bitOf, countChanged, covered, expectSameMasks, painted, storedMasks } from './truth'
import { FacetWindow, type Point } from './window'

const SIDE = 64
const TESTS = 18
/** Across the whole picture, over every kind of pixel. */
const ACROSS = [
  { x: 3, y: 20 },
  { x: 60, y: 44 },
]
const KEYS: readonly (readonly [string, PartName])[] = [
  ...(['skin', 'nose', 'l_brow', 'r_brow', 'l_eye', 'r_eye', 'u_lip', 'mouth', 'l_lip', 'hair'] as const).map(
    (part, i) => [`Digit${(i + 1) % 10}`, part] as const,
  ),
  ...(['l_ear', 'r_ear', 'eye_g', 'hat', 'ear_r', 'neck_l', 'neck', 'cloth'] as const).map(
    (part, i) => [`Shift+Digit${i + 1}`, part] as const,
  ),
]

/** True for an image of makeCelebAMask whose pixels along ACROSS are of every kind: of no part, of one, of more. */
function isVaried(id: number): boolean {
  const { bits } = overlappingParts(`face ${id}`, SIDE, SIDE)
  const inside = covered(ACROSS, 9)
  const across = bits.filter((_, i) => inside({ x: i % SIDE, y: Math.floor(i / SIDE) }))
  const counts = Array.from(across, (pixel) => PART_NAMES.filter((part) => pixel & bitOf(part)).length)
  return [0, 1, 2].every((parts) => counts.filter((count) => count === parts).length > 30)
}

describe('the editor', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let browser: Browser
  let server: Server
  let window: FacetWindow
  /** The image of the running test, its name and its masks as they are stored in the beginning. */
  let name: string
  let before: PartMap
  let ids: number[]

  beforeAll(async () => {
    suite = await suiteFolder()
    const tree = join(suite.path, 'tree')
    ids = Array.from({ length: 200 }, (_, id) => id)
      .filter(isVaried)
      .slice(0, TESTS)
    await makeCelebAMask(tree, { ids, side: SIDE })
    browser = await launchBrowser()
    server = await startServer(join(suite.path, 'data'), tree)
    window = await FacetWindow.open(browser, server.url)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.kill()
    await suite.remove()
  })

  beforeEach(async () => {
    const id = ids.shift()
    if (id === undefined) throw new Error('Each test needs an image of its own: raise TESTS')
    name = `CelebA-HQ-img/${id}.jpg`
    await window.show(name)
    await window.press('b')
    await window.page.locator('[data-overlap=take]').click()
    await window.action('fit').click()
    before = await stored()
  })

  const stored = async (): Promise<PartMap> => (await storedMasks(server, name)).map
  const has = (bits: number, part: PartName): boolean => (bits & bitOf(part)) !== 0
  /** A part that this picture has, and a pixel of it. */
  function somePart(): { part: PartName; pixel: Point } {
    for (const part of PART_NAMES) {
      const i = before.bits.findIndex((bits) => bits === bitOf(part))
      if (i >= 0) return { part, pixel: { x: i % SIDE, y: Math.floor(i / SIDE) } }
    }
    throw new Error('The test picture has no part')
  }
  /** The canvas when what was asked of it is drawn. */
  async function look(): Promise<Buffer> {
    await window.page.evaluate(() => new Promise((done) => setTimeout(done, 120)))
    return window.canvas.screenshot()
  }
  const selected = (): Promise<string | null> =>
    window.page.locator('[data-part][aria-selected=true]').getAttribute('data-part')

  test.each([
    { overlap: 'take', become: () => bitOf('hat') },
    { overlap: 'leave', become: (bits: number) => bits | bitOf('hat') },
    { overlap: 'empty', become: (bits: number) => (bits === 0 ? bitOf('hat') : bits) },
  ])('painting in the mode "$overlap"', async ({ overlap, become }) => {
    await window.part('hat').click()
    await window.page.locator(`[data-overlap=${overlap}]`).click()
    await window.setBrushSize(9)
    await window.stroke(ACROSS)
    const after = painted(before, covered(ACROSS, 9), become)
    expect(countChanged(before, after)).toBeGreaterThan(50)
    expectSameMasks(await stored(), after)
  })

  test('where the model is unsure lies over the photo for as long as one wants, and changes no mask', async () => {
    const without = await look()
    await window.press('u')
    await expect.poll(async () => (await look()).equals(without), { timeout: 60_000 }).toBe(false)
    expect(await window.action('doubt').getAttribute('aria-pressed')).toBe('true')
    await window.press('u')
    await expect.poll(async () => (await look()).equals(without), { timeout: 5_000 }).toBe(true)
    expectSameMasks(await stored(), before)
  })

  test.each(['eraser', 'right button'])('the %s takes the selected part away and no other', async (way) => {
    const { part, pixel } = somePart()
    await window.part(part).click()
    await window.setBrushSize(21)
    if (way === 'eraser') await window.press('e')
    const line = [pixel, { x: 32, y: 32 }]
    await window.stroke(line, { button: way === 'eraser' ? 'left' : 'right' })
    const after = painted(before, covered(line, 21), (bits) => bits & ~bitOf(part))
    expect(countChanged(before, after)).toBeGreaterThan(0)
    expectSameMasks(await stored(), after)
  })

  test('fill gives the part the connected pixels that are alike', async () => {
    const { pixel } = somePart()
    await window.part('neck_l').click()
    await window.press('f')
    await window.stroke([pixel])
    const alike = new Set<number>()
    const waiting = [pixel.y * SIDE + pixel.x]
    for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
      if (alike.has(i) || before.bits[i] !== before.bits[pixel.y * SIDE + pixel.x]) continue
      alike.add(i)
      if (i % SIDE > 0) waiting.push(i - 1)
      if (i % SIDE < SIDE - 1) waiting.push(i + 1)
      waiting.push(i - SIDE, i + SIDE)
    }
    const after = painted(before, ({ x, y }) => alike.has(y * SIDE + x), () => bitOf('neck_l')) // prettier-ignore
    expect(countChanged(before, after)).toBeGreaterThan(1)
    expectSameMasks(await stored(), after)
  })

  test('a locked part keeps its pixels, and cannot be painted itself', async () => {
    const { part, pixel } = somePart()
    await window.part(part).locator('[data-locked]').click()
    await window.setBrushSize(21)
    await window.part('hat').click()
    await window.stroke([pixel, { x: 32, y: 32 }])
    const under = covered([pixel, { x: 32, y: 32 }], 21)
    const after = painted(before, under, (bits) => (has(bits, part) ? bits : bitOf('hat')))
    expect(countChanged(before, after)).toBeGreaterThan(0)
    expectSameMasks(await stored(), after)
    await window.part(part).click()
    await window.stroke(ACROSS)
    expectSameMasks(await stored(), after)
    await window.part(part).locator('[data-locked]').click()
    await window.stroke(ACROSS)
    expect(countChanged(after, await stored())).toBeGreaterThan(0)
  })

  test('hiding a part changes the picture and not the masks', async () => {
    const { part } = somePart()
    const shown = await look()
    const eye = window.part(part).locator('[data-visible]')
    await eye.click()
    await window.part(part).locator('[data-visible=false]').waitFor()
    expect(shown.equals(await look())).toBe(false)
    expectSameMasks(await stored(), before)
    await eye.click()
    expect(shown.equals(await look())).toBe(true)
    expect(await window.action('undo').isDisabled()).toBe(true)
  })

  test('digits select parts, brackets size the brush', async () => {
    expect(KEYS).toHaveLength(PART_NAMES.length)
    for (const [key, part] of KEYS) {
      await window.press(key)
      expect(await selected()).toBe(part)
    }
    await window.setBrushSize(9)
    await window.press(']')
    expect(await window.brushSize()).toBe(10)
    for (let i = 0; i < 2; i++) await window.press('[')
    expect(await window.brushSize()).toBe(8)
    for (let i = 0; i < 20; i++) await window.press('[')
    expect(await window.brushSize()).toBe(1)
  })

  test('Q takes the topmost part under the pointer, and again the one below', async () => {
    const i = before.bits.findIndex((bits) => PART_NAMES.filter((part) => has(bits, part)).length === 2)
    const parts = PART_NAMES.filter((part) => has(before.bits[i] ?? 0, part))
    await window.hover({ x: i % SIDE, y: Math.floor(i / SIDE) })
    await window.press('q')
    expect(await selected()).toBe(at(parts, 1))
    await window.press('q')
    expect(await selected()).toBe(at(parts, 0))
  })

  test('a fast zig-zag has no gaps', async () => {
    const zigzag = Array.from({ length: 40 }, (_, i) => ({ x: 2 + ((i * 37) % 60), y: i % 2 ? 60 : 3 }))
    await window.part('cloth').click()
    await window.setBrushSize(3)
    await window.stroke(zigzag)
    expectSameMasks(
      await stored(),
      painted(before, covered(zigzag, 3), () => bitOf('cloth')),
    )
  })

  test('Escape takes the stroke under way back', async () => {
    await window.part('cloth').click()
    const untouched = await look()
    await window.drag(ACROSS, { steps: 5 })
    expect(untouched.equals(await look())).toBe(false)
    await window.press('Escape')
    await window.page.mouse.move(900, 300)
    await window.page.mouse.up()
    await window.idle()
    expectSameMasks(await stored(), before)
    expect(await window.action('undo').isDisabled()).toBe(true)
    await window.page.mouse.move(5, 5)
    expect(untouched.equals(await look())).toBe(true)
  })

  test('64 strokes are undone and redone, also by keys pressed faster than they are stored', async () => {
    const strokes = 64
    await window.part('eye_g').click()
    await window.page.locator('[data-overlap=leave]').click()
    await window.setBrushSize(3)
    // One pixel of each 3 x 3 disc at least was not glasses before, or undo would have nothing to take back.
    const spots = Array.from({ length: SIDE * SIDE }, (_, i) => ({ x: i % SIDE, y: Math.floor(i / SIDE) }))
      .filter(({ x, y }) => x % 5 === 2 && y % 5 === 2 && !has(before.bits[y * SIDE + x] ?? 0, 'eye_g'))
      .slice(0, strokes)
    expect(spots).toHaveLength(strokes)
    const maps = [before]
    for (const spot of spots) {
      await window.drag([spot])
      await window.page.mouse.up()
      maps.push(painted(at(maps, maps.length - 1), covered([spot], 3), (bits) => bits | bitOf('eye_g')))
    }
    await window.idle()
    expectSameMasks(await stored(), at(maps, strokes))
    for (let i = 0; i < strokes / 2; i++) await window.press('Control+z')
    await window.idle()
    expectSameMasks(await stored(), at(maps, strokes / 2))
    for (let i = 0; i < strokes / 2; i++) await window.press('Control+z')
    await window.idle()
    expectSameMasks(await stored(), before)
    expect(await window.action('undo').isDisabled()).toBe(true)
    for (let i = 0; i < strokes; i++) await window.press('Control+Shift+z')
    await window.idle()
    expectSameMasks(await stored(), at(maps, strokes))
    expect(await window.action('redo').isDisabled()).toBe(true)
  })

  test('undo and redo go on after the window was loaded again', async () => {
    await window.part('hat').click()
    await window.stroke(ACROSS)
    const after = await stored()
    expect(countChanged(before, after)).toBeGreaterThan(0)
    await window.page.reload()
    await window.onScreen(name)
    await window.action('undo').click()
    await window.idle()
    expectSameMasks(await stored(), before)
    await window.press('Control+y')
    await window.idle()
    expectSameMasks(await stored(), after)
  })

  test('the held backtick shows the bare photo', async () => {
    await window.press('h')
    const { pixel } = somePart()
    await window.hover(pixel)
    const masked = await look()
    await window.page.keyboard.down('`')
    const bare = await look()
    await window.page.keyboard.up('`')
    expect(masked.equals(bare)).toBe(false)
    expect(masked.equals(await look())).toBe(true)
    // The drawn portrait's own colours: its cheek, and the ground's upper left corner.
    expect(await colourAt(bare, { x: 25, y: 37 })).toEqual(near([0xe0, 0xb0, 0x90]))
    expect(await colourAt(bare, { x: 4, y: 4 })).toEqual(near([0xc8, 0xb4, 0x00]))
  })

  test('the wheel zooms at the pointer', async () => {
    const pixel = { x: 20, y: 41 }
    const neighbour = { x: 21, y: 41 }
    const [here, there] = [await window.toClient(pixel), await window.toClient(neighbour)]
    await window.page.mouse.move(here.x, here.y)
    await window.page.mouse.wheel(0, -400)
    await expect
      .poll(async () => (await window.toClient(neighbour)).x - (await window.toClient(pixel)).x)
      .toBeCloseTo(2 * (there.x - here.x), 1)
    const zoomed = await window.toClient(pixel)
    expect(Math.hypot(zoomed.x - here.x, zoomed.y - here.y)).toBeLessThan(1.5)
    await window.action('fit').click()
    expect(await window.toClient(pixel)).toEqual(here)
  })

  test('the held space bar moves the picture and paints nothing', async () => {
    const pixel = { x: 32, y: 32 }
    const here = await window.toClient(pixel)
    await window.page.mouse.move(here.x, here.y)
    await window.page.keyboard.down('Space')
    await window.page.mouse.down()
    await window.page.mouse.move(here.x + 60, here.y + 40, { steps: 4 })
    await window.page.mouse.up()
    await window.page.keyboard.up('Space')
    const moved = await window.toClient(pixel)
    expect(Math.hypot(moved.x - here.x - 60, moved.y - here.y - 40)).toBeLessThan(1.5)
    await window.idle()
    expectSameMasks(await stored(), before)
  })

  /** RGB of a canvas screenshot where a mask pixel is. */
  async function colourAt(picture: Buffer, pixel: Point): Promise<number[]> {
    const box = await window.canvas.boundingBox()
    const { x, y } = await window.toClient(pixel)
    const place = { left: Math.round(x - (box?.x ?? 0)), top: Math.round(y - (box?.y ?? 0)) }
    const raw = await sharp(picture).removeAlpha().extract({ ...place, width: 1, height: 1 }).raw().toBuffer() // prettier-ignore
    return [...raw]
  }
})

/** A colour as JPEG keeps it. */
function near(colour: readonly number[]): unknown[] {
  return colour.map((value) => ({ asymmetricMatch: (is: number) => Math.abs(is - value) <= 12, toString: () => `≈${value}` })) // prettier-ignore
}
