/** @file What a person says of an ONNX file: choices that fit together, and what they make of the network's answer. */
import { describe, expect, test } from 'vitest'
import {
  draftOf,
  labelsOf,
  lookKey,
  makesParts,
  normalisationOf,
  orderOf,
  ordersOf,
  withClasses,
  withColours,
  withNormalisation,
  withOutput,
  withPreset,
  withResolution,
  type OnnxFile,
} from '../../../src/renderer/src/state/onnx-draft'
import { CLASS_ORDERS } from '../../../src/shared/labels'
import {
  IMAGENET_MEAN,
  IMAGENET_STD,
  NORMALISATION_NAMES,
  SEGFACE_PREPROCESSING,
  type OnnxUse,
} from '../../../src/shared/network'

const PROPOSAL: OnnxUse = {
  resolution: 512,
  onnx: {
    input: 'x',
    output: 'map',
    classes: [...CLASS_ORDERS.zllrunning],
    preprocessing: SEGFACE_PREPROCESSING,
  },
}
const FARL: OnnxUse = {
  resolution: 448,
  onnx: {
    ...PROPOSAL.onnx,
    classes: [...CLASS_ORDERS.segface],
    preprocessing: { resize: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1], colours: 'RGB' },
  },
}
const FILE: OnnxFile = {
  kind: 'onnx',
  size: null,
  maps: [
    { name: 'map', channels: 19 },
    { name: 'same', channels: 19 },
    { name: 'small', channels: 11 },
    { name: 'odd', channels: 3 },
  ],
  preset: null,
  sure: false,
  proposal: PROPOSAL,
  presets: [{ name: 'farl-celebm', title: 'FaRL', ...FARL }],
}
const start = draftOf(FILE)

describe('a preset', () => {
  test('says everything', () => {
    expect(withPreset(start, FILE, 'farl-celebm')).toEqual({ preset: 'farl-celebm', use: FARL })
  })

  test('given up, or of another network, leaves what was said', () => {
    const farl = withPreset(start, FILE, 'farl-celebm')
    expect(withPreset(farl, FILE, null)).toEqual({ preset: null, use: FARL })
    expect(withPreset(farl, FILE, 'bisenet')).toEqual({ preset: null, use: FARL })
  })
})

describe('the classes', () => {
  test('stay with another output of as many channels, else are those that so many usually are', () => {
    expect(withOutput(start, FILE, 'same').use.onnx.classes).toEqual(CLASS_ORDERS.zllrunning)
    expect(withOutput(start, FILE, 'small').use.onnx.classes).toEqual(CLASS_ORDERS.lapa)
    const odd = withOutput(start, FILE, 'odd')
    expect(odd.use.onnx).toMatchObject({ output: 'odd', classes: [null, null, null] })
    expect([makesParts(start), makesParts(odd)]).toEqual([true, false])
    expect(makesParts(withClasses(odd, ['background', null, 'hair']))).toBe(true)
  })

  test('are known by their order', () => {
    expect(ordersOf(19)).toEqual(['segface', 'maskgan', 'zllrunning'])
    expect([ordersOf(11), ordersOf(3)]).toEqual([['lapa'], []])
    for (const name of ordersOf(19)) expect(orderOf(CLASS_ORDERS[name])).toBe(name)
    expect(orderOf(CLASS_ORDERS.segface.with(4, 'r_ear'))).toBeNull()
  })

  test('name channels without another look', () => {
    const renamed = withClasses(start, CLASS_ORDERS.maskgan)
    expect(lookKey(renamed)).toBe(lookKey(start))
    for (const other of [
      withResolution(start, 256),
      withOutput(start, FILE, 'same'),
      withNormalisation(start, 'unit'),
      withColours(start, 'BGR'),
    ])
      expect(lookKey(other)).not.toBe(lookKey(start))
  })

  test('become SegFace’s numbers; what is none of ours is background', () => {
    const labels = labelsOf(Uint8Array.from([0, 1, 2, 3, 9]), ['background', 'hair', null, 'neck_l'])
    expect([...labels]).toEqual([0, 14, 0, 18, 0])
  })
})

describe('normalisation', () => {
  test('is known by its numbers, in either order of colours', () => {
    for (const name of NORMALISATION_NAMES)
      for (const colours of ['RGB', 'BGR'] as const) {
        const before = withColours(start, colours)
        expect(normalisationOf(withNormalisation(before, name).use.onnx.preprocessing)).toBe(name)
        const after = withColours(withNormalisation(start, name), colours)
        expect(normalisationOf(after.use.onnx.preprocessing)).toBe(name)
      }
    const own = { ...SEGFACE_PREPROCESSING, mean: [0.1, 0.2, 0.3] as [number, number, number] }
    expect(normalisationOf(own)).toBeNull()
  })

  test('goes with the colours, and comes back with them', () => {
    const turned = withColours(start, 'BGR').use.onnx.preprocessing
    expect(turned).toEqual({
      ...SEGFACE_PREPROCESSING,
      colours: 'BGR',
      mean: [...IMAGENET_MEAN].reverse(),
      std: [...IMAGENET_STD].reverse(),
    })
    expect(withColours(withColours(start, 'BGR'), 'RGB')).toEqual(start)
    expect(withColours(start, 'RGB')).toBe(start)
  })
})
