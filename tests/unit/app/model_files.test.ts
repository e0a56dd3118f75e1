/** @file Other people's ONNX files through the app: looked at, imported by preset or description, and predicting the right parts. */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../../src/main/app/app'
import { CLASS_NAMES, CLASS_ORDERS, COLOURS, type ClassName } from '../../../src/shared/labels'
import {
  IMAGENET_STD,
  PRESET_NAMES,
  type OnnxDescription,
  type PresetName,
} from '../../../src/shared/network'
import { hintsOf } from '../../../src/shared/plausible'
import { eventOf, makeApp, suiteFolder } from '../../helpers/app'
import {
  colourParser,
  paintedLabels,
  withPorts,
  writePainted,
  type ColourParser,
} from '../../helpers/colour_parser'
import { writeMobilenet } from '../../helpers/segface'

const SIDE = 64
const UNIT: ColourParser['preprocessing'] = { mean: [0, 0, 0], std: [1, 1, 1], colours: 'RGB' }
/** Networks as they are published, by the preset that knows them. */
const PUBLISHED: Readonly<Record<PresetName, ColourParser>> = {
  bisenet: { classes: CLASS_ORDERS.zllrunning, outputs: ['output', '1', '2'] },
  segformer: { classes: CLASS_ORDERS.maskgan, input: 'pixel_values', outputs: ['logits'] },
  'farl-celebm': { classes: CLASS_NAMES, preprocessing: UNIT },
  'farl-lapa': { classes: CLASS_ORDERS.lapa, preprocessing: UNIT },
}

let folder: Awaited<ReturnType<typeof suiteFolder>>
let app: App
let face: string
const at = (...parts: string[]): string => join(folder.path, ...parts)

beforeAll(async () => {
  folder = await suiteFolder()
  app = makeApp(at('data'))
  face = at('face.png')
  await writePainted(face, SIDE)
})

afterAll(async () => {
  await app.dispose()
  await folder.remove()
})

async function write(name: string, options: ColourParser): Promise<string> {
  const file = at(name)
  await writeFile(file, colourParser(options))
  return file
}

/** What a model says of a picture, in SegFace's numbers. */
async function labelsBy(model: string, input = face): Promise<Uint8Array> {
  const out = at(`labels ${Math.random()}`)
  await app.call('predict.files', { input, model, out, layout: 'index', provider: 'cpu' })
  const [png = ''] = (await readdir(out)).filter((name) => name.endsWith('.png'))
  return new Uint8Array(await sharp(join(out, png)).extractChannel(0).raw().toBuffer())
}

/** The same pixels, as far as their painted class is one of `classes`. */
function expectPainted(labels: Uint8Array, classes: readonly (ClassName | null)[] = CLASS_NAMES): void {
  const known = new Set(classes.map((name) => (name === null ? -1 : CLASS_NAMES.indexOf(name))))
  const wrong = paintedLabels(SIDE).filter((label, i) => known.has(label) && labels[i] !== label)
  expect(wrong).toHaveLength(0)
}

describe.each(PRESET_NAMES)('an export of %s', (name) => {
  const published = PUBLISHED[name]
  const isTold = name.startsWith('farl')

  test('gives the right parts, whatever the order of its classes', async () => {
    const file = await write(`${name}.onnx`, published)
    const model = await app.call('models.import', { file, ...(isTold && { preset: name }) })
    expect(model).toMatchObject({
      id: name,
      arch: name,
      resolution: SIDE,
      classes: published.classes.length,
      classSet: name === 'farl-lapa' ? 'lapa' : 'celebamask-hq',
      licence: expect.stringContaining('non-commercial'),
    })
    expectPainted(await labelsBy(name), published.classes)
    // Its file itself is a model too, where it can be recognised, or was imported.
    expectPainted(await labelsBy(file), published.classes)
    expect(await app.call('models.import', { file, ...(isTold && { preset: name }) })).toEqual(model)
  })
})

