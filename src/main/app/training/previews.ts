/** @file The few faces of a run that are shown after each epoch: picture, given masks, and what the network then said. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { IGNORED } from '../../../shared/mask'
import type { PreviewFace } from '../../../shared/training'
import { readLabelPng } from '../../imaging/mask'
import { squareJpeg } from '../../imaging/view'
import { labelsAt } from '../../segface/preprocess'
import { hasPlan, readPlan, type PlanSample } from '../../training/plan'

/** Where the faces that are shown after an epoch lie, one label map each, named after their place in the plan. */
export function previewFolder(folder: string, epoch: number): string {
  return join(folder, 'previews', String(epoch))
}

/** The faces after `epoch`; none where it has not ended, or the run is not prepared yet. */
export async function readPreviews(folder: string, epoch: number): Promise<PreviewFace[]> {
  if (!hasPlan(folder)) return []
  const { samples, previews, settings } = await readPlan(folder)
  const shown = previews.flatMap((place) => {
    const sample = samples[place]
    const file = join(previewFolder(folder, epoch), `${place}.png`)
    return sample && existsSync(file) ? [{ sample, file }] : []
  })
  const faces = await Promise.all(
    shown.map(({ sample, file }) => readFace(folder, sample, file, settings.input_resolution).catch(absent)),
  )
  return faces.filter((face) => face !== null)
}

/** A photo that is gone takes no other face with it. */
function absent(error: unknown): null {
  if (error instanceof FacetError && /^(image|file)\//.test(error.code)) return null
  throw error
}

async function readFace(
  folder: string,
  { name, id, picture, labels }: PlanSample,
  file: string,
  size: number,
): Promise<PreviewFace> {
  const [said, truth, jpeg] = await Promise.all([
    readLabelPng(file),
    labels === null ? null : readLabelPng(join(folder, labels)),
    squareJpeg(picture, size),
  ])
  return {
    ...{ image: name, id, size },
    labels: labelsAt(said, size),
    truth: truth ? labelsAt(truth, size) : new Uint8Array(size * size).fill(IGNORED),
    jpeg: new Uint8Array(jpeg),
  }
}
