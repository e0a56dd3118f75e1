/**
 * @file Writes predictions into a folder one by one, so that a run that is cut off keeps what it did and a later run
 * adds to it. Photos are not copied: predictions belong to photos that stay where they are.
 */
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EXPORT_FORMATS } from '../../shared/terms'
import { assertNever, invariant } from '../../shared/assert'
import { PART_NAMES } from '../../shared/labels'
import { flatten, type PartMap } from '../../shared/mask'
import { unwritable, writeFileAtomic } from '../base/fs'
import { encodeLabelPng } from '../imaging/mask'
import { encodePartMasks, partMaskPath } from './celebamask/exporter'
import { assignIds, createIndexNamer, NAMES_FILE, readNames, writeNames, type NamedPicture } from './names'
import { foreign, requireOwnFolder } from './tree'

export type PredictionLayout = (typeof EXPORT_FORMATS)[number]

export interface PredictionWriter {
  /** Writes the masks of one of the announced photos over those of an earlier run. */
  write(name: string, map: PartMap): Promise<void>
}

/**
 * Prepares `out` for predictions of the photos `names` (paths below `root`, the input folder, with forward slashes).
 * `celebamask-hq` writes `CelebAMask-HQ-mask-anno/{id // 2000}/{id:05d}_{part}.png`, numbers as `assignIds` gives
 * them; `index` writes `{name}.png`. Throws `conflict` for a folder that holds files and was not written by Facet, for one
 * with exported masks, which may be somebody's work, and where a photo of another folder has such a name;
 * `file/unwritable` where it cannot be made or written.
 */
export async function createPredictionWriter(
  out: string,
  layout: PredictionLayout,
  { root, names }: { readonly root: string; readonly names: readonly string[] },
): Promise<PredictionWriter> {
  await requireOwnFolder(out)
  const pictures = (await readNames(out)) ?? new Map<string, NamedPicture>()
  requirePredictions(out, root, names, pictures)
  await makeFolder(out)
  const assigned = assignIds(names, new Map(Array.from(pictures, ([name, { id }]) => [name, id])))
  names.forEach((name, i) => pictures.set(name, { id: assigned[i] as number, name, folder: root }))
  await writeFileAtomic(join(out, NAMES_FILE), writeNames(pictures.values()))
  const fileOf = createIndexNamer()
  const byId = [...pictures.values()].sort((a, b) => a.id - b.id)
  const files = new Map(byId.map(({ name }) => [name, fileOf(name)]))
  return {
    async write(name, map) {
      const id = pictures.get(name)?.id
      const file = files.get(name)
      invariant(id !== undefined && file !== undefined, `${name} was not announced`)
      switch (layout) {
        case 'celebamask-hq':
          return writeParts(out, id, map)
        case 'index':
          return writeInto(out, file, await encodeLabelPng(flatten(map), map.width, map.height))
        default:
          return assertNever(layout)
      }
    },
  }
}

/** Refuses to write over what is not a prediction of the same photo. */
function requirePredictions(
  out: string,
  root: string,
  names: readonly string[],
  pictures: ReadonlyMap<string, NamedPicture>,
): void {
  if ([...pictures.values()].some(({ folder }) => folder === null))
    throw foreign(
      out,
      'holds masks that Facet exported (or predicted before it noted of which folder), which would be replaced',
    )
  for (const name of names) {
    const { folder = root } = pictures.get(name) ?? {}
    if (folder !== root)
      throw foreign(out, `holds the masks of ${join(folder ?? '', name)}, which has the same name`)
  }
}

async function writeParts(out: string, id: number, map: PartMap): Promise<void> {
  const masks = await encodePartMasks(id, map)
  await Promise.all(masks.map(({ file, bytes }) => writeInto(out, file, bytes)))
  const present = new Set(masks.map(({ file }) => file))
  const absent = PART_NAMES.map((part) => partMaskPath(id, part)).filter((file) => !present.has(file))
  await Promise.all(absent.map((file) => rm(join(out, file), { force: true })))
}

async function writeInto(out: string, file: string, bytes: Uint8Array): Promise<void> {
  const path = join(out, file)
  await makeFolder(dirname(path))
  await writeFileAtomic(path, bytes)
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error)
  })
}
