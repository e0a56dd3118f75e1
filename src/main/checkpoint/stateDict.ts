/** @file From an unpickled checkpoint to the model's tensors: finds its state dict, checks every size against the file, reads on demand. */
import type { FileHandle } from 'node:fs/promises'
import type { Tensor } from '../base/tensor'
import { elementCount, elementSize, tensorFromBytes } from '../base/tensor'
import type { Checkpoint, Scalar, TensorInfo } from './checkpoint'
import { malformed, missingTensor } from './checkpoint'
import { FREE_TENSOR_BYTES, MAX_TENSOR_BYTES_PER_FILE_BYTE } from './limits'
import { Placeholder } from './placeholder'
import { TensorView } from './rebuild'
import { isContiguous, makeContiguous, viewSpan } from './views'
import type { StoredBytes } from './zip'

/** Where a training checkpoint keeps its model, the first that is there; else the checkpoint is the state dict itself. */
const STATE_DICT_KEYS = ['state_dict_backbone', 'state_dict', 'model']

/** What to do with a file that holds an object where we want tensors. */
const SAVE_STATE_DICT = 'save model.state_dict() with torch.save instead'

/** An opened container: its unpickled value and where its storages lie. */
export interface TorchContainer {
  readonly path: string
  readonly format: 'pytorch' | 'pytorch-legacy'
  readonly handle: FileHandle
  readonly fileSize: number
  readonly root: unknown
  /** The bytes of a storage, or undefined where the file has none. */
  storage(key: string): StoredBytes | undefined
}

/**
 * The checkpoint of a container. Every tensor is checked here against what the file really holds, so that
 * reading it later allocates no more than that. Throws `checkpoint/malformed`.
 */
export function openStateDict(container: TorchContainer): Checkpoint {
  const { path, format, handle, root } = container
  const views = findStateDict(path, root)
  let tensorBytes = 0
  for (const [name, view] of views) tensorBytes += checkView(container, name, view)
  const storages = new Set(Array.from(views.values(), ({ storage }) => storage))
  let storageBytes = 0
  for (const { key } of storages) storageBytes += container.storage(key)?.size ?? 0
  const bytes = Math.max(tensorBytes, storageBytes)
  if (bytes > FREE_TENSOR_BYTES + MAX_TENSOR_BYTES_PER_FILE_BYTE * container.fileSize) {
    const sizes = `${bytes} bytes of tensors in a file of ${container.fileSize}`
    throw malformed(path, `it declares ${sizes}, which no honest checkpoint does`)
  }

  const tensors = Array.from(views, ([name, view]): TensorInfo => {
    return { name, dtype: view.storage.dtype, shape: view.shape }
  })
  return {
    path,
    format,
    tensors,
    metadata: readMetadata(root),
    async read(name) {
      const view = views.get(name)
      if (view === undefined) throw missingTensor(path, name)
      return readView(container, view)
    },
    close: () => handle.close(),
  }
}

/**
 * The model's tensors by name. Values of other kinds among them are left out, as people keep `epoch` or `args`
 * beside bare tensors; but what is no tensor in a state dict that a checkpoint names as such is an error.
 */
function findStateDict(path: string, root: unknown): Map<string, TensorView> {
  if (root instanceof Placeholder) {
    throw malformed(path, `it is an object of ${root.name}, not a dict of tensors; ${SAVE_STATE_DICT}`)
  }
  if (!(root instanceof Map)) throw malformed(path, 'it holds no dict of tensors')
  const dict = root as Map<unknown, unknown>
  const holder = STATE_DICT_KEYS.map((key) => dict.get(key)).find((value) => value instanceof Map)
  const views = new Map<string, TensorView>()
  for (const [name, value] of (holder ?? dict) as Map<unknown, unknown>) {
    if (typeof name !== 'string') continue
    if (value instanceof TensorView) views.set(name, value)
    else if (value instanceof Placeholder && holder !== undefined) {
      throw malformed(path, `"${name}" is an object of ${value.name}, not a tensor; ${SAVE_STATE_DICT}`)
    }
  }
  if (views.size === 0) throw malformed(path, whereTensorsAreMissed(dict))
  return views
}

/** Why a dict has no tensors: what is in their places. */
function whereTensorsAreMissed(dict: ReadonlyMap<unknown, unknown>): string {
  const keys = STATE_DICT_KEYS.map((key) => `"${key}"`).join(', ')
  const missed = `it holds no tensors by name, neither under ${keys} nor at its top`
  const name = [...STATE_DICT_KEYS, ...dict.keys()].find((key) => dict.get(key) instanceof Placeholder)
  const object = dict.get(name)
  if (typeof name !== 'string' || !(object instanceof Placeholder)) return missed
  return `${missed}; its "${name}" is an object of ${object.name}: ${SAVE_STATE_DICT}`
}

/** Checks that a view lies within its storage, and that within the file; gives the bytes that reading it takes. */
function checkView(container: TorchContainer, name: string, view: TensorView): number {
  const { storage, offset, shape } = view
  const size = elementSize(storage.dtype)
  const found = container.storage(storage.key)?.size
  if (found === undefined) {
    throw malformed(container.path, `tensor "${name}" needs storage ${storage.key}, which is missing`)
  }
  if (found !== storage.count * size) {
    const expected = `${storage.count * size} bytes of storage ${storage.key}`
    throw malformed(container.path, `tensor "${name}" needs ${expected}, which has ${found}`)
  }
  const span = viewSpan(view)
  if (offset + span > storage.count) {
    const reach = `elements ${offset} to ${offset + span - 1} of storage ${storage.key}`
    throw malformed(container.path, `tensor "${name}" covers ${reach}, which has ${storage.count}`)
  }
  return Math.max(span, elementCount(shape)) * size
}

async function readView(container: TorchContainer, view: TensorView): Promise<Tensor> {
  const { storage, offset, shape } = view
  const { dtype } = storage
  const size = elementSize(dtype)
  const bytes = await container.storage(storage.key)?.read(offset * size, viewSpan(view) * size)
  // checkView found the storage when the file was opened.
  if (bytes === undefined) throw malformed(container.path, `storage ${storage.key} is missing`)
  return tensorFromBytes(dtype, shape, isContiguous(view) ? bytes : makeContiguous(dtype, view, bytes))
}

/** The plain values at the top of a checkpoint: `epoch`, `iteration` and their like. */
function readMetadata(root: unknown): Record<string, Scalar> {
  const metadata: [string, Scalar][] = []
  for (const [key, value] of root instanceof Map ? (root as Map<unknown, unknown>) : []) {
    const plain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    if (typeof key === 'string' && plain) metadata.push([key, value as Scalar])
  }
  return Object.fromEntries(metadata)
}
