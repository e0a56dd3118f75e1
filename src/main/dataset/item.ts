/** @file What goes out: one face with its masks, and the counting, cancelling and complaining that every export shares. */
import type { Complaint, DatasetSummary } from '../../shared/answers'
import type { Split } from '../../shared/terms'
import { invariant } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { partAreas, type PartMap } from '../../shared/mask'
import { noteOf } from '../../shared/notes'
import { isUnreadablePicture } from '../imaging/open'
import { resizeNearest } from '../imaging/resize'

/** A face's place in an export. `id` is unique within it, see `assignIds`. */
export interface ExportFace {
  readonly id: number
  /** Path of the photo below the workspace, with forward slashes. */
  readonly name: string
  readonly imagePath: string
  readonly split: Split | null
}

/** One face to write, with its masks. */
export interface ExportItem extends ExportFace {
  readonly map: PartMap
}

export interface ExportOptions {
  readonly items: AsyncIterable<ExportItem> | Iterable<ExportItem>
  readonly out: string
  /** Width and height of everything written, whatever its shape was; left out, each keeps its own. */
  readonly size?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told after each item how many are done. */
  readonly progress?: ((done: number) => void) | undefined
}

/**
 * Takes the items one after the other. An item whose photo cannot be read is left out with a complaint; every other
 * error, an aborted `signal` (`cancelled`), and items of which not one can be read (`image/unreadable`) end the export.
 */
export async function exportEach(
  options: ExportOptions,
  write: (item: ExportItem) => Promise<void>,
): Promise<{ written: ExportFace[]; summary: DatasetSummary }> {
  const written: ExportFace[] = []
  const complaints: Complaint[] = []
  const splits: Record<Split, number> = { train: 0, val: 0, test: 0 }
  const ids = new Set<number>()
  let masks = 0
  let done = 0
  for await (const item of options.items) {
    if (options.signal?.aborted)
      throw new FacetError('cancelled', `The export to ${options.out} was cancelled.`)
    const { id, name, imagePath, split } = item
    invariant(!ids.has(id), `two faces of an export have the number ${id}`)
    ids.add(id)
    const map = resizeMap(item.map, options.size)
    try {
      await write({ ...item, map })
      written.push({ id, name, imagePath, split })
      masks += partAreas(map).filter((area) => area > 0).length
      if (split) splits[split]++
    } catch (error) {
      if (!isUnreadablePicture(error, imagePath)) throw error
      complaints.push({ file: name, message: error.message })
    }
    options.progress?.(++done)
  }
  const [first] = complaints
  if (written.length === 0 && first) {
    const { file: image, message: why } = first
    throw new FacetError('image/unreadable', noteOf('allLeftOut', { out: options.out, image, why }))
  }
  return { written, summary: { images: written.length, masks, splits, complaints } }
}

function resizeMap(map: PartMap, size: number | undefined): PartMap {
  if (size === undefined || (map.width === size && map.height === size)) return map
  const bits = resizeNearest(map.bits, new Uint32Array(size * size), map.width, map.height, size, size)
  return { width: size, height: size, bits }
}
