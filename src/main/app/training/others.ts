/**
 * @file Faces that keep a model from forgetting what it knew: those of a folder that the user names, else the portraits that
 * come along. They are learned with the base model's own answers, whether they have masks or not.
 */
import { join, resolve } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { noteOf } from '../../../shared/notes'
import { findCelebAMask } from '../../dataset/celebamask/detect'
import { treeSamples } from '../../dataset/samples'
import { scanPhotos } from '../tree'
import { share } from './faces'

/** As many as the images of a first correction; more would outweigh them. */
const MAX_OTHERS = 100

export interface OtherFace {
  readonly name: string
  readonly image: string
}

/**
 * The faces of `folder`, a CelebAMask-HQ tree or any folder of pictures; for null those in `resources`. Throws
 * `dataset/malformed` for a folder without any.
 */
export async function findOthers(folder: string | null, resources: string): Promise<OtherFace[]> {
  const root = folder === null ? join(resources, 'sample', 'aligned') : resolve(folder)
  const found: OtherFace[] = []
  if (folder !== null && (await findCelebAMask(root))) {
    const { samples } = await treeSamples(root)
    const usable = samples.filter(({ split }) => split !== 'test')
    found.push(...usable.map(({ name, image }) => ({ name, image })))
  } else {
    for await (const batch of scanPhotos(root))
      found.push(...batch.map(({ name }) => ({ name, image: join(root, name) })))
  }
  if (folder !== null && found.length === 0)
    throw new FacetError('dataset/malformed', noteOf('noOtherFaces', { root }), { file: root })
  return found.toSorted((a, b) => share(a.name) - share(b.name)).slice(0, MAX_OTHERS)
}
