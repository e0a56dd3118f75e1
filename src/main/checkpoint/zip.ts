/** @file The zip container: entries by name, each read by position; deflated ones are inflated within their declared size. */
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { fromFdPromise } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { FacetError } from '../../shared/errors'
import { readAt } from '../base/fs'
import { malformed } from './checkpoint'
import { MAX_DEFLATE_RATIO, MAX_ZIP_ENTRIES } from './limits'

/** Bytes that lie in a file and are read piece by piece. */
export interface StoredBytes {
  /** In bytes. */
  readonly size: number
  /** `length` bytes from `offset`; the caller keeps within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/**
 * The directory of a zip archive; nothing is inflated and no entry is read. The handle stays the caller's.
 * Throws `checkpoint/malformed`, also for a name that occurs twice: two readers could take different ones.
 */
export async function readZipDirectory(
  file: string,
  handle: FileHandle,
  fileSize: number,
): Promise<ReadonlyMap<string, StoredBytes>> {
  const entries = new Map<string, StoredBytes>()
  // Without autoClose, yauzl never closes the descriptor.
  const zip = await fromFdPromise(handle.fd, { autoClose: false }).catch((error: unknown) => {
    const what = 'its zip directory is missing, so the file was cut short or damaged; download it again'
    throw malformed(file, what, error)
  })
  try {
    if (zip.entryCount > MAX_ZIP_ENTRIES) throw malformed(file, `it lists ${zip.entryCount} zip entries`)
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw malformed(file, `it holds "${entry.fileName}" twice`)
      entries.set(entry.fileName, openEntry(file, zip, entry, handle, fileSize))
    }
  } catch (error) {
    throw zipFault(file, error)
  }
  return entries
}

function openEntry(
  file: string,
  zip: ZipFile,
  entry: Entry,
  handle: FileHandle,
  fileSize: number,
): StoredBytes {
  const { fileName, compressedSize, compressionMethod, uncompressedSize } = entry
  if (!entry.canDecodeFileData()) {
    throw malformed(file, `"${fileName}" in it is encrypted or packed by method ${compressionMethod}`)
  }
  if (compressedSize > fileSize || uncompressedSize > compressedSize * MAX_DEFLATE_RATIO) {
    const sizes = `${uncompressedSize} bytes, packed in ${compressedSize}`
    throw malformed(file, `"${fileName}" in it declares ${sizes}, in a file of ${fileSize}`)
  }
  return {
    size: uncompressedSize,
    async read(offset, length) {
      try {
        if (compressionMethod !== 0) {
          return await inflateRange(await zip.openReadStreamPromise(entry), offset, length)
        }
        const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
        return await readAt(handle, fileDataStart + offset, length)
      } catch (error) {
        throw zipFault(file, error, fileName)
      }
    },
  }
}

/** Keeps `length` bytes from `offset` of a stream and stops reading there. */
async function inflateRange(stream: Readable, offset: number, length: number): Promise<Uint8Array> {
  const range = new Uint8Array(length)
  let position = 0
  if (length === 0) stream.destroy()
  else {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const wanted = chunk.subarray(Math.max(0, offset - position), offset + length - position)
      range.set(wanted, Math.max(0, position - offset))
      position += chunk.byteLength
      if (position >= offset + length) return range
    }
    throw new Error(`it unpacks to ${position} bytes`)
  }
  return range
}

function zipFault(file: string, error: unknown, entry?: string): FacetError {
  if (error instanceof FacetError && error.code !== 'file/malformed') return error
  const what = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
  const where = entry === undefined ? 'its zip container is damaged' : `"${entry}" in it is damaged`
  return malformed(file, `${where} (${what})`, error)
}
