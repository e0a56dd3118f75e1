/** @file ONNX files of others: which can be a face parser, what is said of those that cannot, and how the known ones are used. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isOnnx, readOnnxFile, type OnnxFile } from '../../../src/main/models/onnx_file'
import { proposeUse } from '../../../src/main/models/onnx_use'
import { PRESETS } from '../../../src/main/models/presets'
import { encodeModel } from '../../../src/main/onnx/encode'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Identity } from '../../../src/main/onnx/ops/elementwise'
import { CLASS_NAMES, CLASS_ORDERS } from '../../../src/shared/labels'
import { PRESET_NAMES } from '../../../src/shared/network'
import { colourParser, withPorts } from '../../helpers/colour_parser'
import { makeFolder } from '../../helpers/folder'

const BISENET = { classes: CLASS_ORDERS.zllrunning, outputs: ['output', 'aux16', 'aux32'] }
const FLOAT16 = 10
const INT64 = 7

async function fileOf(bytes: Uint8Array | string, name = 'net.onnx'): Promise<string> {
  const path = join(await makeFolder(), name)
  await writeFile(path, bytes)
  return path
}
const read = async (bytes: Uint8Array): Promise<OnnxFile> => readOnnxFile(await fileOf(bytes))
const use = async (bytes: Uint8Array) => proposeUse(await read(bytes))

/** A graph whose output is its input. */
function through(shape: readonly number[]): Uint8Array {
  const g = new GraphBuilder()
  g.output('y', Identity(g, g.input('x', 'float32', shape)))
  return encodeModel(g.finish())
}

describe('an ONNX file', () => {
  test('says what it asks for and gives, without its weights', async () => {
    const file = await read(colourParser(BISENET))
    expect(file).toMatchObject({
      input: { name: 'input', size: 64 },
      maps: [
        { name: 'output', channels: 19 },
        { name: 'aux16', channels: 19 },
        { name: 'aux32', channels: 19 },
      ],
      params: 2 * 19 * 3 + 19,
    })
    const open = withPorts(colourParser(BISENET), {
      input: { shape: ['batch', 3, 'height', 'width'] },
      output: { shape: ['batch', 'classes', '', ''] },
    })
    expect(await read(open)).toMatchObject({
      input: { name: 'input', size: null },
      maps: [{ name: 'output', channels: null }, { channels: 19 }, { channels: 19 }],
    })
  })

  test('is told by its name or its first bytes', async () => {
    expect(await isOnnx(await fileOf(colourParser(BISENET), 'net.bin'))).toBe(true)
    expect(await isOnnx(await fileOf('PK\x03\x04', 'model.pt'))).toBe(false)
    expect(await isOnnx(await fileOf('', 'model.pt'))).toBe(false)
    expect(await isOnnx(await fileOf('<html>', 'model.ONNX'))).toBe(true)
  })

  test.each<[string, () => Uint8Array, RegExp]>([
    ['a text classifier', () => through([1, 128]), /takes 'x' float32 \[1, 128\] and not a picture/],
    [
      'of channels last',
      () => through([1, 64, 64, 3]),
      /its channels come last; convert it to channels first/,
    ],
    ['of grey pictures', () => through([1, 1, 64, 64]), /and not a picture, float32 \[1, 3, R, R\]/],
    ['of oblong pictures', () => through([1, 3, 64, 32]), /takes pictures of 32 x 64; Facet feeds squares/],
    [
      'of tiny pictures',
      () => through([1, 3, 20, 20]),
      /takes pictures of 20 x 20; Facet runs face parsers at 32 to 4096 pixels: export it for such a side/,
    ],
    ['of huge pictures', () => through([1, 3, 4097, 4097]), /takes pictures of 4097 x 4097; Facet runs/],
    ['of four at once', () => through([4, 3, 64, 64]), /takes 4 pictures at once/],
    [
      'of half precision',
      () => withPorts(colourParser(BISENET), { input: { type: FLOAT16, shape: [1, 3, 64, 64] } }),
      /takes float16 .*keep_io_types=True/,
    ],
    [
      'that gives half precision',
      () =>
        withPorts(colourParser({ classes: CLASS_NAMES }), {
          output: { type: FLOAT16, shape: [1, 19, 64, 64] },
        }),
      /gives 'output' float16 \[1, 19, 64, 64\]; .*keep_io_types=True/,
    ],
    [
      'that gives numbers of classes',
      () =>
        withPorts(colourParser({ classes: CLASS_NAMES }), { output: { type: INT64, shape: [1, 64, 64] } }),
      /gives 'output' int64 .*without the argmax at its end/,
    ],
    [
      'a detector',
      () => withPorts(colourParser({ classes: CLASS_NAMES }), { output: { shape: [1, 84, 8400] } }),
      /gives 'output' float32 \[1, 84, 8400\]; a face parser gives logits.*is it a model for another task\?/,
    ],
    [
      'one class, as of a matting network',
      () => withPorts(colourParser({ classes: CLASS_NAMES }), { output: { shape: [1, 1, 64, 64] } }),
      /is it a model for another task\?/,
    ],
  ])('%s is refused in a sentence', async (_what, make, sentence) => {
    const path = await fileOf(make())
    await expect(readOnnxFile(path)).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringMatching(sentence),
      details: { file: path },
    })
  })

  test('of two inputs is refused by their names', async () => {
    const g = new GraphBuilder()
    const a = g.input('a', 'float32', [1, 3, 8, 8])
    g.output('y', g.op('Add', [a, g.input('b', 'float32', [1, 3, 8, 8])]))
    await expect(read(encodeModel(g.finish()))).rejects.toThrow(/takes 2 inputs \(a, b\)/)
  })

  test.each([
    ['<!DOCTYPE html><p>404', /it is a web page/],
    ['GIF89a', /it is a picture \(GIF\), not a model/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n', /Git LFS pointer/],
    ['', /damaged, or was cut short/],
    ['nonsense', /damaged, or was cut short/],
  ])('that is %j says so', async (text, sentence) => {
    const path = await fileOf(text)
    await expect(readOnnxFile(path)).rejects.toMatchObject({
      code: 'file/malformed',
      message: expect.stringMatching(sentence),
    })
  })

  test('half downloaded says so', async () => {
    const bytes = colourParser(BISENET)
    await expect(read(bytes.subarray(0, bytes.length / 2))).rejects.toThrow(/cut short; download it again/)
  })
})