test('what its class order says is what it does: another order gives other parts', async () => {
  const file = await write('confused.onnx', PUBLISHED.bisenet)
  const warned = eventOf(app, 'notice')
  const model = await app.call('models.import', { file, preset: 'farl-celebm', name: 'confused' })
  expect(await labelsBy('confused')).not.toEqual(paintedLabels(SIDE))
  const { message } = await warned
  expect(message).toMatch(/^confused looks wrong on Facet's sample portrait: .*class order/)
  expect(model.warnings).toEqual([message])
  const { models } = await app.call('models.list', {})
  expect(models.find(({ id }) => id === 'confused')?.warnings).toEqual([message])
})

test('logits of a quarter of the side are upsampled before the greatest is taken', async () => {
  const side = 256
  await write('quarter.onnx', { ...PUBLISHED.segformer, stride: 4, side })
  await writePainted(at('large.png'), side)
  await app.call('models.import', { file: at('quarter.onnx') })
  const labels = await labelsBy('quarter', at('large.png'))

  // Logits are linear in the colour, so theirs between two pixels are those of the mixed colour.
  const small = paintedLabels(SIDE)
  const classes = CLASS_ORDERS.maskgan
  const colourAt = (x: number, y: number) => COLOURS[CLASS_NAMES[small[y * SIDE + x] ?? 0] ?? 'background']
  const expected = Uint8Array.from({ length: side * side }, (_, i) => {
    const place = (p: number) => Math.min(SIDE - 1, Math.max(0, (p + 0.5) / 4 - 0.5))
    const [x, y] = [place(i % side), place(Math.floor(i / side))]
    const [x0, y0] = [Math.floor(x), Math.floor(y)]
    const [x1, y1] = [Math.min(SIDE - 1, x0 + 1), Math.min(SIDE - 1, y0 + 1)]
    const mix = (a: number, b: number, t: number) => a + (b - a) * t
    const colour = [0, 1, 2].map((c) => {
      const value = (px: number, py: number) => colourAt(px, py)[c] ?? 0
      return mix(mix(value(x0, y0), value(x1, y0), x - x0), mix(value(x0, y1), value(x1, y1), x - x0), y - y0)
    })
    const distance = (name: ClassName) =>
      COLOURS[name].reduce(
        (sum, value, c) => sum + ((value - (colour[c] ?? 0)) / (IMAGENET_STD[c] ?? 1)) ** 2,
        0,
      )
    return CLASS_NAMES.indexOf([...classes].sort((a, b) => distance(a) - distance(b))[0] ?? 'background')
  })
  const differing = labels.filter((label, i) => label !== expected[i]).length
  expect(differing / labels.length).toBeLessThan(0.01)
  const blocks = Uint8Array.from(
    labels,
    (_, i) => small[((i % side) >> 2) + SIDE * (Math.floor(i / side) >> 2)] ?? 0,
  )
  expect(labels.filter((label, i) => label !== blocks[i]).length / labels.length).toBeGreaterThan(0.02)
})

describe('an unknown ONNX file', () => {
  const onnx: OnnxDescription = {
    input: 'bytes',
    output: 'map',
    classes: [...CLASS_ORDERS.maskgan.slice(0, 12), null, 'hair'],
    preprocessing: { resize: 'bilinear', mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], colours: 'BGR' },
  }
  const use = { resolution: SIDE, onnx }
  let file: string
  beforeAll(async () => {
    const network = {
      classes: onnx.classes,
      preprocessing: onnx.preprocessing,
      input: 'bytes',
      outputs: ['aux', 'map'],
    }
    // The right map second, and dimensions that only running it tells.
    const bytes = withPorts(colourParser({ ...network, outputs: ['map', 'aux'] }), {
      bytes: { shape: ['batch', 3, 'height', 'width'] },
      map: { shape: ['batch', 'classes', 'height', 'width'] },
      aux: { shape: ['batch', 'classes', 'height', 'width'] },
    })
    file = at('unknown.onnx')
    await writeFile(file, bytes)
  })

  test('is examined: its outputs as they turn out to be, what fits, and a start', async () => {
    expect(await app.call('models.examine', { file })).toMatchObject({
      kind: 'onnx',
      size: null,
      maps: [
        { name: 'map', channels: 14 },
        { name: 'aux', channels: 14 },
      ],
      preset: null,
      sure: false,
      presets: [],
      proposal: { resolution: 512, onnx: { input: 'bytes', output: 'map', classes: Array(14).fill(null) } },
    })
    await expect(app.call('models.import', { file })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        /does not know \('map' of 14 classes, .*\); say what it is with --preset segformer, bisenet/,
      ),
      details: { needs: 'description' },
    })
  })

  test("is looked at with Facet's sample before it is imported, or with a picture of the open folder", async () => {
    const look = await app.call('models.look', { file, use: { ...use, resolution: 128 }, image: null })
    expect([look.width, look.height, look.channels.length, look.mime]).toEqual([
      512,
      512,
      512 ** 2,
      'image/jpeg',
    ])
    expect(look.picture.subarray(0, 2)).toEqual(Uint8Array.of(0xff, 0xd8))

    const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
    await app.call('workspace.open', { path: folder.path })
    await scanned
    const image = (await app.call('images.list', {})).rows.find(({ name }) => name === 'face.png')?.id ?? 0
    const own = await app.call('models.look', { file, use, image })
    expect([own.width, own.height]).toEqual([SIDE, SIDE])
    const numbers = own.channels.map((channel) => CLASS_NAMES.indexOf(onnx.classes[channel] ?? 'background'))
    expectPainted(numbers, onnx.classes)
    expect(hintsOf(numbers, SIDE, SIDE)).toEqual([])
  })

  test('is looked at only at a side that it has, and otherwise says which', async () => {
    const fixed = await write('fixed.onnx', { classes: onnx.classes, input: 'bytes', outputs: ['map'] })
    const look = { file: fixed, use: { ...use, resolution: 128 }, image: null }
    await expect(app.call('models.look', look)).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringMatching(
        /fixed\.onnx cannot be run by onnxruntime at 128 x 128: .*Got: 128 Expected: 64.* Say in its description which side/,
      ),
    })
  })

  test('is imported with its description, in every detail', async () => {
    const model = await app.call('models.import', { file, use, name: 'Described' })
    expect(model).toMatchObject({ id: 'described', arch: 'onnx', classes: 14, classSet: 'other' })
    expect(model.parts).not.toContain('hat')
    expect(model.limits).toEqual([expect.stringContaining('does not know neck, cloth, l_lip, hat')])
    expect(model.card).toContain("'map'")
    expectPainted(await labelsBy('described'), onnx.classes)
    expectPainted(await labelsBy(file), onnx.classes)
    const out = at('again.onnx')
    await app.call('models.export', { model: 'described', format: 'onnx', out })
    expect((await readFile(out)).equals(await readFile(file))).toBe(true)
    await expect(
      app.call('models.export', { model: 'described', format: 'pt', out: at('no.pt') }),
    ).rejects.toMatchObject({
      code: 'model/unsupported',
      message: expect.stringContaining('export it as onnx'),
    })
  })

  test.each<[string, Partial<OnnxDescription>, RegExp]>([
    [
      'another output',
      { output: 'none' },
      /it has no output 'none' that is a map of classes; there is 'map' of 14/,
    ],
    ['another input', { input: 'x' }, /its input is 'bytes', not 'x'/],
    ['too few classes', { classes: ['background', 'skin'] }, /has 14 classes, but the description names 2/],
    ['no class', { classes: Array<null>(14).fill(null) }, /names none of its classes/],
  ])('that is described with %s is refused', async (_what, wrong, sentence) => {
    await expect(
      app.call('models.import', { file, use: { ...use, onnx: { ...onnx, ...wrong } } }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(sentence) })
  })

  test('that is no preset is refused as one', async () => {
    await expect(app.call('models.import', { file, preset: 'bisenet' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/is no BiSeNet.*'map' of 14/),
    })
  })
})

