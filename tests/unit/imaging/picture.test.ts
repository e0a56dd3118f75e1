import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openPicture } from '../../../src/main/imaging/open'
import { pictureSize, readPicture } from '../../../src/main/imaging/picture'
import { maxDifference } from '../../helpers/allclose'
import { makeFolder } from '../../helpers/folder'
import { asSharp, drawPortrait, noisePicture, writeCut, writeOriented } from '../../helpers/pictures'
import { encodePng } from '../../helpers/png'

const WIDTH = 40
const HEIGHT = 24

describe('readPicture', () => {
  it.each(['png', 'webp', 'tiff'] as const)(
    'turns every orientation of %s upright, exactly',
    async (format) => {
      const folder = await makeFolder()
      const picture = noisePicture('upright', WIDTH, HEIGHT)
      for (let orientation = 1; orientation <= 8; orientation++) {
        const path = join(folder, `${orientation}.${format}`)
        await writeOriented(path, picture, orientation, format)
        expect(await pictureSize(path), path).toEqual({ width: WIDTH, height: HEIGHT })
        const read = await readPicture(path)
        expect(maxDifference(read.rgb, picture.rgb), path).toBe(0)
        expect((await openPicture(path)).orientation).toBe(orientation)
      }
    },
  )

  it('turns every orientation of jpeg upright, up to what JPEG loses', async () => {
    const folder = await makeFolder()
    const picture = await drawPortrait(WIDTH, HEIGHT)
    for (let orientation = 1; orientation <= 8; orientation++) {
      const path = join(folder, `${orientation}.jpg`)
      await writeOriented(path, picture, orientation, 'jpeg')
      expect(await pictureSize(path)).toEqual({ width: WIDTH, height: HEIGHT })
      expect(maxDifference((await readPicture(path)).rgb, picture.rgb)).toBeLessThan(12)
    }
  })

  it('drops alpha without blending it, and spreads grey and palettes', async () => {
    const folder = await makeFolder()
    const rgba = noisePicture('rgba', 8, 12).rgb
    const raw = { width: 8, height: 9, channels: 4 } as const
    for (const format of ['png', 'webp'] as const) {
      const path = join(folder, `alpha.${format}`)
      const image = sharp(rgba, { raw })
      await (format === 'png' ? image.png() : image.webp({ lossless: true, exact: true })).toFile(path)
      expect([...(await readPicture(path)).rgb]).toEqual([...rgba].filter((_, i) => i % 4 !== 3))
    }
    const grey = join(folder, 'grey.png')
    await sharp(rgba, { raw: { width: 16, height: 18, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(grey)
    expect([...(await readPicture(grey)).rgb]).toEqual([...rgba].flatMap((value) => [value, value, value]))
    const palette = join(folder, 'palette.png')
    const few = { width: 8, height: 8, rgb: Uint8Array.from({ length: 192 }, (_, i) => (i >> 4) * 20) }
    await asSharp(few).png({ palette: true, dither: 0 }).toFile(palette)
    expect((await sharp(palette).metadata()).isPalette).toBe(true)
    expect(maxDifference((await readPicture(palette)).rgb, few.rgb)).toBeLessThan(3)
  })

  it('cuts 16 bits to the upper 8', async () => {
    const path = join(await makeFolder(), 'deep.png')
    const values = Uint16Array.from({ length: 6 * 5 * 3 }, (_, i) => i * 700 + 255)
    await sharp(values, { raw: { width: 6, height: 5, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(path)
    expect((await sharp(path).metadata()).depth).toBe('ushort')
    expect([...(await readPicture(path)).rgb]).toEqual([...values].map((value) => value >> 8))
  })

  it('leaves colour profiles alone', async () => {
    const folder = await makeFolder()
    const picture = noisePicture('wide', 9, 9)
    const bytes = await asSharp(picture).withIccProfile('p3').png().toBuffer()
    await writeFile(join(folder, 'p3.png'), bytes)
    expect((await sharp(bytes).metadata()).icc).toBeDefined()
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer()
    const read = (await readPicture(join(folder, 'p3.png'))).rgb
    expect(maxDifference(read, stored)).toBe(0)
    expect(maxDifference(read, picture.rgb)).toBeGreaterThan(0)
  })

  it('reads CMYK as RGB', async () => {
    const path = join(await makeFolder(), 'cmyk.jpg')
    const portrait = await drawPortrait(WIDTH, HEIGHT)
    await asSharp(portrait)
      .toColourspace('cmyk')
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toFile(path)
    expect((await sharp(path).metadata()).space).toBe('cmyk')
    const { rgb } = await readPicture(path)
    expect(rgb.length).toBe(portrait.rgb.length)
    const mean =
      rgb.reduce((sum, value, i) => sum + Math.abs(value - (portrait.rgb[i] as number)), 0) / rgb.length
    expect(mean).toBeLessThan(25)
  })

  it('tells format by content: a png called .jpg is read', async () => {
    const path = join(await makeFolder(), 'really-png.jpg')
    const picture = noisePicture('misnamed', 5, 4)
    await asSharp(picture).png().toFile(path)
    expect(maxDifference((await readPicture(path)).rgb, picture.rgb)).toBe(0)
  })

  it('sees a file that changed under the same name', async () => {
    const path = join(await makeFolder(), 'a.png')
    for (const name of ['before', 'after']) {
      const picture = noisePicture(name, 6, 6)
      await asSharp(picture).png().toFile(path)
      expect(maxDifference((await readPicture(path)).rgb, picture.rgb)).toBe(0)
    }
  })

  it.each(['jpeg', 'png', 'webp', 'tiff'] as const)('refuses %s files cut short anywhere', async (format) => {
    const folder = await makeFolder()
    const whole = join(folder, `whole.${format}`)
    await writeOriented(whole, noisePicture('cut', 64, 48), 1, format)
    const bytes = await readFile(whole)
    const path = join(folder, `cut.${format}`)
    for (const part of [0, 0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95]) {
      await writeCut(path, bytes, part)
      const error = await readPicture(path).catch((thrown: unknown) => thrown)
      expect(error, `${part}`).toMatchObject({ code: 'image/unreadable', details: { file: path } })
      expect(String(error)).toContain(path)
    }
  })

  it('never crashes on bytes changed at random', async () => {
    const folder = await makeFolder()
    let refused = 0
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      const path = join(folder, `a.${format}`)
      await writeOriented(path, noisePicture('fuzz', 32, 32), 1, format)
      const whole = await readFile(path)
      for (let seed = 0; seed < 25; seed++) {
        const bytes = Buffer.from(whole)
        for (let i = 0; i < 6; i++)
          bytes[(seed * 7919 + i * 104729) % bytes.length] = (seed * 31 + i * 57) & 255
        await writeFile(path, bytes)
        const result = await readPicture(path).catch((error: unknown) => error)
        if (result instanceof Error) {
          expect(result).toMatchObject({ code: 'image/unreadable' })
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(0)
  })

  it('refuses other files with a sentence', async () => {
    const folder = await makeFolder()
    const svg = join(folder, 'a.png')
    await writeFile(svg, '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>')
    await expect(readPicture(svg)).rejects.toThrow(/is a svg file; convert it/)
    await expect(pictureSize(svg)).rejects.toThrow(/is a svg file; convert it/)
    await writeFile(svg, 'no picture at all')
    await expect(readPicture(svg)).rejects.toThrow(/no jpg, png, webp, bmp or tiff picture/)
    await writeFile(svg, '')
    await expect(pictureSize(svg)).rejects.toThrow(/the file is empty/)
    await expect(readPicture(join(folder, 'gone.jpg'))).rejects.toMatchObject({ code: 'file/unreadable' })
    await expect(pictureSize(join(folder, 'gone.jpg'))).rejects.toMatchObject({ code: 'file/unreadable' })
    await expect(readPicture(folder)).rejects.toMatchObject({ code: 'file/unreadable' })
  })

  it('refuses pictures over the limit before decoding them', async () => {
    const path = join(await makeFolder(), 'bomb.png')
    const header = { width: 30_000, height: 30_000, bitDepth: 8, colourType: 2 } as const
    await writeFile(path, encodePng(header, new Uint8Array(30_000)))
    await expect(readPicture(path)).rejects.toThrow(/more than 268 million pixels/)
  })
})
