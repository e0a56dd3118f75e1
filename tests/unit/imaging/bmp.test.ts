import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pictureSize, readPicture, type Picture } from '../../../src/main/imaging/picture'
import { makeFolder } from '../../helpers/folder'
import { encodeBmp, noisePicture, writeCut, type BmpKind } from '../../helpers/pictures'

/** The noise with so few values that its colours fit a palette of 2 or 8 entries. */
function posterised(picture: Picture, colours: 2 | 8): Picture {
  const rgb = picture.rgb.map((value, i) => (colours === 8 || i % 3 === 0 ? (value & 128) + 30 : 77))
  return { ...picture, rgb }
}

/** Each channel cut to `bits` and spread to 0..255 again, as a 16-bit bitmap stores it. */
function cut(picture: Picture, bits: readonly [number, number, number]): Picture {
  const rgb = picture.rgb.map((value, i) => {
    const max = 2 ** (bits[i % 3] as number) - 1
    return Math.round((Math.round((value * max) / 255) * 255) / max)
  })
  return { ...picture, rgb }
}

describe('BMP', () => {
  // 13 pixels a row, so that rows are padded at every depth.
  const full = noisePicture('bmp', 13, 7)
  const cases: [string, BmpKind, Picture][] = [
    ['24 bits', { bits: 24, header: 40 }, full],
    ['24 bits from above', { bits: 24, header: 40, topDown: true }, full],
    ['24 bits, OS/2', { bits: 24, header: 12 }, full],
    ['32 bits, BITMAPINFOHEADER', { bits: 32, header: 40 }, full],
    ['32 bits, V5, swapped fields', { bits: 32, header: 124, masks: [0xff, 0xff00, 0xff0000] }, full],
    ['32 bits, fields behind the header', { bits: 32, header: 40, masks: [0xff0000, 0xff00, 0xff] }, full],
    ['32 bits, fields at the top', { bits: 32, header: 124, masks: [0xff000000, 0xff0000, 0xff00] }, full],
    ['16 bits 5-5-5', { bits: 16, header: 40 }, cut(full, [5, 5, 5])],
    ['16 bits 5-6-5', { bits: 16, header: 40, masks: [0xf800, 0x7e0, 0x1f] }, cut(full, [5, 6, 5])],
    ['8 bits', { bits: 8, header: 40 }, posterised(full, 8)],
    ['4 bits', { bits: 4, header: 40 }, posterised(full, 8)],
    ['4 bits, OS/2', { bits: 4, header: 12 }, posterised(full, 8)],
    ['1 bit from above', { bits: 1, header: 40, topDown: true }, posterised(full, 2)],
  ]
  it.each(cases)('reads %s', async (_name, kind, picture) => {
    const path = join(await makeFolder(), 'a.bmp')
    await writeFile(path, encodeBmp(picture, kind))
    const read = await readPicture(path)
    expect([read.width, read.height]).toEqual([13, 7])
    expect([...read.rgb]).toEqual([...picture.rgb])
    expect(await pictureSize(path)).toEqual({ width: 13, height: 7 })
  })

  it('refuses what is cut short anywhere, and run-length compression, naming the file', async () => {
    const path = join(await makeFolder(), 'broken.bmp')
    for (const kind of [
      { bits: 24, header: 40 },
      { bits: 8, header: 40 },
      { bits: 16, header: 40, masks: [0xf800, 0x7e0, 0x1f] },
    ] satisfies BmpKind[]) {
      const bytes = encodeBmp(posterised(full, 8), kind)
      for (let part = 0; part < 1; part += 0.05) {
        await writeCut(path, bytes, part)
        await expect(readPicture(path)).rejects.toMatchObject({
          code: 'image/unreadable',
          details: { file: path },
        })
      }
    }
    const compressed = encodeBmp(posterised(full, 8), { bits: 8, header: 40 })
    compressed.writeUInt32LE(1, 30)
    await writeFile(path, compressed)
    await expect(readPicture(path)).rejects.toThrow(/compressed BMP/)
    const huge = encodeBmp(full, { bits: 24, header: 40 })
    huge.writeInt32LE(0x7fffffff, 18)
    await writeFile(path, huge)
    await expect(readPicture(path)).rejects.toMatchObject({ code: 'image/unreadable' })
  })
})
