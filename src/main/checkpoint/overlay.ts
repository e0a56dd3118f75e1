/** @file Several files of one network's tensors as one: what training changed lies over what it started from. */
import type { Tensor } from '../base/tensor'
import type { Checkpoint, TensorInfo, TensorSource } from './checkpoint'
import { missingTensor } from './checkpoint'
import { openCheckpoint } from './open'

/** Tensors with the plain values of the last file. */
export type Overlay = TensorSource & Pick<Checkpoint, 'metadata'>

/**
 * Opens `paths` and uses them as one: a tensor is read from the last file that holds it, and comes in the first file's
 * order. Closes them whatever happens. Errors as for `openCheckpoint`.
 */
export async function withTensors<T>(
  paths: readonly [string, ...string[]],
  use: (tensors: Overlay) => Promise<T>,
): Promise<T> {
  const open: Checkpoint[] = []
  try {
    for (const path of paths) open.push(await openCheckpoint(path))
    return await use(overlay(open))
  } finally {
    for (const checkpoint of open) await checkpoint.close()
  }
}

/** Every tensor of `paths` as one, in memory. Errors as for `openCheckpoint`. */
export function readTensors(paths: readonly [string, ...string[]]): Promise<Map<string, Tensor>> {
  return withTensors(paths, async (source) => {
    const tensors = new Map<string, Tensor>()
    for (const { name } of source.tensors) tensors.set(name, await source.read(name))
    return tensors
  })
}

function overlay(files: readonly Checkpoint[]): Overlay {
  const places = new Map<string, { readonly info: TensorInfo; readonly file: Checkpoint }>()
  for (const file of files) for (const info of file.tensors) places.set(info.name, { info, file })
  return {
    tensors: Array.from(places.values(), ({ info }) => info),
    metadata: files.at(-1)?.metadata ?? {},
    read(name) {
      const place = places.get(name)
      if (!place) throw missingTensor(files.map(({ path }) => path).join(' and '), name)
      return place.file.read(name)
    },
  }
}
