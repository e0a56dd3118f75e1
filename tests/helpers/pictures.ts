/** @file Small pictures that tests draw themselves, in every format, orientation and kind of BMP that Facet reads. */
import { writeFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import type { Picture } from '../../src/main/imaging/picture'
import { noise } from './named_tensors'

/** A cartoon portrait on a patterned ground; left and right, above and below all differ. */
export async function drawPortrait(width: number, height: number): Promise<Picture> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none" width="${width}" height="${height}">
    <rect width="100" height="100" fill="#28405e"/><rect width="30" height="20" fill="#c8b400"/>
    <ellipse cx="50" cy="42" rx="36" ry="40" fill="#3b2417"/><ellipse cx="50" cy="52" rx="27" ry="34" fill="#e0b090"/>
    <circle cx="39" cy="46" r="4" fill="#2a62d0"/><circle cx="61" cy="46" r="4" fill="#1d8a3c"/>
    <path d="M50 50 l5 14 h-8 z" fill="#c48a6a"/><ellipse cx="50" cy="74" rx="11" ry="4" fill="#b03048"/>
    <path d="M20 100 q30 -22 60 0 z" fill="#6b2d90"/></svg>`
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width, height, rgb: data }
}

/** RGB noise that is a function of its name. */
export function noisePicture(name: string, width: number, height: number): Picture {
  const rgb = Uint8Array.from(noise(name, width * height * 3), (u) => Math.floor((u + 1) * 128))
  return { width, height, rgb }
}

/** The picture's pixels as the start of a sharp pipeline. */
export function asSharp({ width, height, rgb }: Picture): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
}

/** A JPEG of the picture, 4:4:4. */
export async function writeJpeg(path: string, picture: Picture, quality = 90): Promise<void> {
  await asSharp(picture).jpeg({ quality, chromaSubsampling: '4:4:4' }).toFile(path)
}

/** The pixels of an upright picture as they are stored under EXIF orientation 1..8 (TIFF 6.0, tag 274). */
export function turnFrom(picture: Picture, orientation: number): Picture {
  const { width, height, rgb } = picture
  const [right, bottom] = [width - 1, height - 1]
  const swaps = orientation >= 5
  const turned = {
    width: swaps ? height : width,
    height: swaps ? width : height,
    rgb: new Uint8Array(rgb.length),
  }
  const place: Readonly<Record<number, (x: number, y: number) => [number, number]>> = {
    1: (x, y) => [x, y],
    2: (x, y) => [right - x, y],
    3: (x, y) => [right - x, bottom - y],
    4: (x, y) => [x, bottom - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, right - x],
    7: (x, y) => [bottom - y, right - x],
    8: (x, y) => [bottom - y, x],
  }
  for (let i = 0; i < width * height; i++) {
    const [x, y] = place[orientation]?.(i % width, Math.floor(i / width)) ?? [0, 0]
    turned.rgb.set(rgb.subarray(i * 3, i * 3 + 3), (y * turned.width + x) * 3)
  }
  return turned
}

/** An upright picture as a file whose pixels are turned and whose EXIF orientation says so. */
export async function writeOriented(
  path: string,
  picture: Picture,
  orientation: number,
  format: 'jpeg' | 'png' | 'webp' | 'tiff',
): Promise<void> {
  const image = asSharp(turnFrom(picture, orientation)).withMetadata({ orientation })
  const encoded = {
    jpeg: () => image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }),
    png: () => image.png(),
    webp: () => image.webp({ lossless: true }),
    tiff: () => image.tiff({ compression: 'lzw' }),
  }[format]()
  await encoded.toFile(path)
}

export interface BmpKind {
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32
  /** 12 is OS/2's header, 40 the usual one, 124 is V5. */
  readonly header: 12 | 40 | 124
  readonly topDown?: boolean
  /** Red, green, blue; makes the bitmap one with bit fields. */
  readonly masks?: readonly [number, number, number]
}

/**
 * A bitmap file of the picture. With a palette (1, 4, 8 bits) the palette is the picture's colours in the order in which
 * they first appear; with 16 bits each channel is cut to its mask's width.
 */
export function encodeBmp({ width, height, rgb }: Picture, kind: BmpKind): Buffer {
  const { bits, header } = kind
  const entryBytes = header === 12 ? 3 : 4
  const colours: number[] = []
  const at = (x: number, y: number, c: number): number => rgb[(y * width + x) * 3 + c] as number
  const colour = (x: number, y: number): number => (at(x, y, 0) << 16) | (at(x, y, 1) << 8) | at(x, y, 2)
  if (bits <= 8) {
    for (let i = 0; i < width * height; i++) {
      const value = colour(i % width, Math.floor(i / width))
      if (!colours.includes(value)) colours.push(value)
    }
    if (colours.length > 2 ** bits) throw new Error(`${colours.length} colours do not fit ${bits} bits`)
  }
  const paletteBytes = bits <= 8 ? 2 ** bits * entryBytes : 0
  const fieldBytes = kind.masks && header === 40 ? 12 : 0
  const start = 14 + header + fieldBytes + paletteBytes
  const rowBytes = Math.ceil((width * bits) / 32) * 4
  const file = Buffer.alloc(start + rowBytes * height)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(start, 10)
  file.writeUInt32LE(header, 14)
  if (header === 12) {
    file.writeUInt16LE(width, 18)
    file.writeUInt16LE(height, 20)
    file.writeUInt16LE(1, 22)
    file.writeUInt16LE(bits, 24)
  } else {
    file.writeInt32LE(width, 18)
    file.writeInt32LE(kind.topDown ? -height : height, 22)
    file.writeUInt16LE(1, 26)
    file.writeUInt16LE(bits, 28)
    file.writeUInt32LE(kind.masks ? 3 : 0, 30)
    kind.masks?.forEach((mask, i) => file.writeUInt32LE(mask, 54 + 4 * i))
  }
  colours.forEach((value, i) => file.writeUIntLE(value, 14 + header + i * entryBytes, 3))
  const field = (value: number, mask: number): number => {
    const shift = 31 - Math.clz32(mask & -mask)
    return Math.round((value * (mask >>> shift)) / 255) * 2 ** shift
  }
  const masks = kind.masks ?? (bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff])
  for (let y = 0; y < height; y++) {
    const row = start + rowBytes * (kind.topDown ? y : height - 1 - y)
    for (let x = 0; x < width; x++) {
      if (bits === 24) file.writeUIntLE(colour(x, y), row + x * 3, 3)
      else if (bits >= 16) {
        const pixel = masks.reduce((sum, mask, c) => sum + field(at(x, y, c), mask), 0)
        if (bits === 16) file.writeUInt16LE(pixel, row + x * 2)
        else file.writeUInt32LE(pixel, row + x * 4)
      } else {
        const perByte = 8 / bits
        const byte = row + Math.floor(x / perByte)
        const shift = 8 - bits - (x % perByte) * bits
        file[byte] = (file[byte] as number) | (colours.indexOf(colour(x, y)) << shift)
      }
    }
  }
  return file
}

/** Writes the first `part` (0..1) of the bytes. */
export async function writeCut(path: string, bytes: Uint8Array, part: number): Promise<void> {
  await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * part)))
}
