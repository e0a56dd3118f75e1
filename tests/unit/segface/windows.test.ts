/** @file Windows on maps: which pixels they hold, which see each other, and that the way there and back is one. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import {
  joinWindows,
  layOutWindows,
  mergePixels,
  relativePositionIndex,
  splitWindows,
  windowConstants,
  windowPadding,
} from '../../../src/main/segface/backbones/windows'
import type { MapSize } from '../../../src/main/segface/backbones/windows'
import { maxDifference } from '../../helpers/allclose'
import { namedTensor, noise } from '../../helpers/named_tensors'
import { runGraph, runOne } from '../../helpers/run_graph'
import { shared } from '../../helpers/shared'

type Place = readonly [y: number, x: number]

const LAYOUTS: readonly (readonly [map: MapSize, side: number, shift: number])[] = [
  [[4, 4], 2, 1],
  [[14, 14], 7, 3],
  [[9, 13], 4, 2],
  [[5, 5], 7, 3],
  [[3, 17], 8, 4],
]

describe.each(LAYOUTS)('windows on a map of %j, %i pixels wide, shifted by %i', (map, side, shift) => {
  const [height, width] = map
  const layout = layOutWindows(map, side, shift)
  const size = side ** 2
  const paddedWidth = Math.ceil(width / side) * side

  /** Where a numbered pixel lies on the padded map. */
  function position(pixel: number): Place {
    const own = height * width
    if (pixel < own) return [Math.floor(pixel / width), pixel % width]
    const beside = paddedWidth - width
    if (pixel >= height * paddedWidth) return [Math.floor(pixel / paddedWidth), pixel % paddedWidth]
    return [Math.floor((pixel - own) / beside), width + ((pixel - own) % beside)]
  }

  it('hold every pixel once, padding included', () => {
    expect(layout.windows * size).toBe(height * width + layout.padding)
    const numbers = [...layout.pixels].sort((a, b) => a - b)
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  it('begin where the map is shifted to, unless one window is the whole edge', () => {
    const begin = map.map((edge) => (edge > side ? shift : 0))
    expect(position(layout.pixels[0] as number)).toEqual(begin)
  })

  it('let pixels see each other only where they lie within a window of each other', () => {
    const g = new GraphBuilder()
    const { mask } = windowConstants(g, 'w', layout, { heads: 1, padding: null })
    expect(mask === null).toBe(Math.max(height, width) <= side)
    if (mask === null) return
    const added = g.finish().initializers.get(mask.name)?.data ?? []
    expect(added).toHaveLength(layout.pixels.length * size)
    for (let index = 0; index < added.length; index++) {
      const query = Math.floor(index / size)
      const key = query - (query % size) + (index % size)
      const [from, to] = [query, key].map((place) => position(layout.pixels[place] as number)) as [
        Place,
        Place,
      ]
      const far = Math.abs(from[0] - to[0]) >= side || Math.abs(from[1] - to[1]) >= side
      if (added[index] !== (far ? -100 : 0)) expect.fail(`places ${query} and ${key} get ${added[index]}`)
    }
  })

  it('give back what was cut in them', async () => {
    const g = new GraphBuilder()
    const [heads, channels] = [2, 6]
    const padding = windowPadding(g, 'w', layout, { batch: 2, channels })
    const windows = windowConstants(g, 'w', layout, { heads, padding })
    const qkv = g.input('qkv', 'float32', [2, height, width, 3 * channels])
    const parts = splitWindows(g, qkv, windows)
    parts.forEach((part, index) => g.output(`part${index}`, joinWindows(g, part, windows)))
    const values = Float32Array.from(noise('qkv', 2 * height * width * 3 * channels))
    const outputs = await runGraph(g.finish(), { qkv: values })
    for (const part of [0, 1, 2]) {
      const own = values.filter((_, index) => Math.floor((index % (3 * channels)) / channels) === part)
      expect(outputs[`part${part}`]).toEqual(own)
    }
  })
})

it('pixels merge by fours, column by column, an odd edge with zeros', async () => {
  const g = new GraphBuilder()
  g.output('merged', mergePixels(g, 'merge', g.input('map', 'float32', [1, 3, 4, 1])))
  const map = Float32Array.from({ length: 12 }, (_, index) => index + 1)
  expect([...(await runOne(g.finish(), { map }))]).toEqual([
    1, 5, 2, 6, 3, 7, 4, 8, 9, 0, 10, 0, 11, 0, 12, 0,
  ])
})

describe('the buffers of checkpoints', () => {
  const file = shared('reference', 'buffers.json')
  /** By `network:name:[shape]`. */
  type Buffers = Readonly<
    Record<string, { readonly shape: number[]; readonly b64: string; readonly stored_as: 'i2' | 'f4' }>
  >

  it('index relative positions from the far corner to the near one', () => {
    expect([...relativePositionIndex(2)]).toEqual([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])
  })

  it.runIf(file.present)('are what we compute', () => {
    const buffers = JSON.parse(readFileSync(file.path, 'utf8')) as Buffers
    for (const [key, { shape, b64, stored_as }] of Object.entries(buffers)) {
      const made = Array.from(namedTensor(key.split(':')[1] ?? '', shape).data, Number)
      const bytes = Buffer.from(b64, 'base64')
      const stored = made.map((_, i) =>
        stored_as === 'i2' ? bytes.readInt16LE(2 * i) : bytes.readFloatLE(4 * i),
      )
      expect(maxDifference(made, stored), key).toBeLessThan(1e-6)
      if (stored_as === 'i2') expect([...relativePositionIndex(made.length ** (1 / 4))]).toEqual(stored)
    }
    expect(Object.keys(buffers)).toHaveLength(3)
  })
})
