/** @file The pictures of a folder: read ahead while the network runs, and run several at once where that is asked for. */
import type { FacetError } from '../../shared/errors'
import { isUnreadablePicture } from '../imaging/open'
import { readPicture, type Picture } from '../imaging/picture'
import { toClassNumbers } from '../segface/postprocess'
import { inputOf } from '../segface/preprocess'
import type { Networks } from './networks'
import type { Jobs } from './protocol'

/** Pictures whose decoding was begun before anybody asked for them: it needs no JavaScript, which onnxruntime blocks. */
export class ReadAhead {
  readonly #begun = new Map<string, Promise<Picture>>()

  /** Begins to read `paths`, and forgets all others. */
  begin(paths: readonly string[]): void {
    for (const path of this.#begun.keys()) if (!paths.includes(path)) this.#begun.delete(path)
    for (const path of paths) {
      if (this.#begun.has(path)) continue
      const reading = readPicture(path)
      // Told to whoever takes it; nobody may.
      reading.catch(() => undefined)
      this.#begun.set(path, reading)
    }
  }

  /** The picture at `path`. Errors as for `readPicture`. */
  take(path: string): Promise<Picture> {
    const reading = this.#begun.get(path) ?? readPicture(path)
    this.#begun.delete(path)
    return reading
  }
}

/** Labels pictures by SegFace's class numbers; one that cannot be read does not keep the others from it. */
export async function predictMany(
  networks: Networks,
  ahead: ReadAhead,
  { network, provider, batch, pictures, next }: Jobs['predictMany']['request'],
): Promise<Jobs['predictMany']['answer']> {
  const labeller = await networks.loadBatchLabeller(network, provider, batch)
  const { resolution, preprocessing, channels } = labeller
  const start = performance.now()
  const read = await Promise.all(
    pictures.map(async ({ picture, grid }) => {
      try {
        return { image: inputOf(await ahead.take(picture), resolution, preprocessing), grid }
      } catch (error) {
        if (!isUnreadablePicture(error, picture)) throw error
        return error
      }
    }),
  )
  ahead.begin(next)
  const readable = read.filter((each) => 'image' in each)
  const images = readable.map(({ image }) => image)
  const grids = readable.map(({ grid }) => grid)
  const labels = images.length === 0 ? [] : await labeller.labelAll(images, grids)
  for (const each of labels) toClassNumbers(each, channels)
  const inOrder = labels.values()
  return {
    pictures: read.map((each) =>
      'image' in each
        ? { labels: inOrder.next().value ?? new Uint8Array() }
        : { unreadable: (each satisfies FacetError).message },
    ),
    ms: (performance.now() - start) / Math.max(1, labels.length),
  }
}
