/**
 * @file The masks of a face that is learned from, all of them: what a damaged mask showed would be taught as background, so
 * such a face is left out and told.
 */
import type { Complaint } from '../../../shared/answers'
import { FacetError, toWire } from '../../../shared/errors'
import type { PartMap } from '../../../shared/mask'
import type { Sample } from '../../dataset/samples'
import { readMaskPng } from '../../imaging/mask'

/** The masks of `sample`. Throws `image/unreadable` where one of them cannot be read or does not fit the others. */
export async function readAllMasks(sample: Sample): Promise<PartMap> {
  const { map, complaints } = await sample.read()
  for (const complaint of map ? complaints : []) {
    if (!(await isAboutNothing(complaint))) throw unusable(sample, complaint)
  }
  if (map) return map
  throw unusable(sample, complaints[0])
}

/** True for the complaint about an empty mask, which is as good as none: its part is absent. */
async function isAboutNothing({ file }: Complaint): Promise<boolean> {
  return readMaskPng(file).then(
    ({ mask }) => mask.every((value) => value === 0),
    () => false,
  )
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
