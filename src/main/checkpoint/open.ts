/** @file The door to checkpoints: opens a file by its content, whatever its name. */
import { openForReading, readAt } from '../base/fs'
import type { Checkpoint } from './checkpoint'
import { SNIFF_BYTES, detectFormat } from './detect'
import { openTorchLegacy } from './legacy'
import { unwrapped } from './prefixes'
import { openSafetensors } from './safetensors'
import { openTorchZip } from './torch'

/**
 * Opens a checkpoint: PyTorch (`.pt`, `.pth`) or safetensors. Tensors are read when asked for; the caller closes
 * it. Throws `file/unreadable`, `checkpoint/malformed` or, for a file that asks to run code,
 * `checkpoint/forbidden`; the sentence names the file and what is wrong with it.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const { handle, size } = await openForReading(path)
  try {
    const format = detectFormat(path, await readAt(handle, 0, Math.min(size, SNIFF_BYTES)), size)
    const open = { 'torch-zip': openTorchZip, 'torch-legacy': openTorchLegacy, safetensors: openSafetensors }
    return unwrapped(await open[format](path, handle, size))
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Opens a checkpoint, uses it and closes it whatever happens. */
export async function withCheckpoint<T>(
  path: string,
  use: (checkpoint: Checkpoint) => Promise<T>,
): Promise<T> {
  const checkpoint = await openCheckpoint(path)
  try {
    return await use(checkpoint)
  } finally {
    await checkpoint.close()
  }
}
