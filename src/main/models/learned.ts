/** @file Which pictures a model has seen the right answer of: what it was trained on, and what it is made of was. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parentsOf, type Stored } from './lineage'
import { TRAINING_FILE } from './manifest'
import { TRAINING_IMAGES } from './trained'

const record = z.object({ images: TRAINING_IMAGES })

/** SHA-256 of the files of all pictures that those of the `ids` learned from, as far as the records of `models` reach back. */
export async function learnedPictures(
  ids: readonly string[],
  models: readonly Stored[],
): Promise<Set<string>> {
  const byId = new Map(models.map((model) => [model.manifest.id, model]))
  const pictures = new Set<string>()
  const seen = new Set<string>()
  const open = [...ids]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const model = byId.get(next)
    if (!model || seen.has(next)) continue
    seen.add(next)
    for (const sha256 of await trainedOn(model)) pictures.add(sha256)
    open.push(...parentsOf(model.manifest))
  }
  return pictures
}

/** None of a model that was not trained here, or whose record cannot be read. */
async function trainedOn({ folder }: Stored): Promise<string[]> {
  try {
    const { images } = record.parse(JSON.parse(await readFile(join(folder, TRAINING_FILE), 'utf8')))
    return images.flatMap(({ sha256, use }) => (use === 'train' ? sha256 : []))
  } catch {
    return []
  }
}
