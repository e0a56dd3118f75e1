import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readPicture, resizeCubic, resizePicture, type Picture } from '../../../src/main/imaging/picture'
import { resizeNearest } from '../../../src/main/imaging/resize'
import { normalise } from '../../../src/main/segface/preprocess'
import { maxDifference } from '../../helpers/allclose'
import { pickedPositions } from '../../helpers/named_tensors'
import { asSharp, drawPortrait, noisePicture } from '../../helpers/pictures'
import { shared } from '../../helpers/shared'

interface Recorded {
  file: string
  resolution: number
  picks: string
  count: number
  values_f32_b64: string
  mean: number
}

const reference = shared('reference', 'preprocess.json')

describe.runIf(reference.present)('resizeCubic against Pillow, recorded', () => {
  it('gives the same bytes, so the same network input', async () => {
    const recorded = JSON.parse(await readFile(reference.path, 'utf8')) as Recorded[]
    expect(recorded.length).toBeGreaterThan(0)
    for (const { file, resolution, picks, count, values_f32_b64, mean } of recorded) {
      const picture = await readPicture(shared(file).path)
      const input = normalise(resizeCubic(picture, resolution, resolution).rgb)
      const bytes = Buffer.from(values_f32_b64, 'base64')
      const expected = Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(i * 4))
      const actual = pickedPositions(picks, count, input.length).map((position) => input[position] as number)
      // One level of 255 is 0.017 here: anything but rounding of float32 would show.
      expect(maxDifference(actual, expected), `${file} at ${resolution}`).toBeLessThan(1e-6)
      expect(input.reduce((a, b) => a + b, 0) / input.length).toBeCloseTo(mean, 5)
    }
  })
})

describe('resizeCubic', () => {
  it('is the picture itself at its own size, and keeps flat colours flat', () => {
    const picture = noisePicture('same', 12, 10)
    expect(resizeCubic(picture, 12, 10)).toBe(picture)
    const flat: Picture = { width: 31, height: 17, rgb: new Uint8Array(31 * 17 * 3).fill(201) }
    for (const [width, height] of [
      [7, 5],
      [64, 64],
      [31, 40],
      [1, 1],
    ] as const) {
      const resized = resizeCubic(flat, width, height)
      expect(resized.rgb.length).toBe(width * height * 3)
      expect(resized.rgb.every((value) => value === 201)).toBe(true)
    }
  })

  it('agrees with libvips within its rounding when it reduces', async () => {
    const picture = await drawPortrait(90, 70)
    for (const [width, height] of [
      [45, 35],
      [60, 60],
      [89, 20],
    ] as const) {
      const theirs = await asSharp(picture)
        .resize(width, height, { kernel: 'cubic', fit: 'fill' })
        .raw()
        .toBuffer()
      const ours = resizeCubic(picture, width, height).rgb
      const mean =
        ours.reduce((sum, value, i) => sum + Math.abs(value - (theirs[i] as number)), 0) / ours.length
      expect(mean, `${width} x ${height}`).toBeLessThan(0.7)
    }
  })

  it('enlarges by the closed form of the cubic with a = -0.5', () => {
    const row = [10, 200, 30, 90, 255, 0, 77, 140]
    const picture: Picture = { width: 8, height: 1, rgb: Uint8Array.from(row.flatMap((v) => [v, v, v])) }
    const { rgb } = resizeCubic(picture, 16, 1)
    // The kernel at 1.75, 0.75, 0.25 and 1.25 source pixels.
    const weights = [-0.0234375, 0.2265625, 0.8671875, -0.0703125]
    for (let i = 2; i < 6; i++) {
      const exact = weights.reduce((sum, weight, j) => sum + weight * (row[i - 2 + j] as number), 0)
      expect(rgb[2 * i * 3]).toBe(Math.min(255, Math.max(0, Math.round(exact))))
    }
  })
})

describe('resizePicture, bilinear', () => {
  it('enlarges by the triangle, and reduces by one as wide as the reduction', () => {
    const row = [10, 200, 30, 90, 255, 0, 77, 140]
    const picture: Picture = { width: 8, height: 1, rgb: Uint8Array.from(row.flatMap((v) => [v, v, v])) }
    const large = resizePicture(picture, 16, 1, 'bilinear').rgb
    for (let i = 1; i < 7; i++)
      expect(large[2 * i * 3]).toBe(Math.round(0.25 * (row[i - 1] ?? 0) + 0.75 * (row[i] ?? 0)))
    const small = resizePicture(picture, 4, 1, 'bilinear').rgb
    // Half the width: weights 1, 3, 3, 1 of 8 around the centre.
    expect(small[3]).toBe(Math.round((200 + 3 * 30 + 3 * 90 + 255) / 8))
  })
})

describe('resizeNearest', () => {
  it('takes the pixel under the centre of each target pixel', () => {
    const values = Uint8Array.from({ length: 16 }, (_, i) => i)
    expect([...resizeNearest(values, new Uint8Array(4), 4, 4, 2, 2)]).toEqual([5, 7, 13, 15])
    expect([...resizeNearest(values.subarray(0, 2), new Uint8Array(4), 2, 1, 4, 1)]).toEqual([0, 0, 1, 1])
    expect([...resizeNearest(values.subarray(0, 3), new Uint8Array(2), 3, 1, 2, 1)]).toEqual([0, 2])
  })
})
