/**
 * @file The zip container: entries by name, each read by position; deflated ones are inflated within their declared size.
 *
 * An entry is held against its CRC-32 when it is first read: of a part, the rest is read through, too, once. PyTorch
 * itself never compares them. It writes 0 where it did not compute them: for all entries after
 * `torch.serialization.set_crc32_options(False)`, for storages alone under `torch.serialization.skip_data()`, which
 * leaves their bytes to be filled in later. So a CRC of 0 says nothing, and any other must hold. Of 2^32 genuine ones
 * one is 0; its entry goes unchecked.
 */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { fromFdPromise } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { FacetError } from '../../shared/errors'
import { readAt } from '../base/fs'
import { malformed } from './checkpoint'
import { MAX_DEFLATE_RATIO, MAX_ZIP_ENTRIES } from './limits'

/** The CRC-32 that stands where none was computed; also that of an entry without bytes. */
const NO_CHECKSUM = 0

/** So many bytes of an entry are in memory while it is read through. */
const PIECE_BYTES = 2 ** 20

/** Bytes that lie in a file and are read piece by piece. */
export interface StoredBytes {
  /** In bytes. */
  readonly size: number
  /** `length` bytes from `offset`; the caller keeps within `size`. Throws `checkpoint/malformed` for damaged ones. */
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
  let checked = entry.crc32 === NO_CHECKSUM
  return {
    size: uncompressedSize,
    async read(offset, length) {
      try {
        let pieces: AsyncIterable<Uint8Array>
        if (compressionMethod === 0) {
          const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
          if (checked) return await readAt(handle, fileDataStart + offset, length)
          pieces = storedPieces(handle, fileDataStart, uncompressedSize)
        } else pieces = await zip.openReadStreamPromise(entry)
        const { range, checksum } = await readThrough(pieces, offset, length, !checked)
        if (!checked && checksum !== entry.crc32) throw damaged(file, fileName)
        checked = true
        return range
      } catch (error) {
        throw zipFault(file, error, fileName)
      }
    },
  }
}

/** A range of the file in pieces, each of which is gone when the next is asked for. */
async function* storedPieces(handle: FileHandle, start: number, size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, size))
  for (let done = 0; done < size;) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, size - done), start + done)
    if (bytesRead === 0) throw new Error(`the file ends after ${done} of its ${size} bytes`)
    yield piece.subarray(0, bytesRead)
    done += bytesRead
  }
}

/** Keeps `length` bytes from `offset` of an entry; with `toEnd` it reads on behind them, and the checksum is that of all. */
async function readThrough(
  pieces: AsyncIterable<Uint8Array>,
  offset: number,
  length: number,
  toEnd: boolean,
): Promise<{ range: Uint8Array; checksum: number }> {
  const range = new Uint8Array(length)
  let checksum = 0
  let position = 0
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, offset - position), Math.max(0, offset + length - position))
    if (wanted.byteLength > 0) range.set(wanted, Math.max(0, position - offset))
    position += piece.byteLength
    if (toEnd) checksum = crc32(piece, checksum)
    else if (position >= offset + length) break
  }
  if (position < offset + length) throw new Error(`it unpacks to ${position} bytes`)
  return { range, checksum }
}

function damaged(file: string, entry: string): FacetError {
  const what = `the contents of "${entry}" do not match their checksum; copy or download it again`
  return malformed(file, `it is damaged: ${what}`)
}

function zipFault(file: string, error: unknown, entry?: string): FacetError {
  if (error instanceof FacetError && error.code !== 'file/malformed') return error
  const what = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
  const where = entry === undefined ? 'its zip container is damaged' : `"${entry}" in it is damaged`
  return malformed(file, `${where} (${what})`, error)
}
