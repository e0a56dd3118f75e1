/**
 * @file PyTorch's container before 1.6: five pickles (magic number, protocol, system, the object, the storages'
 * keys), then each storage as its element count (int64) and its elements.
 * Format: torch/serialization.py, `_legacy_save`.
 */
import type { FileHandle } from 'node:fs/promises'
import { readAt } from '../base/fs'
import { elementSize } from '../base/tensor'
import type { Checkpoint } from './checkpoint'
import { malformed } from './checkpoint'
import { MAX_PICKLE_BYTES } from './limits'
import { unpickle } from './pickle'
import { TorchHost } from './rebuild'
import { openStateDict } from './stateDict'
import type { StoredBytes } from './zip'

/** The first bytes of such a file: PROTO 2, LONG1 of the magic number 0x1950a86a20f9469cfc6c, STOP. */
export const LEGACY_MAGIC = Uint8Array.of(
  ...[0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
)

/** Opens a legacy checkpoint; only its pickles and the storages' lengths are read. Throws `checkpoint/…`. */
export async function openTorchLegacy(
  path: string,
  handle: FileHandle,
  fileSize: number,
): Promise<Checkpoint> {
  const pickles = await readAt(handle, 0, Math.min(fileSize, MAX_PICKLE_BYTES))
  const host = new TorchHost(path)
  let position = 0
  const next = (): unknown => {
    const { value, end } = unpickle(pickles.subarray(position), host)
    position += end
    return value
  }
  next() // the magic number, which the caller has seen
  next() // the protocol, always 1001
  const system = next()
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw malformed(path, 'it is not little-endian; load and save it again on an ordinary computer')
  }
  const root = next()
  const keys = next()
  if (!Array.isArray(keys)) throw malformed(path, 'it does not list its storages')

  const storages = new Map<string, StoredBytes>()
  for (const key of keys as unknown[]) {
    if (typeof key !== 'string') throw malformed(path, 'it lists a storage without a name')
    const storage = host.storages.get(key)
    if (storage === undefined) throw malformed(path, `it lists a storage ${key} that nothing uses`)
    const size = storage.count * elementSize(storage.dtype)
    const start = position + 8
    if (start + size > fileSize) throw malformed(path, `it ends inside storage ${storage.key}`)
    const count = Buffer.from(await readAt(handle, position, 8)).readBigInt64LE()
    if (count !== BigInt(storage.count)) {
      throw malformed(
        path,
        `storage ${storage.key} has ${count} elements, and its pickle says ${storage.count}`,
      )
    }
    storages.set(storage.key, { size, read: (offset, length) => readAt(handle, start + offset, length) })
    position = start + size
  }
  return openStateDict({
    path,
    format: 'pytorch-legacy',
    handle,
    fileSize,
    root,
    storage: (key) => storages.get(key),
  })
}
