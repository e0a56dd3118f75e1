/** @file Run lengths and patches as the database keeps them: deflated, with a checksum that is tested before use. */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { FacetError } from '../../shared/errors'

/** Deflated bytes and the CRC-32 of them as they are. */
export interface Blob {
  readonly bytes: Uint8Array
  readonly crc: number
}

/** Deflates, for one row. */
export function pack(bytes: Uint8Array): Blob {
  const deflated = deflateRawSync(bytes)
  return { bytes: deflated, crc: crc32(deflated) }
}

/**
 * The bytes again. `what` names them in the `store/damaged` of a wrong checksum, such as "The mask of hair of 'a.jpg'";
 * `use` makes something of them, and what it finds malformed counts as damage too.
 */
export function unpack<T>(blob: Blob, what: string, file: string, use: (bytes: Uint8Array) => T): T {
  const damaged = (found: string, cause?: unknown) =>
    new FacetError(
      'store/damaged',
      `${what} in ${file} is damaged: ${found}. Restore the workspace from a backup copy; its other faces can be used.`,
      { file },
      { cause },
    )
  if (crc32(blob.bytes) !== blob.crc) throw damaged('its checksum does not match')
  try {
    return use(inflateRawSync(blob.bytes))
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error)
  }
}
