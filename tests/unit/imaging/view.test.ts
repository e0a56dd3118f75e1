import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { thumbnail, viewable } from '../../../src/main/imaging/view'
import { maxDifference } from '../../helpers/allclose'
import { makeFolder } from '../../helpers/folder'
import {
  asSharp,
  drawPortrait,
  encodeBmp,
  noisePicture,
  writeCut,
  writeJpeg,
  writeOriented,
} from '../../helpers/pictures'

describe('thumbnail', () => {
  it('is an upright WebP within its side, and never larger than the picture', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'a.jpg')
    await writeOriented(path, await drawPortrait(120, 60), 6, 'jpeg')
    expect(await sharp(await thumbnail(path, 40)).metadata()).toMatchObject({
      format: 'webp',
      width: 40,
      height: 20,
    })
    expect(await sharp(await thumbnail(path, 500)).metadata()).toMatchObject({ width: 120, height: 60 })
    const bmp = join(folder, 'a.bmp')
    await writeFile(bmp, encodeBmp(await drawPortrait(50, 100), { bits: 24, header: 40 }))
    expect(await sharp(await thumbnail(bmp, 20)).metadata()).toMatchObject({
      format: 'webp',
      width: 10,
      height: 20,
    })
  })

  it('refuses a broken picture with its name', async () => {
    const path = join(await makeFolder(), 'broken.jpg')
    const bytes = await asSharp(noisePicture('broken', 64, 64))
      .jpeg()
      .toBuffer()
    await writeCut(path, bytes, 0.5)
    await expect(thumbnail(path, 16)).rejects.toMatchObject({
      code: 'image/unreadable',
      details: { file: path },
    })
    await expect(viewable(path, 16)).rejects.toMatchObject({ code: 'image/unreadable' })
  })
})

describe('viewable', () => {
  it('gives the file itself where browsers agree on it', async () => {
    const folder = await makeFolder()
    const picture = await drawPortrait(40, 30)
    for (const [format, orientation] of [
      ['jpeg', 1],
      ['jpeg', 6],
      ['png', 1],
      ['webp', 1],
    ] as const) {
      const path = join(folder, `${orientation}.${format}`)
      await writeOriented(path, picture, orientation, format)
      expect(await viewable(path, 40)).toEqual({ file: path, mime: `image/${format}` })
    }
  })

  it('encodes the others anew: upright, without alpha, not too large', async () => {
    const folder = await makeFolder()
    const picture = await drawPortrait(40, 30)
    const paths = ['turned.png', 'turned.webp', 'a.tiff', 'a.bmp', 'alpha.png'].map((name) =>
      join(folder, name),
    )
    const [png, webp, tiff, bmp, alpha] = paths as [string, string, string, string, string]
    await writeOriented(png, picture, 8, 'png')
    await writeOriented(webp, picture, 3, 'webp')
    await writeOriented(tiff, picture, 6, 'tiff')
    await writeFile(bmp, encodeBmp(picture, { bits: 24, header: 40, topDown: true }))
    await asSharp(picture).ensureAlpha(0.5).png().toFile(alpha)
    for (const path of paths) {
      const shown = await viewable(path, 4096)
      if (!('bytes' in shown)) return expect.fail(`${path} is given as it is`)
      expect(shown.mime).toBe('image/jpeg')
      const { data, info } = await sharp(shown.bytes).raw().toBuffer({ resolveWithObject: true })
      expect([info.width, info.height, info.channels]).toEqual([40, 30, 3])
      expect(maxDifference(data, picture.rgb), path).toBeLessThan(40)
    }
    const large = join(folder, 'large.jpg')
    await writeJpeg(large, await drawPortrait(200, 100))
    const shown = await viewable(large, 50)
    expect('bytes' in shown && (await sharp(shown.bytes).metadata())).toMatchObject({ width: 50, height: 25 })
  })
})
