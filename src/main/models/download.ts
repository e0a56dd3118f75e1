/**
 * @file A published checkpoint into the registry: fetched, held against its hash, imported without the optimiser's two
 * thirds, and the large file deleted.
 */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { FacetError } from '../../shared/errors'
import { DATASET_NAMES } from '../../shared/network'
import { infosByName, type TensorInfo } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { recognise } from '../segface/config'
import { hashFile, importModel } from './importer'
import type { Published } from './published'
import type { Model, Registry } from './registry'
import { bytesHere, discard, transfer, type Patience } from './transfer'

export const HUGGING_FACE = 'https://huggingface.co'
/** What the slim model needs beside the checkpoint, of the checkpoint's size: a third, and some room. */
const SLIM_SHARE = 0.4

export interface DownloadOptions {
  /** Where checkpoints are fetched into. */
  readonly folder: string
  /** Base address in place of Hugging Face's. */
  readonly mirror: string
  /** Leaves the whole checkpoint in `folder`. */
  readonly keep: boolean
  readonly signal: AbortSignal
  readonly progress: (done: number, total: number) => void
  readonly patience?: Patience
}

/** Where the checkpoint is fetched to. */
export function downloadPath(folder: string, { name }: Published): string {
  return join(folder, `${name}.pt`)
}

/** The registry's model that was made of a published checkpoint, null where there is none. */
export async function installedModel(registry: Registry, published: Published): Promise<Model | null> {
  const { path, sha256 } = published
  const models = await registry.list()
  return models.find(({ manifest: { source } }) => source.sha256 === sha256 || source.file === path) ?? null
}

/**
 * Fetches and imports; answers the model at once where it is there already. An abort leaves a `.part` file that the next
 * call goes on from. Throws what `transfer` and `importModel` throw, and `download/malformed` for a wrong hash or another
 * network than the published one.
 */
export async function downloadModel(
  registry: Registry,
  published: Published,
  options: DownloadOptions,
): Promise<Model> {
  const installed = await installedModel(registry, published)
  if (installed) return installed
  const { folder, mirror, signal, progress, patience } = options
  const file = downloadPath(folder, published)
  await mkdir(folder, { recursive: true })
  await requireRoom(folder, published, await bytesHere(file))

  const url = `${mirror.replace(/\/+$/, '')}/${published.path}`
  const stated = await transfer(url, file, {
    bytes: published.exact ? published.bytes : null,
    signal,
    progress: (done, total) => progress(done, total || published.bytes),
    ...(patience ? { patience } : {}),
  })
  const sha256 = await requireHash(file, url, published.sha256 ?? stated, signal)
  const model = await importChecked(registry, file, url, published, sha256, signal)
  if (!options.keep) await discard(file)
  return model
}

async function requireRoom(folder: string, { name, bytes }: Published, have: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const needed = bytes - have + bytes * SLIM_SHARE
  if (bavail * bsize >= needed) return
  const mega = (count: number): string => `${Math.ceil(count / 1e6)} MB`
  throw new FacetError(
    'file/unwritable',
    `${name} needs ${mega(needed)} more on the disk of ${folder}, where ${mega(bavail * bsize)} are free; make room and try again.`,
    { file: folder, needed: Math.ceil(needed), free: bavail * bsize },
  )
}

/** The file's hash; one that is not as expected cannot be mended, so the file is deleted. */
async function requireHash(
  file: string,
  url: string,
  expected: string | null,
  signal: AbortSignal,
): Promise<string> {
  const sha256 = await hashFile(file, signal)
  if (expected === null || sha256 === expected) return sha256
  await discard(file)
  throw new FacetError(
    'download/malformed',
    `What came from ${url} is not the published file: its SHA-256 is ${sha256}, not ${expected}. It was deleted; try again, or another mirror.`,
    { url, sha256, expected },
  )
}

/** Throws where the file's tensors are another network than the published one, which nothing else tells where its hash is unknown. */
async function requireNetwork(file: string, url: string, { name, arch, classSet }: Published): Promise<void> {
  const found = await withCheckpoint(file, async ({ tensors }) => nameOf(tensors))
  const expected = `${arch} with ${classSet === 'celebamask-hq' ? 19 : 11} classes`
  if (found === expected) return
  throw new FacetError(
    'download/malformed',
    `What came from ${url} is not the published ${name}: by its tensors it is ${found}, expected was ${expected}. It was deleted; try another mirror.`,
    { url, found, expected },
  )
}

function nameOf(tensors: readonly TensorInfo[]): string {
  try {
    const { arch, classes } = recognise(infosByName({ tensors }))
    return `${arch} with ${classes} classes`
  } catch (error) {
    if (error instanceof FacetError && error.code === 'model/unsupported') return 'no SegFace network'
    throw error
  }
}

async function importChecked(
  registry: Registry,
  file: string,
  url: string,
  published: Published,
  sha256: string,
  signal: AbortSignal,
): Promise<Model> {
  const { name, resolution, licence, score, path, classSet } = published
  try {
    await requireNetwork(file, url, published)
    return await importModel(registry, file, {
      name,
      sha256,
      signal,
      known: {
        assumed: false,
        source: path,
        resolution,
        licence,
        classSet,
        card: cardOf(published),
        scores: { 'paper test mean_f1': score },
      },
    })
  } catch (error) {
    // A checkpoint that is none, or another's, stays so; any other trouble (a full disk, an abort) passes, and the file is good.
    if (error instanceof FacetError && /^(checkpoint|model|download)\//.test(error.code)) await discard(file)
    throw error
  }
}

function cardOf({ name, arch, resolution, classSet, score, licence, path }: Published): string {
  return `# ${name}

SegFace (Narayan et al., AAAI 2025) with the backbone ${arch}, published by its authors: trained on ${DATASET_NAMES[classSet]} at ${resolution} x ${resolution}. Mean F1 without background in the paper: ${(100 * score).toFixed(2)}.

**Terms.** ${licence}

**Source.** ${path}
`
}
