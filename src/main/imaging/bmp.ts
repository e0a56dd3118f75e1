/**
 * @file Windows bitmaps (BMP) to RGB: every header from OS/2's 12 bytes to V5's 124, 1 to 32 bits a pixel, palettes,
 * bit fields, rows from below or from above. Run-length compression is refused.
 * Source: Microsoft, "Bitmap Header Types" and "BITMAPINFOHEADER structure".
 */
import { FacetError } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { ByteReader } from '../base/bytes'

/** Bytes from the file's start up to and including the fields that every header of 40 bytes and more has. */
export const BMP_HEAD_BYTES = 54
const FILE_HEADER_BYTES = 14
const CORE_HEADER_BYTES = 12
const BI_RGB = 0
const BI_BITFIELDS = 3
const BI_ALPHABITFIELDS = 6

interface BmpHeader {
  readonly width: number
  readonly height: number
  /** The first stored row is the upper one. */
  readonly topDown: boolean
  /** Where the rows begin. */
  readonly pixels: number
  readonly headerBytes: number
  readonly bits: number
  readonly compression: number
  /** Palette entries as the header states them; 0 means as many as `bits` allow. */
  readonly colours: number
}

/** True for bytes that begin as a bitmap file does. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d
}

/** Size in pixels from the file's first BMP_HEAD_BYTES bytes; `file` names it in errors. */
export function bmpSize(bytes: Uint8Array, file: string): { width: number; height: number } {
  const { width, height } = readHeader(bytes, file)
  return { width, height }
}

/** Row-major RGB, 3 bytes a pixel; a fourth channel is left out. Throws `image/unreadable`, naming `file`. */
export function decodeBmp(bytes: Uint8Array, file: string): { width: number; height: number; rgb: Buffer } {
  const header = readHeader(bytes, file)
  const { width, height, bits, topDown } = header
  const rowBytes = Math.ceil((width * bits) / 32) * 4
  if (header.pixels + rowBytes * height > bytes.length) {
    throw damaged(
      file,
      `it has ${bytes.length} bytes where its header asks for ${header.pixels + rowBytes * height}`,
    )
  }
  const colourAt = bits <= 8 ? paletteReader(bytes, header, file) : directReader(bytes, header, file)
  const rgb = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    const row = header.pixels + rowBytes * (topDown ? y : height - 1 - y)
    for (let x = 0, to = y * width * 3; x < width; x++, to += 3) rgb.writeUIntBE(colourAt(row, x), to, 3)
  }
  return { width, height, rgb }
}

function readHeader(bytes: Uint8Array, file: string): BmpHeader {
  const reader = new ByteReader(bytes, () => damaged(file, 'its header is cut short'))
  reader.slice(10)
  const pixels = reader.uint32()
  const headerBytes = reader.uint32()
  if (headerBytes === CORE_HEADER_BYTES) {
    const [width, height] = [reader.uint16(), reader.uint16()]
    reader.uint16()
    const core = { width, height, topDown: false, pixels, headerBytes, bits: reader.uint16() }
    return checkHeader({ ...core, compression: BI_RGB, colours: 0 }, file)
  }
  if (headerBytes < 40) throw damaged(file, `its header of ${headerBytes} bytes is of no known kind`)
  const [width, signedHeight] = [reader.int32(), reader.int32()]
  reader.uint16()
  const [bits, compression] = [reader.uint16(), reader.uint32()]
  reader.slice(12)
  const [height, topDown] = [Math.abs(signedHeight), signedHeight < 0]
  return checkHeader(
    { width, height, topDown, pixels, headerBytes, bits, compression, colours: reader.uint32() },
    file,
  )
}

function checkHeader(header: BmpHeader, file: string): BmpHeader {
  const { width, height, bits, compression } = header
  if (width < 1 || height < 1) throw damaged(file, `its size is ${width} x ${height}`)
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw damaged(file, `it has ${bits} bits a pixel`)
  const plain = compression === BI_RGB
  const fields =
    (compression === BI_BITFIELDS || compression === BI_ALPHABITFIELDS) && (bits === 16 || bits === 32)
  if (!plain && !fields) {
    throw new FacetError(
      'image/unreadable',
      `The picture ${file} is a compressed BMP (kind ${compression}); save it as png, or as a BMP without compression.`,
      { file },
    )
  }
  return header
}

/** Colours 0xRRGGBB of pixels that are indices into a palette. */
function paletteReader(
  bytes: Uint8Array,
  header: BmpHeader,
  file: string,
): (row: number, x: number) => number {
  const { bits, headerBytes } = header
  const start = FILE_HEADER_BYTES + headerBytes
  const entryBytes = headerBytes === CORE_HEADER_BYTES ? 3 : 4
  const count = Math.min(header.colours || 2 ** bits, 2 ** bits)
  if (start + count * entryBytes > bytes.length) throw damaged(file, 'its palette is cut short')
  const palette = new Uint32Array(2 ** bits)
  for (let i = 0, from = start; i < count; i++, from += entryBytes) palette[i] = bgr(bytes, from)
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  return (row, x) => {
    const byte = bytes[row + Math.floor(x / perByte)] as number
    return palette[(byte >>> (8 - bits - (x % perByte) * bits)) & mask] as number
  }
}

/** Colours 0xRRGGBB of pixels that hold their channels: 24-bit BGR, or 16/32 bits cut up by masks. */
function directReader(
  bytes: Uint8Array,
  header: BmpHeader,
  file: string,
): (row: number, x: number) => number {
  const { bits } = header
  if (bits === 24 || (bits === 32 && header.compression === BI_RGB)) {
    return (row, x) => bgr(bytes, row + (x * bits) / 8)
  }
  const [red, green, blue] = channelMasks(bytes, header, file).map(scaler)
  if (!red || !green || !blue) throw damaged(file, 'its bit fields are missing')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (row, x) => {
    const pixel = bits === 16 ? view.getUint16(row + x * 2, true) : view.getUint32(row + x * 4, true)
    return (red(pixel) << 16) | (green(pixel) << 8) | blue(pixel)
  }
}

/** The masks follow the first 40 header bytes, inside longer headers and behind the shortest; 5-5-5 without any. */
function channelMasks(bytes: Uint8Array, header: BmpHeader, file: string): number[] {
  if (header.compression === BI_RGB) return [0x7c00, 0x03e0, 0x001f]
  const reader = new ByteReader(bytes, () => damaged(file, 'its bit fields are cut short'))
  reader.slice(BMP_HEAD_BYTES)
  return [reader.uint32(), reader.uint32(), reader.uint32()]
}

/** Takes one channel out of a pixel and scales it to 0..255. */
function scaler(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0
  const shift = 31 - Math.clz32(mask & -mask)
  const max = mask >>> shift
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / max)
}

function bgr(bytes: Uint8Array, from: number): number {
  return ((bytes[from + 2] as number) << 16) | ((bytes[from + 1] as number) << 8) | (bytes[from] as number)
}

function damaged(file: string, found: string): FacetError {
  return new FacetError('image/unreadable', noteOf('pictureUnreadable', { file, reason: found }), { file })
}