describe('a known network', () => {
  test('is BiSeNet by its two auxiliary maps: its first, at its own side, in the order of zllrunning', async () => {
    expect(await use(colourParser(BISENET))).toMatchObject({
      arch: 'bisenet',
      sure: true,
      resolution: 64,
      classSet: 'celebamask-hq',
      onnx: {
        input: 'input',
        output: 'output',
        classes: CLASS_ORDERS.zllrunning,
        preprocessing: { resize: 'bilinear', mean: [0.485, 0.456, 0.406], colours: 'RGB' },
      },
    })
  })

  test('is SegFormer by its input, in the order of MaskGAN, at 512 where the side is open', async () => {
    const segformer = colourParser({
      classes: CLASS_ORDERS.maskgan,
      input: 'pixel_values',
      outputs: ['logits'],
    })
    const open = withPorts(segformer, { pixel_values: { shape: ['batch', 3, 'height', 'width'] } })
    expect(await use(open)).toMatchObject({
      arch: 'segformer',
      sure: true,
      resolution: 512,
      onnx: { output: 'logits', classes: CLASS_ORDERS.maskgan },
    })
  })

  test('that Facet exported says all by itself', async () => {
    const metadata = {
      arch: 'mobilenet',
      classes: JSON.stringify(CLASS_NAMES),
      preprocessing: JSON.stringify({ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }),
      licence: 'CC0',
    }
    const own = colourParser({ classes: CLASS_NAMES, input: 'image', outputs: ['logits'], metadata })
    expect(await use(own)).toMatchObject({
      arch: 'mobilenet-onnx',
      sure: true,
      licence: 'CC0',
      onnx: { classes: CLASS_NAMES, preprocessing: { resize: 'bicubic', mean: [0.5, 0.5, 0.5] } },
    })
  })

  test.each(PRESET_NAMES)('has a preset %s', (name) =>
    expect(PRESETS.filter((preset) => preset.name === name)).toHaveLength(1),
  )
})

describe('an unknown network', () => {
  test.each([
    [19, CLASS_ORDERS.zllrunning],
    [11, CLASS_ORDERS.lapa],
    [3, [null, null, null]],
  ])('of %i classes is asked about, from a likely start', async (count, classes) => {
    const own = Array.from({ length: count }, (_, i) => CLASS_NAMES[i] ?? null)
    expect(await use(colourParser({ classes: own }))).toMatchObject({
      arch: 'onnx',
      sure: false,
      onnx: { input: 'input', output: 'output', classes },
    })
  })
})

describe('names in config.json beside a file', () => {
  const WRONG = [
    'background', 'skin', 'nose', 'r_eye', 'l_eye', 'r_brow', 'l_brow', 'r_ear', 'l_ear', 'mouth', 'u_lip', 'l_lip',
    'neck', 'hair', 'neck_l', 'cloth', 'eye_g', 'hat', 'ear_r',
  ] // prettier-ignore

  async function named(labels: readonly string[], folder = ''): Promise<unknown> {
    const root = await makeFolder()
    await mkdir(join(root, folder), { recursive: true })
    const id2label = Object.fromEntries(labels.map((label, id) => [String(id), label]))
    await writeFile(join(root, 'config.json'), JSON.stringify({ model_type: 'segformer', id2label }))
    const path = join(root, folder, 'model.onnx')
    const parser = colourParser({ classes: CLASS_ORDERS.maskgan, input: 'pixel_values', outputs: ['logits'] })
    await writeFile(path, parser)
    return (await proposeUse(await readOnnxFile(path))).onnx.classes
  }

  test('give the order, also from the folder above', async () => {
    const order = CLASS_ORDERS.maskgan.toReversed()
    expect(await named(order)).toEqual(order)
    expect(
      await named(
        order.map((name) => `${name}.png`),
        'onnx',
      ),
    ).toEqual(order)
    const words = [
      'background',
      'Face',
      'left eyebrow',
      'right-eyebrow',
      'teeth',
      'Hat',
      'cloth',
      ...order.slice(7),
    ]
    expect(((await named(words)) as unknown[]).slice(0, 7)).toEqual([
      ...['background', 'skin', 'l_brow', 'r_brow', null, 'hat', 'cloth'],
    ])
  })

  test.each([
    ['as they stood before they were mended', WRONG],
    ['in copies that name files', ['background', 'skin.png', ...WRONG.slice(2)]],
  ])("are known to be wrong of jonathandinu's SegFormer %s", async (_when, labels) => {
    expect(await named(labels)).toEqual(CLASS_ORDERS.maskgan)
  })

  test('of another task refuse the file', async () => {
    await expect(
      named(['road', 'sidewalk', 'building', ...Array.from({ length: 16 }, (_, i) => `thing ${i}`)]),
    ).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringMatching(/names its classes road, sidewalk, building.*another task/),
    })
  })
})
