/** @file Files and folders, safely: reads that say what is wrong, writes that leave the old or the new, never half. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'

/** One read call takes at most 2 GiB; half of that stays clear of every platform's limit. */
const MAX_READ_BYTES = 2 ** 30

/** What the operating system's error codes mean to a person. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: noteOf('noSuchFile', {}),
  EACCES: noteOf('accessDenied', {}),
  EPERM: noteOf('accessDenied', {}),
  EISDIR: noteOf('isFolder', {}),
  EEXIST: noteOf('fileForFolder', {}),
  ENOTDIR: noteOf('fileInPath', {}),
  ENOSPC: noteOf('diskFull', {}),
  EROFS: noteOf('diskReadOnly', {}),
}

/** What the operating system said, in words that end a sentence. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error))
}

/** The error for a file that cannot be read, from what the operating system said. */
export function unreadable(path: string, cause: unknown): FacetError {
  return new FacetError(
    'file/unreadable',
    noteOf('cannotRead', { file: path, reason: reasonOf(cause) }),
    { file: path },
    { cause },
  )
}

/** The error for a file that cannot be written, from what the operating system said. */
export function unwritable(path: string, cause: unknown): FacetError {
  return new FacetError(
    'file/unwritable',
    noteOf('cannotWrite', { file: path, reason: reasonOf(cause) }),
    { file: path },
    { cause },
  )
}

/**
 * What stands for the content of the file at `path`: where it is, its number, size and times, one of which any write changes.
 * Throws `file/unreadable`.
 */
export async function fingerprint(path: string): Promise<string[]> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  return [resolve(path), ...[ino, size, mtimeNs, ctimeNs].map(String)]
}

/** True for `folder` itself and what lies in it. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  // Between two drives of Windows there is no way but the whole path.
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * Refuses to write `output` where it is one of the files `inputs`, by its path or as the same file: what is read would be lost.
 * Throws `conflict`.
 */
export async function requireOther(output: string, inputs: readonly string[]): Promise<void> {
  const identity = async (path: string): Promise<string | null> =>
    stat(path, { bigint: true }).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => null,
    )
  const own = await identity(output)
  for (const input of inputs) {
    const isSame = resolve(input) === resolve(output) || (own !== null && own === (await identity(input)))
    if (!isSame) continue
    throw new FacetError(
      'conflict',
      `Writing ${output} would replace ${input}, which this command needs; choose another file to write.`,
      { file: output },
    )
  }
}

/** Opens a regular file for reading by position and gives its size in bytes; the caller closes the handle. */
export async function openForReading(path: string): Promise<{ handle: FileHandle; size: number }> {
  try {
    const handle = await open(path, 'r')
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, size: stats.size }
    await handle.close()
  } catch (error) {
    throw unreadable(path, error)
  }
  throw new FacetError('file/unreadable', `Cannot read ${path}: it is not a regular file.`, { file: path })
}

/** `length` bytes from `position`; throws `file/malformed` where the file ends before. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(
      bytes,
      done,
      Math.min(length - done, MAX_READ_BYTES),
      position + done,
    )
    if (bytesRead === 0) {
      const missing = `it ends ${length - done} bytes early (reading ${length} at ${position})`
      throw new FacetError('file/malformed', `A file was cut short while it was read: ${missing}.`)
    }
    done += bytesRead
  }
  return bytes
}

/**
 * Writes a whole file so that a reader, or a crash, meets the old content or the new one: a temporary file
 * beside it, fsync, rename, fsync of the folder. `content` is the bytes, or a function that writes them.
 * Throws `file/unwritable` for what the operating system refuses; an error of `content` itself passes through.
 * Without `flush` it is on the disk when the system pleases: enough against a crash of the program, not against a power cut.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | ((handle: FileHandle) => Promise<void>),
  { flush = true } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const handle = await open(temporary, 'wx')
    try {
      if (typeof content === 'function') await content(handle)
      else await handle.writeFile(content)
      if (flush) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    if (flush) await syncDirectory(dirname(path))
  } catch (error) {
    // What keeps it from being removed kept it from being written, which is what is told.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw isSystemError(error) ? unwritable(path, error) : error
  }
}

/** Removes from `folder` what writers left there half written that were killed; nobody may be writing in it. */
export async function removeHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) await rm(join(folder, name), { force: true })
  }
}

/** Writes the bytes of the file at `path` to `handle`, a megabyte at a time; `onBytes` hears how many so far. */
export async function copyBytes(
  path: string,
  handle: FileHandle,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (done: number) => void } = {},
): Promise<void> {
  let done = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
    await handle.writeFile(chunk as Buffer)
    done += (chunk as Buffer).length
    onBytes?.(done)
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Where `replaceDirectory` parks the old folder for the moment between its two renames. */
function parkedName(directory: string): string {
  return join(dirname(directory), `.${basename(directory)}.previous`)
}

/**
 * Puts the finished folder `temporary` in the place of `directory` (same file system), which may exist already.
 * No portable call exchanges two folders, so a crash may leave the old one parked beside:
 * `recoverDirectory` puts it back, and whoever reads such a folder calls that first.
 */
export async function replaceDirectory(temporary: string, directory: string): Promise<void> {
  try {
    await syncDirectory(temporary)
    await recoverDirectory(directory)
    const parked = parkedName(directory)
    if (await exists(directory)) await rename(directory, parked)
    await rename(temporary, directory)
    await syncDirectory(dirname(directory))
    await rm(parked, { recursive: true, force: true })
  } catch (error) {
    await recoverDirectory(directory)
    throw isSystemError(error) ? unwritable(directory, error) : error
  }
}

/** Puts the finished folder `temporary` in the place of the empty folder `directory` (same file system). Throws `file/unwritable`. */
export async function fillDirectory(temporary: string, directory: string): Promise<void> {
  try {
    await syncDirectory(temporary)
    // Windows renames nothing onto a folder.
    if (process.platform === 'win32') await rmdir(directory)
    await rename(temporary, directory)
    await syncDirectory(dirname(directory))
  } catch (error) {
    throw unwritable(directory, error)
  }
}

/** Undoes a `replaceDirectory` that was cut off half-way; does nothing where none was. */
export async function recoverDirectory(directory: string): Promise<void> {
  const parked = parkedName(directory)
  if (!(await exists(parked))) return
  if (await exists(directory)) await rm(parked, { recursive: true, force: true })
  else await rename(parked, directory)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Makes renames inside a folder survive a power cut; Windows cannot open folders and needs no such call. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
