/** @file What 8 bits change of a network's answers, and what they gain, on pictures of the user. */
import { median } from '../base/quantile'
import { FacetError } from '../../shared/errors'
import type { Precision } from '../../shared/terms'
import { isUnreadablePicture } from '../imaging/open'
import { readInput } from '../segface/preprocess'
import { shareOfChange } from './ending'
import type { Labeller, Networks } from './networks'
import type { Jobs } from './protocol'

/**
 * Labels each picture in both precisions, in turn, so that what slows the machine slows both. Throws `file/unreadable` where
 * no picture can be read.
 */
export async function comparePrecisions(
  networks: Networks,
  { network, pictures }: Jobs['precision']['request'],
): Promise<Jobs['precision']['answer']> {
  const labellers: Record<Precision, Labeller> = {
    float: await networks.loadLabeller({ ...network, precision: 'float' }, 'cpu'),
    int8: await networks.loadLabeller({ ...network, precision: 'int8' }, 'cpu'),
  }
  const { resolution, preprocessing } = labellers.float
  const grid = { width: resolution, height: resolution }
  const times: Record<Precision, number[]> = { float: [], int8: [] }
  const changed: number[] = []
  const label = async (precision: Precision, image: Float32Array): Promise<Uint8Array> => {
    const start = performance.now()
    const labels = await labellers[precision].label(image, grid)
    times[precision].push(performance.now() - start)
    return labels
  }
  for (const picture of pictures) {
    try {
      const image = await readInput(picture, resolution, preprocessing)
      if (changed.length === 0) await warmUp(labellers, image)
      changed.push(shareOfChange(await label('float', image), await label('int8', image)))
    } catch (error) {
      if (!isUnreadablePicture(error, picture)) throw error
    }
  }
  if (changed.length === 0) {
    throw new FacetError(
      'file/unreadable',
      `None of ${pictures.length} pictures could be read; 8 bits are checked on pictures of yours.`,
      { pictures: pictures.length },
    )
  }
  return { changed, ms: { float: median(times.float), int8: median(times.int8) } }
}

/** The first run of a session allocates what later ones use again. */
async function warmUp(labellers: Readonly<Record<Precision, Labeller>>, image: Float32Array): Promise<void> {
  for (const { label, resolution } of Object.values(labellers))
    await label(image, { width: resolution, height: resolution })
}