test('a graph that onnxruntime refuses is told with its reason, and leaves nothing', async () => {
  const bytes = Buffer.from(colourParser(PUBLISHED.bisenet))
  const broken = Buffer.from(bytes.toString('latin1').replaceAll('Conv', 'Cnov'), 'latin1')
  await writeFile(at('broken.onnx'), broken)
  const before = (await app.call('models.list', {})).models.length
  await expect(app.call('models.import', { file: at('broken.onnx') })).rejects.toMatchObject({
    code: 'model/unsupported',
    message: expect.stringMatching(/broken\.onnx cannot be run by onnxruntime at 64 x 64: .*Cnov/),
  })
  expect((await app.call('models.list', {})).models).toHaveLength(before)
})

test("Facet's own export comes back as it went out", async () => {
  const out = at('exported.onnx')
  await writeMobilenet(at('own_64.pt'))
  await app.call('models.import', { file: at('own_64.pt') })
  await app.call('models.export', { model: 'own_64', format: 'onnx', out })
  expect(await app.call('models.examine', { file: out })).toMatchObject({
    kind: 'onnx',
    sure: true,
    preset: null,
  })
  expect(await app.call('models.import', { file: out })).toMatchObject({
    id: 'exported',
    arch: 'mobilenet-onnx',
  })
  expect(await labelsBy('exported')).toEqual(await labelsBy('own_64'))
})

test('a checkpoint is examined by its tensors; what is said of ONNX files is refused for it, and the other way round', async () => {
  const file = at('eleven.pt')
  await writeMobilenet(file, 11)
  expect(await app.call('models.examine', { file })).toEqual({
    kind: 'checkpoint',
    arch: 'mobilenet',
    classes: 11,
    classSet: null,
  })
  const lapa = at('swinb_lapa_512.pt')
  await copyFile(file, lapa)
  expect(await app.call('models.examine', { file: lapa })).toMatchObject({ classSet: 'lapa' })
  await expect(app.call('models.import', { file, preset: 'bisenet' })).rejects.toMatchObject({
    code: 'usage',
  })
  const onnx = await write('plain.onnx', PUBLISHED.bisenet)
  await expect(app.call('models.import', { file: onnx, half: true })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('leave --arch, --dataset, --resolution and --half out'),
  })
})
