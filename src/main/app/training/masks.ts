/**
 * @file The masks of a face that is learned from, all of them: what a damaged mask showed would be taught as background, so
 * such a face is left out and told.
 */
import type { Complaint } from '../../../shared/answers'
import { FacetError, toWire } from '../../../shared/errors'
import type { PartMap } from '../../../shared/mask'
import type { Sample } from '../../dataset/samples'

/** The masks of `sample`. Throws `image/unreadable` where one of them cannot be read or does not fit the others. */
export async function readAllMasks(sample: Sample): Promise<PartMap> {
  const { map, unread, complaints } = await sample.read()
  if (map && unread.size === 0) return map
  const [why = complaints[0]] = unread.values()
  throw unusable(sample, why)
}

function unusable({ image }: Sample, complaint: Complaint | undefined): FacetError {
  const { file, message } = complaint ?? { file: image, message: 'its masks cannot be read.' }
  return new FacetError('image/unreadable', message.includes(file) ? message : `${file}: ${message}`, {
    file,
  })
}

/** Why a face was left out, in words; rethrows what is not about this face. */
export function whyLeftOut(error: unknown): string {
  const { code, message } = toWire(error)
  if (code === 'image/unreadable' || code === 'file/unreadable') return message
  throw error
}
