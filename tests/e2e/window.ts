/** @file The window as a person's hands use it: through design.md's handles for scripts, a real pointer and real keys. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { PartName } from '../../src/shared/labels'

export interface Point {
  readonly x: number
  readonly y: number
}

interface Scripted {
  readonly facet: { toClient(pixel: Point): Point; idle(): Promise<void> }
}

export interface Held {
  readonly button?: 'left' | 'right' | 'middle'
  /** Pointer events from one point to the next. */
  readonly steps?: number
}

/** Small: Chromium draws it all on the processor here. */
const VIEWPORT = { width: 1060, height: 640 }

export class FacetWindow {
  readonly canvas: Locator
  /** The language that the page asks for. */
  static readonly locale = 'en-US'

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.canvas = page.locator('[data-canvas]')
  }

  /** A window of its own, without preferences of another; the first screen is there when it resolves. */
  static async open(browser: Browser, url: string): Promise<FacetWindow> {
    const context = await browser.newContext({
      viewport: VIEWPORT,
      locale: FacetWindow.locale,
    })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    await page.goto(url)
    await page.locator('[data-canvas], [data-action=open-sample]').first().waitFor()
    return new FacetWindow(context, page)
  }

  close(): Promise<void> {
    return this.context.close()
  }

  /** The row of the list. */
  row(name: string): Locator {
    return this.page.locator(`[data-image="${name}"]:not([data-canvas])`)
  }

  part(name: PartName): Locator {
    return this.page.locator(`[data-part="${name}"]`)
  }

  action(name: string): Locator {
    return this.page.locator(`[data-action="${name}"]`)
  }

  press(combination: string): Promise<void> {
    return this.page.keyboard.press(combination)
  }

  /** Waits until the picture and its masks are on screen. */
  onScreen(name: string): Promise<void> {
    return this.page.locator(`[data-canvas][data-image="${name}"][data-busy="false"]`).waitFor()
  }

  /** Chooses an image in the list and waits until it is on screen. */
  async show(name: string): Promise<void> {
    await this.row(name).click()
    await this.onScreen(name)
  }

  /** Makes the brush smaller or larger by keys until it has this diameter in mask pixels. */
  async setBrushSize(size: number): Promise<void> {
    for (let tries = 0; tries < 80; tries++) {
      const now = await this.brushSize()
      if (now === size) return
      await this.press(now > size ? '[' : ']')
    }
    throw new Error(`The brush cannot be made ${size} px with the keys`)
  }

  async brushSize(): Promise<number> {
    return Number.parseInt(await this.page.locator('[data-field=brush-size] output').innerText())
  }

  /** The centre of a mask pixel in client coordinates. */
  toClient(pixel: Point): Promise<Point> {
    return this.page.evaluate((at) => (globalThis as unknown as Scripted).facet.toClient(at), pixel)
  }

  /** Resolves when every edit is stored. */
  idle(): Promise<void> {
    return this.page.evaluate(() => (globalThis as unknown as Scripted).facet.idle())
  }

  /** Moves the pointer to a mask pixel. */
  async hover(pixel: Point): Promise<void> {
    const { x, y } = await this.toClient(pixel)
    await this.page.mouse.move(x, y)
  }

  /** Presses the button on the first mask pixel and draws through the others; the button stays down. */
  async drag(pixels: readonly Point[], { button = 'left', steps = 1 }: Held = {}): Promise<void> {
    const [first, ...others] = await Promise.all(pixels.map((pixel) => this.toClient(pixel)))
    if (!first) return
    await this.page.mouse.move(first.x, first.y)
    await this.page.mouse.down({ button })
    for (const { x, y } of others) await this.page.mouse.move(x, y, { steps })
  }

  /** A whole stroke, stored when it resolves. */
  async stroke(pixels: readonly Point[], held: Held = {}): Promise<void> {
    await this.drag(pixels, held)
    await this.page.mouse.up({ button: held.button ?? 'left' })
    await this.idle()
  }
}
