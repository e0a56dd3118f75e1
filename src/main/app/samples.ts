/** @file The samples of whatever DATASET names: a workspace, also one that another Facet has open, or a CelebAMask-HQ tree. */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { findCelebAMask } from '../dataset/celebamask/detect'
import { IMAGE_FOLDER, MASK_FOLDER } from '../dataset/celebamask/format'
import { readEnv } from '../dataset/env'
import type { ItemMasks } from '../dataset/celebamask/importer'
import { readNames } from '../dataset/names'
import { treeSamples, type Sample, type SampleSet } from '../dataset/samples'
import type { StoreReader } from '../store/reader'
import { holdsStore, storeFolders, type ReadableWorkspace, type WorkspaceHolder } from './workspace'

/** The dataset that a command line names; left out, `DATA_PATH` of the `.env` in `folder`, which labs keep beside SegFace. */
export async function namedDataset(named: string | undefined, folder: string): Promise<string> {
  if (named !== undefined) return named
  const { DATA_PATH } = await readEnv(folder)
  if (DATA_PATH !== undefined) return resolve(folder, DATA_PATH)
  throw new FacetError('usage', `Name a dataset, or set DATA_PATH in ${join(folder, '.env')}.`)
}

/**
 * Hands `work` the samples of the dataset at `folder`; their masks can be read until it has ended. A tree that was opened
 * in Facet is both: then a face's masks are those of the workspace, as people corrected them, and the tree's where the
 * workspace has none yet. Throws `dataset/malformed` for a folder that is neither, `file/unreadable` where there is none,
 * or an error of the store.
 */
export async function withSamples<T>(
  holder: WorkspaceHolder,
  folder: string,
  work: (set: SampleSet) => Promise<T>,
): Promise<T> {
  const path = resolve(folder)
  if (!statSync(path, { throwIfNoEntry: false }))
    throw new FacetError('file/unreadable', `${path} does not exist; name a dataset's folder.`, {
      file: path,
    })
  const tree = await findCelebAMask(path)
  if (storeFolders(path, holder.paths.dataDir).some(holdsStore))
    return holder.readStored(path, async (workspace) => {
      const isExport = tree !== null && (await isExportOf(workspace, path, tree.root))
      return work(workspaceSamples(path, workspace, tree && !isExport ? await treeSamples(path) : null))
    })
  if (tree) return work(await treeSamples(path))
  throw new FacetError(
    'dataset/malformed',
    `${path} is neither a CelebAMask-HQ dataset (the folders ${IMAGE_FOLDER} and ${MASK_FOLDER}) nor a workspace (a folder that was opened in Facet).`,
    { file: path },
  )
}

/** True for a tree inside a workspace that Facet wrote of its images, so that its faces are there already. */
async function isExportOf({ store }: ReadableWorkspace, path: string, tree: string): Promise<boolean> {
  const names = tree === path ? null : await readNames(tree)
  return names !== null && [...names.keys()].every((name) => store.findImage(name) !== null)
}

/** The images of which a part was decided, by a model, a hand or an import; first those of the tree, in its order. */
function workspaceSamples(root: string, workspace: ReadableWorkspace, tree: SampleSet | null): SampleSet {
  const stored = new Map(storedSamples(workspace).map((sample) => [sample.name, sample]))
  const ofTree = (tree?.samples ?? []).map((sample): Sample => {
    const own = stored.get(sample.name)
    stored.delete(sample.name)
    return own ? { ...own, split: own.split ?? sample.split } : sample
  })
  return {
    kind: 'workspace',
    root,
    samples: [...ofTree, ...stored.values()],
    // Not of pictures that have no masks in the tree, but do here.
    complaints: (tree?.complaints ?? []).filter(({ file }) => !stored.has(file)),
  }
}

function storedSamples(workspace: ReadableWorkspace): Sample[] {
  const { store } = workspace
  return store.decidedFaces().map(({ image, face, ...facts }): Sample => ({
    ...facts,
    id: image,
    image: workspace.fileOf(facts.name),
    read: () => Promise.resolve(readFace(store, face, facts.name)),
  }))
}

function readFace(store: StoreReader, face: number, name: string): ItemMasks {
  try {
    return { map: store.masks(face), unread: new Map(), complaints: [] }
  } catch (error) {
    if (!(error instanceof FacetError && error.code === 'store/damaged')) throw error
    return { map: null, unread: new Map(), complaints: [{ file: name, message: error.message }] }
  }
}
