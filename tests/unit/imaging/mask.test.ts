import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { encodeLabelPng, encodeMaskPng, readLabelPng, readMaskPng } from '../../../src/main/imaging/mask'
import { makeFolder } from '../../helpers/folder'
import { noise } from '../../helpers/named_tensors'
import { encodePng } from '../../helpers/png'

const width = 11
const height = 6
const mask = Uint8Array.from(noise('mask', width * height), (u) => (u > 0.2 ? 1 : 0))
const raw = (channels: 1 | 2 | 3 | 4) => ({ raw: { width, height, channels } })
/** The mask with `channels` values a pixel. */
const spread = (channels: number, on: number, off = 0): Uint8Array =>
  Uint8Array.from({ length: mask.length * channels }, (_, i) => (mask[Math.floor(i / channels)] ? on : off))

describe('masks as PNG', () => {
  const kinds: [string, () => Sharp][] = [
    ['8-bit grey', () => sharp(spread(1, 255), raw(1)).toColourspace('b-w')],
    ['8-bit grey of value 1', () => sharp(spread(1, 1), raw(1)).toColourspace('b-w')],
    ['RGB', () => sharp(spread(3, 255), raw(3))],
    [
      'RGB that is faint blue only',
      () =>
        sharp(
          spread(3, 1).map((v, i) => (i % 3 === 2 ? v : 0)),
          raw(3),
        ),
    ],
    [
      'grey with full alpha',
      () =>
        sharp(
          spread(2, 255).map((v, i) => (i % 2 ? 255 : v)),
          raw(2),
        ),
    ],
    [
      'RGBA with full alpha',
      () =>
        sharp(
          spread(4, 9).map((v, i) => (i % 4 === 3 ? 255 : v)),
          raw(4),
        ),
    ],
    [
      'RGBA without alpha',
      () =>
        sharp(
          spread(4, 9).map((v, i) => (i % 4 === 3 ? 0 : v)),
          raw(4),
        ),
    ],
    ['palette', () => sharp(spread(3, 255), raw(3)).png({ palette: true, colours: 2, dither: 0 })],
    ['16-bit grey of value 1', () => sharp(Uint16Array.from(mask), raw(1)).toColourspace('grey16')],
  ]
  it.each(kinds)('reads %s', async (_name, make) => {
    const path = join(await makeFolder(), 'mask.png')
    await writeFile(path, await make().toFormat('png').toBuffer())
    const read = await readMaskPng(path)
    expect([read.width, read.height]).toEqual([width, height])
    expect([...read.mask]).toEqual([...mask])
  })

  it.each([1, 2, 4] as const)('reads %i-bit grey of value 1', async (bitDepth) => {
    const path = join(await makeFolder(), 'mask.png')
    const rowBytes = Math.ceil((width * bitDepth) / 8)
    const rows = new Uint8Array(rowBytes * height)
    mask.forEach((value, i) => {
      const bit = (i % width) * bitDepth
      const byte = Math.floor(i / width) * rowBytes + (bit >> 3)
      rows[byte] = (rows[byte] as number) | (value << (8 - bitDepth - (bit & 7)))
    })
    await writeFile(path, encodePng({ width, height, bitDepth, colourType: 0 }, rows))
    expect([...(await readMaskPng(path)).mask]).toEqual([...mask])
  })

  it('writes 8-bit grey of 0 and 255, the same bytes each time', async () => {
    const bytes = await encodeMaskPng({ width, height, mask })
    const metadata = await sharp(bytes).metadata()
    expect(metadata).toMatchObject({
      width,
      height,
      channels: 1,
      depth: 'uchar',
      space: 'b-w',
      isPalette: false,
    })
    const pixels = await sharp(bytes).toColourspace('b-w').raw().toBuffer()
    expect([...pixels]).toEqual([...spread(1, 255)])
    expect((await encodeMaskPng({ width, height, mask })).equals(bytes)).toBe(true)
  })

  it('reads and writes every value of a label map as it is', async () => {
    const labels = Uint8Array.from({ length: 256 }, (_, i) => i)
    const path = join(await makeFolder(), 'labels.png')
    await writeFile(path, await encodeLabelPng(labels, 32, 8))
    expect(await readLabelPng(path)).toEqual({ width: 32, height: 8, labels })
  })

  it('writes class numbers as they are', async () => {
    const labels = Uint8Array.from({ length: width * height }, (_, i) => i % 19)
    const pixels = await sharp(await encodeLabelPng(labels, width, height))
      .toColourspace('b-w')
      .raw()
      .toBuffer()
    expect([...pixels]).toEqual([...labels])
  })
})
