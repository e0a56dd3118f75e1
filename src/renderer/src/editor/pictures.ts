/** @file Decoded photos kept at hand, the latest used ones, so that going back and forth does not decode again. */

/** What the cache needs of an ImageBitmap. */
export interface Picture {
  readonly width: number
  readonly height: number
  close(): void
}

interface Entry<P> {
  readonly version: string
  readonly picture: Promise<P>
  pixels: number
}

export class PictureCache<P extends Picture> {
  /** By image id, in the order of use, the latest last. */
  readonly #entries = new Map<number, Entry<P>>()

  /** `load` decodes a photo; `maxPixels` bounds what is kept, at 4 bytes each, the latest `keep` aside. */
  constructor(
    readonly load: (image: number, version: string) => Promise<P>,
    readonly maxPixels = 64e6,
    readonly keep = 3,
  ) {}

  /** The photo of `image`, decoded again where its file is known to have changed since. */
  async get(image: number, version: string): Promise<P> {
    let entry = this.#entries.get(image)
    if (entry?.version !== version) {
      void entry?.picture.then(closePicture, () => undefined)
      entry = { version, picture: this.load(image, version), pixels: 0 }
    }
    const found = entry
    this.#entries.delete(image)
    this.#entries.set(image, found)
    try {
      const picture = await found.picture
      found.pixels = picture.width * picture.height
      this.#trim()
      return picture
    } catch (error) {
      // A failure is not kept: the file may be readable the next time.
      if (this.#entries.get(image)?.picture === found.picture) this.#entries.delete(image)
      throw error
    }
  }

  /** Lets go of everything. */
  clear(): void {
    for (const entry of this.#entries.values()) void entry.picture.then(closePicture, () => undefined)
    this.#entries.clear()
  }

  #trim(): void {
    let pixels = 0
    for (const entry of this.#entries.values()) pixels += entry.pixels
    for (const [image, entry] of this.#entries) {
      if (pixels <= this.maxPixels || this.#entries.size <= this.keep) return
      this.#entries.delete(image)
      pixels -= entry.pixels
      void entry.picture.then(closePicture, () => undefined)
    }
  }
}

function closePicture(picture: Picture): void {
  picture.close()
}
