/** @file The commands as a script meets them: one JSON document on stdout, all else on stderr, exit codes 0, 1 and 2. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readNpy, writeNpy } from '../../src/main/base/npy'
import { readCelebAMask, readItemMasks } from '../../src/main/dataset/celebamask/importer'
import { encodeModel } from '../../src/main/onnx/encode'
import { buildHead } from '../../src/main/segface/postprocess'
import { buildSegFace } from '../../src/main/segface/network'
import { maxDifference } from '../helpers/allclose'
import { suiteFolder } from '../helpers/app'
import { makeCelebAMask, partsIn } from '../helpers/celebamask'
import { colourParser } from '../helpers/colour_parser'
import { CLASS_ORDERS } from '../../src/shared/labels'
import { f32, makeCheckpoint } from '../helpers/checkpoint'
import { CLI, commandLine, interrupted, runNode } from '../helpers/cli'
import { digestFolder } from '../helpers/folder_digest'
import { namedImage } from '../helpers/named_tensors'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { runOne } from '../helpers/run_graph'
import { writeMobilenet } from '../helpers/segface'

const SHIPPED = 'segface-mobilenet-by-facet'

let folder: Awaited<ReturnType<typeof suiteFolder>>
let stateDict: Awaited<ReturnType<typeof writeMobilenet>>
const at = (...parts: string[]): string => join(folder.path, ...parts)

beforeAll(async () => {
  folder = await suiteFolder()
  stateDict = await writeMobilenet(at('made_64.pt'))
  await mkdir(at('pictures', 'sub'), { recursive: true })
  await writeJpeg(at('pictures', 'a.jpg'), await drawPortrait(96, 64))
  await writeJpeg(at('pictures', 'sub', 'b.jpg'), await drawPortrait(40, 56))
  await writeFile(at('pictures', 'broken.jpg'), 'no picture')
})

afterAll(() => folder.remove())

const { facet, json, failure } = commandLine(() => at('data'))

describe('facet predict', () => {
  test('writes the masks of a folder, tells of a broken picture and goes on', async () => {
    const out = at('masks')
    const { code, stdout, stderr } = await facet(
      ...['predict', at('pictures'), '--model', SHIPPED, '--out', out, '--provider', 'cpu', '--json'],
    )
    expect(code, stderr).toBe(0)
    const summary: unknown = JSON.parse(stdout)
    expect(summary).toMatchObject({
      images: 2,
      provider: 'cpu',
      ms_per_image: { median: expect.any(Number), p95: expect.any(Number) },
      complaints: [{ file: 'broken.jpg', message: expect.stringContaining('broken.jpg') }],
    })
    // A line for the first and the last at least; never on stdout.
    expect(stderr).toMatch(/^1\/3\n(.*\n)*3\/3\n$/)
    const names = await readFile(join(out, 'facet-names.csv'), 'utf8')
    expect(names).toContain('"a.jpg"')
    expect(names).toContain('"sub/b.jpg"')
    expect((await readdir(join(out, 'CelebAMask-HQ-mask-anno', '0'))).length).toBeGreaterThan(4)
  })

  test('writes labels of a picture, of the side that is asked for', async () => {
    const out = at('labels')
    const args = ['--layout', 'index', '--size', '32', '--provider', 'cpu']
    const picture = at('pictures', 'a.jpg')
    expect(await json('predict', picture, '--model', SHIPPED, '--out', out, ...args)).toMatchObject({
      images: 1,
      complaints: [],
    })
    const png = await readFile(join(out, 'a.png'))
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([32, 32])
  })

  test('gives the same masks however many pictures it runs at once', async () => {
    const args = ['--model', SHIPPED, '--layout', 'index', '--provider', 'cpu']
    for (const batch of ['1', '2']) {
      const out = at(`batch-${batch}`)
      expect(await json('predict', at('pictures'), ...args, '--batch', batch, '--out', out)).toMatchObject({
        images: 2,
        complaints: [{ file: 'broken.jpg' }],
      })
    }
    for (const name of ['a.png', 'sub/b.png'])
      expect(await readFile(at('batch-2', name))).toEqual(await readFile(at('batch-1', name)))
    expect(await failure(2, 'predict', 'x', ...args, '--batch', 'many', '--out', 'o')).toContain("'many'")
  })

  test('says what 8 bits change, which the processor alone computes', async () => {
    const picture = at('pictures', 'a.jpg')
    const predict = ['predict', picture, '--model', SHIPPED, '--out', at('int8'), '--precision', 'int8']
    expect(await json(...predict)).toMatchObject({
      images: 1,
      provider: 'cpu',
      precision: 'int8',
      // A network of convolutions has nothing that would be computed in 8 bits.
      precision_check: { pictures: 1, own: true, changed: 0, worst: 0, offered: false },
    })
    expect((await facet(...predict)).stdout).toMatch(
      /8 bits change 0\.00 % of the pixels \(worst 0\.00 %\) on 1 of your pictures/,
    )
    expect(await failure(2, ...predict, '--provider', 'webgpu')).toContain('8 bits are for the processor')
  })

  test('says what is wrong with which input, model or folder', async () => {
    const predict = (input: string, model: string, out: string) =>
      failure(1, 'predict', input, '--model', model, '--out', out, '--provider', 'cpu')
    const [nowhere, empty] = [at('nowhere'), at('empty')]
    await mkdir(empty, { recursive: true })
    expect(await predict(nowhere, SHIPPED, at('x'))).toBe(
      `facet: ${nowhere} does not exist; name a picture or a folder of pictures.\n`,
    )
    expect(await predict(empty, SHIPPED, at('x'))).toContain(`${empty} holds no pictures`)
    const [text, texts] = [at('pictures', 'broken.jpg'), at('texts')]
    expect(await predict(text, SHIPPED, at('none'))).toMatch(
      /facet: The picture \S+broken\.jpg cannot be read: it is damaged, .*; replace the file or leave it out\.\n$/,
    )
    await mkdir(texts, { recursive: true })
    for (const name of ['1.jpg', '2.png']) await writeFile(join(texts, name), 'no picture')
    expect(await predict(texts, SHIPPED, at('none'))).toContain(
      `facet: None of the 2 pictures in ${texts} can be read. The picture ${join(texts, '1.jpg')} cannot be read`,
    )
    const { name: shipped } = (await json('model', 'show', SHIPPED)) as { name: string }
    expect(await predict(at('pictures'), 'nothing', at('x'))).toBe(
      `facet: There is no model "nothing"; known: ${shipped} (${SHIPPED}).\n`,
    )
    expect(await predict(at('pictures'), SHIPPED, at('pictures'))).toContain(
      `${at('pictures')} is not empty and was not written by Facet`,
    )
  })
})

describe('where the reader of the output has left', () => {
  /** As in `facet … | true`: nobody reads `streams`. */
  async function ended(streams: readonly ('stdout' | 'stderr')[], ...args: string[]) {
    const child = spawn(process.execPath, [CLI, '--data-dir', at('data'), ...args])
    for (const name of streams) child[name].destroy()
    let said = ''
    if (!streams.includes('stderr')) child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, said }
  }

  test('a command ends as if nothing had happened', async () => {
    expect(await ended(['stdout'], 'model', 'list')).toEqual({ code: 0, said: '' })
  })

  test('a command does its work to the end', async () => {
    const out = at('unwatched')
    const predict = ['predict', at('pictures'), '--model', SHIPPED, '--layout', 'index', '--out', out]
    expect((await ended(['stdout', 'stderr'], ...predict, '--provider', 'cpu')).code).toBe(0)
    expect(existsSync(join(out, 'sub', 'b.png'))).toBe(true)
  })

  test.skipIf(!existsSync('/dev/full'))('an answer that is lost otherwise is told', async () => {
    const full = await open('/dev/full', 'w')
    const child = spawn(process.execPath, [CLI, '--data-dir', at('data'), 'model', 'list'], {
      stdio: ['ignore', full.fd, 'pipe'],
    })
    const [said, [code]] = await Promise.all([child.stderr && text(child.stderr), once(child, 'close')])
    await full.close()
    expect([said, code]).toEqual([
      expect.stringMatching(/^facet: The answer cannot be printed: ENOSPC.*\n$/),
      1,
    ])
  })
})

test('what cannot be remembered in the data folder is said once, and the work is done', async () => {
  const data = at('locked')
  // No write can replace a folder, whoever runs the tests.
  for (const name of ['providers.json', 'precisions.json']) await mkdir(join(data, name), { recursive: true })
  const predict = ['predict', at('pictures', 'a.jpg'), '--model', SHIPPED, '--out', at('forgotten')]
  for (const [file, ...more] of [['providers.json'], ['precisions.json', '--precision', 'int8']] as const) {
    const { code, stdout, stderr } = await runNode(CLI, ['--data-dir', data, '--json', ...predict, ...more])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ images: 1 })
    expect(stderr.split(`Cannot write ${join(data, file)}: it is a folder, not a file. `)).toHaveLength(2)
  }
})

describe('facet model', () => {
  test('imports, lists and shows', async () => {
    const imported = await json('model', 'import', at('made_64.pt'), '--name', 'Made', '--half')
    expect(imported).toMatchObject({ id: 'made', arch: 'mobilenet', resolution: 64, classes: 19 })
    const { models } = (await json('model', 'list')) as { models: { id: string; isDefault: boolean }[] }
    expect(models.map(({ id, isDefault }) => [id, isDefault])).toEqual([
      [SHIPPED, true],
      ['made', false],
    ])
    expect(await json('model', 'show', 'Made')).toEqual(imported)
    const { stdout } = await facet('model', 'list')
    expect(stdout).toMatch(
      /^id +name .*\n\S+-by-facet +SegFace MobileNet .* yes\nmade +Made +mobilenet +64 +7035824\n$/,
    )
    expect((await facet('model', 'show', SHIPPED)).stdout).toContain('non-commercial')
  })

  test('asks what 11 classes were trained on, and says what such a model cannot do wherever it is used', async () => {
    const file = at('eleven_64.pt')
    await writeMobilenet(file, 11)
    expect(await failure(2, 'model', 'import', file)).toContain('--dataset lapa or --dataset helen')
    expect(await failure(2, 'model', 'import', file, '--dataset', 'celeba')).toContain('lapa, helen')
    const predict = ['predict', at('pictures', 'a.jpg'), '--provider', 'cpu']
    expect(await json(...predict, '--model', file, '--out', at('unknown'))).toMatchObject({
      limits: [expect.stringContaining('LaPa or Helen'), expect.stringContaining('does not know')],
    })
    const imported = await json('model', 'import', file, '--dataset', 'helen')
    expect(imported).toMatchObject({ id: 'eleven_64', classes: 11, classSet: 'helen' })
    expect((await facet('model', 'show', 'eleven_64')).stdout).toMatch(
      /limits .*trained on Helen.*\n.*\*\*Limits/s,
    )
    const { stdout } = await facet(...predict, '--model', 'eleven_64', '--out', at('helen'))
    expect(stdout).toMatch(
      /^Note: It was trained on Helen, .*\nNote: It does not know neck, .*\n1 pictures on cpu/,
    )
    const [x, y] = [at('x11.npy'), at('y11.npy')]
    await writeNpy(x, { dtype: 'float32', shape: [2, 3, 64, 64], data: namedImage('x', [2, 3, 64, 64]) })
    await json('logits', file, '--input', x, '--output', y, '--provider', 'cpu')
    expect((await readNpy(y)).shape).toEqual([2, 11, 64, 64])
  })

  test('says where nothing tells what side a checkpoint is used at, and takes one that is said', async () => {
    const import_ = async (file: string, ...options: string[]) => {
      const args = ['--json', '--data-dir', at('other data'), 'model', 'import', file, ...options]
      const { code, stdout, stderr } = await runNode(CLI, args)
      expect(code, stderr).toBe(0)
      return { stderr, model: JSON.parse(stdout) as unknown }
    }
    await copyFile(at('made_64.pt'), at('plain.pt'))
    const plain = await import_(at('plain.pt'))
    expect(plain.model).toMatchObject({
      ...{ id: 'plain', resolution: 512 },
      warnings: [expect.stringContaining('plain is used at 512 pixels a side')],
    })
    expect(plain.stderr).toMatch(/plain is used at 512 pixels a side, as SegFace usually is: .*plain_256\.pt/)
    const plainly = ['predict', at('pictures', 'a.jpg'), '--model', at('plain.pt'), '--out', at('plainly')]
    const { stdout } = await runNode(CLI, ['--data-dir', at('new data'), ...plainly, '--provider', 'cpu'])
    expect(stdout).toMatch(
      /^Note: \S+plain\.pt is used at 512 pixels a side, as SegFace usually is: .*\n1 pictures/,
    )
    const said = await import_(at('plain.pt'), '--resolution', '64', '--name', 'said')
    expect(said.model).toMatchObject({ id: 'said', resolution: 64 })
    expect((await import_(at('made_64.pt'))).stderr + said.stderr).not.toContain('as SegFace usually is')
    expect(await failure(2, 'model', 'import', at('plain.pt'), '--resolution', '20')).toContain(
      'from 32 to 2048',
    )
  })

  test('takes ONNX files of others: by themselves, by a preset, by a description', async () => {
    const known = at('bisenet.onnx')
    await writeFile(known, colourParser({ classes: CLASS_ORDERS.zllrunning, outputs: ['out', '1', '2'] }))
    expect(await json('model', 'import', known)).toMatchObject({
      id: 'bisenet',
      arch: 'bisenet',
      classes: 19,
    })

    const unknown = at('unknown.onnx')
    await writeFile(unknown, colourParser({ classes: CLASS_ORDERS.maskgan, input: 'x', outputs: ['y'] }))
    expect(await failure(2, 'model', 'import', unknown)).toMatch(
      /--preset segformer, bisenet, .*--description/,
    )
    expect(await failure(2, 'model', 'import', unknown, '--preset', 'yolo')).toContain('segformer')
    expect(await failure(2, 'predict', at('pictures'), '--model', unknown, '--out', at('u'))).toContain(
      '--preset',
    )
    expect(await json('model', 'import', unknown, '--preset', 'segformer')).toMatchObject({
      arch: 'segformer',
    })

    const description = at('description.json')
    const preprocessing = { resize: 'bilinear', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    const onnx = { input: 'x', output: 'y', classes: CLASS_ORDERS.maskgan, preprocessing }
    await writeFile(description, JSON.stringify({ resolution: 64, onnx }))
    const described = ['model', 'import', unknown, '--name', 'mine', '--description', description]
    expect(await json(...described)).toMatchObject({ id: 'mine', arch: 'onnx', resolution: 64 })
    await writeFile(
      description,
      JSON.stringify({ resolution: 64, onnx: { ...onnx, classes: ['skin', 'beard'] } }),
    )
    expect(await failure(2, ...described)).toMatch(/use\.onnx\.classes\.1/)
    await writeFile(description, '{')
    expect(await failure(2, ...described)).toContain(`${description} is not JSON`)
  })

  test('refuses what is no SegFace checkpoint, naming the file', async () => {
    const other = at('other.pt')
    await writeFile(other, makeCheckpoint({ 'fc.weight': f32([2, 2]) }))
    expect(await failure(1, 'model', 'import', other)).toContain(`${other} is not a SegFace checkpoint`)
    expect(await failure(1, 'model', 'import', at('none.pt'))).toBe(
      `facet: Cannot read ${at('none.pt')}: there is no such file or folder.\n`,
    )
    expect(await failure(2, 'model', 'import', at('made_64.pt'), '--arch', 'resnet')).toContain(
      'is a mobilenet by its tensors, not a resnet',
    )
    expect(await failure(1, 'model', 'show', 'nothing')).toContain('There is no model "nothing"')
  })
})

describe('facet dataset', () => {
  test('import then export gives back every mask, name and split; and again, to the byte', async () => {
    const tree = at('tree')
    const ids = [0, 7, 2001]
    const partition = '00000 0\n00007 1\n02001 2\n'
    const maps = await makeCelebAMask(tree, { ids, partition })
    const masks = [...maps.values()].reduce((sum, map) => sum + partsIn(map).length, 0)
    const summary = { images: 3, masks, splits: { train: 1, val: 1, test: 1 }, complaints: [] }

    expect(await json('dataset', 'import', tree, '--into', at('workspace'))).toEqual(summary)
    const out = at('exported')
    expect(await json('dataset', 'export', at('workspace'), '--out', out)).toEqual({
      ...summary,
      out,
      unmasked: 0,
    })
    expect(await readFile(join(out, 'list_eval_partition.txt'), 'utf8')).toBe(partition)
    const { items, complaints } = await readCelebAMask(out)
    expect([items.map(({ id }) => id), complaints]).toEqual([ids, []])
    for (const item of items) expect((await readItemMasks(item)).map).toEqual(maps.get(item.id))
    const [before, after] = [await digestFolder(tree), await digestFolder(out)]
    const photosAndNames = (files: Record<string, string>) =>
      Object.entries(files).map(([name, hash]) => (name.startsWith('CelebA-HQ-img/') ? [name, hash] : name))
    expect(photosAndNames(after).filter((file) => file !== 'facet-names.csv')).toEqual(photosAndNames(before))

    await json('dataset', 'import', out, '--into', at('workspace2'))
    await json('dataset', 'export', at('workspace2'), '--out', at('exported2'))
    expect(await digestFolder(at('exported2'))).toEqual(after)
  })

  test('exports index masks by a named order', async () => {
    const out = at('index')
    const args = ['--format', 'index', '--order', 'maskgan', '--size', '24', '--only', 'all']
    expect(await json('dataset', 'export', at('workspace'), '--out', out, ...args)).toMatchObject({
      images: 3,
    })
    expect((await readdir(out)).filter((name) => name.endsWith('.png')).sort()).toEqual([
      ...['0.png', '2001.png', '7.png'],
    ])
  })

  test('says what is wrong with which folder', async () => {
    const [bare, inside] = [at('pictures', 'sub'), at('tree', 'workspace')]
    expect(await failure(1, 'dataset', 'import', bare, '--into', at('w'))).toContain(bare)
    const file = at('made_64.pt')
    expect(await failure(1, 'dataset', 'import', at('tree'), '--into', file)).toMatch(
      /^facet: Cannot write \S+made_64\.pt: .*\.\n$/,
    )
    expect(await failure(2, 'dataset', 'import', at('tree'), '--into', inside)).toContain(
      `${inside} lies inside the dataset ${at('tree')}`,
    )
    expect(await failure(1, 'dataset', 'export', at('nowhere'), '--out', at('x'))).toBe(
      `facet: ${at('nowhere')} does not exist; choose a folder of pictures.\n`,
    )
    expect(await failure(1, 'dataset', 'export', at('workspace'), '--out', at('pictures'))).toContain(
      `${at('pictures')} is not empty and was not written by Facet`,
    )
    expect(existsSync(at('x'))).toBe(false)
  })
})

describe('facet logits', () => {
  test('gives what the graph gives', async () => {
    const shape = [2, 3, 64, 64]
    const images = namedImage('two images', shape)
    await writeNpy(at('x.npy'), { dtype: 'float32', shape, data: images })
    const files = ['--input', at('x.npy'), '--output', at('y.npy'), '--provider', 'cpu']
    expect(await json('logits', at('made_64.pt'), ...files)).toEqual({
      arch: 'mobilenet',
      provider: 'cpu',
      ms: expect.any(Number),
    })
    const logits = await readNpy(at('y.npy'))
    expect([logits.dtype, logits.shape]).toEqual(['float32', [2, 19, 64, 64]])
    const graph = buildSegFace(stateDict, { resolution: 64 })
    const size = images.length / 2
    for (const n of [0, 1]) {
      const expected = (await runOne(graph, {
        image: images.slice(n * size, (n + 1) * size),
      })) as Float32Array
      const actual = (logits.data as Float32Array).subarray(n * expected.length, (n + 1) * expected.length)
      expect(maxDifference(actual, expected)).toBeLessThan(1e-4)
    }
  })

  test('ends at Ctrl+C and leaves nothing', async () => {
    const shape = [2000, 3, 64, 64]
    await writeNpy(at('many.npy'), { dtype: 'float32', shape, data: new Float32Array(2000 * 3 * 64 ** 2) })
    await mkdir(at('stopped'))
    const files = ['--input', at('many.npy'), '--output', at('stopped', 'y.npy'), '--provider', 'cpu']
    const ended = await interrupted(at('stopped'), [
      '--data-dir',
      at('data'),
      'logits',
      at('made_64.pt'),
      ...files,
    ])
    expect(ended).toMatchObject({ code: 1, stdout: '', left: [] })
    expect(ended.stderr).toMatch(/Stopping\..*\nfacet: The job was cancelled\.\n$/)
  })

  test('tells nobody: onnxruntime keeps no queue of what it did for Microsoft', async () => {
    await mkdir(at('home'))
    const env = { HOME: at('home'), XDG_CACHE_HOME: '', ORT_DISABLE_TELEMETRY: '' }
    const files = ['--input', at('x.npy'), '--output', at('told.npy'), '--provider', 'cpu']
    const { code } = await runNode(CLI, ['--data-dir', at('data'), 'logits', at('made_64.pt'), ...files], {
      env,
    })
    expect(code).toBe(0)
    expect(await readdir(at('home'), { recursive: true })).toEqual([])
  })

  test('does not write over what it reads', async () => {
    const weights = at('made_64.pt')
    const before = await readFile(weights)
    for (const output of [weights, at('x.npy')])
      expect(await failure(1, 'logits', weights, '--input', at('x.npy'), '--output', output)).toContain(
        `Writing ${output} would replace ${output}, which this command needs`,
      )
    expect(await failure(1, 'model', 'export', weights, '--format', 'onnx', '--out', weights)).toContain(
      'would replace',
    )
    expect(await readFile(weights)).toEqual(before)
    const among = join(at('data'), 'models', 'mine.onnx')
    expect(await failure(1, 'model', 'export', weights, '--format', 'onnx', '--out', among)).toContain(
      "lies among Facet's own models",
    )
  })

  test('says what it expects of its input', async () => {
    await writeNpy(at('bad.npy'), { dtype: 'float32', shape: [3, 4], data: new Float32Array(12) })
    const files = ['--input', at('bad.npy'), '--output', at('z.npy'), '--provider', 'cpu']
    expect(await failure(1, 'logits', at('made_64.pt'), ...files)).toBe(
      `facet: ${at('bad.npy')} holds float32 [3, 4]; expected normalised images, float32 [N, 3, R, R].\n`,
    )
    const foreign = process.platform === 'win32' ? 'coreml' : 'dml'
    const [input, output] = [at('x.npy'), at('z.npy')]
    expect(
      await failure(
        1,
        'logits',
        at('made_64.pt'),
        '--input',
        input,
        '--output',
        output,
        '--provider',
        foreign,
      ),
    ).toContain(`provider ${foreign} is not part of this build`)
    expect(existsSync(output)).toBe(false)
  })
})

describe('facet inspect', () => {
  test('says what is in a checkpoint, a graph, a model folder and a workspace', async () => {
    const checkpoint = await json('inspect', at('made_64.pt'))
    expect(checkpoint).toMatchObject({
      kind: 'checkpoint',
      network: { arch: 'mobilenet', classes: 19 },
      params: 7_035_824,
    })
    expect(checkpoint.tensors).toHaveLength(stateDict.size)

    const head = buildHead({ ending: 'labels', shape: [1, 19, 8, 8], height: 4, width: 4 })
    await writeFile(at('head.onnx'), encodeModel(head))
    await copyFile(at('head.onnx'), at('head.bin'))
    expect(await json('inspect', at('head.bin'))).toEqual(await json('inspect', at('head.onnx')))
    expect(await json('inspect', at('head.onnx'))).toMatchObject({
      kind: 'onnx',
      name: 'labels_head',
      operators: { Resize: 1, ArgMax: 1, Cast: 1 },
      inputs: [expect.objectContaining({ name: 'logits' })],
      outputs: [expect.objectContaining({ name: 'labels' })],
    })
    expect(await json('inspect', resolve('resources', 'models', SHIPPED))).toMatchObject({
      kind: 'model',
      id: SHIPPED,
    })
    expect(await json('inspect', at('workspace'))).toMatchObject({
      kind: 'workspace',
      images: 3,
      statuses: { corrected: 3, untouched: 0 },
    })
  })

  test('says of anything else what it is not', async () => {
    const picture = at('pictures', 'a.jpg')
    expect(await failure(1, 'inspect', picture)).toContain(picture)
    expect(await failure(1, 'inspect', at('pictures', 'sub'))).toContain('neither a model')
    expect(await failure(1, 'inspect', at('nowhere'))).toBe(`facet: ${at('nowhere')} does not exist.\n`)
  })
})

test('facet doctor tries every provider and says which is used and why', async () => {
  const report = (await json('doctor')) as {
    providers: { provider: string; verdict: string; ms: number | null }[]
    chosen: string
  }
  expect(report).toMatchObject({
    node: process.versions.node,
    onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    model: SHIPPED,
    resolution: 256,
    why: expect.stringMatching(/\w/),
  })
  const { providers, chosen } = report
  expect(providers.at(-1)).toMatchObject({ provider: 'cpu', verdict: 'works', ms: expect.any(Number) })
  const [fastest] = providers
    .filter(({ verdict }) => verdict === 'works')
    .sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0))
  expect(chosen).toBe(fastest?.provider)
})

describe('the command line', () => {
  test.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['predict', 'x'], /--model/],
    ...['-3', '0', '16.5', '', 'big'].map((size): [string[], RegExp] => [
      ['predict', 'x', '--model', 'm', '--out', 'o', '--size', size],
      /--size <pixels>.*Expected: a whole number from 16 to 8192\.\n/,
    ]),
    [['model', 'import', 'x', '--resolution', 'abc'], /--resolution <side>.*Expected: a whole number\.\n/],
    [['model', 'import', 'x', '--name', ''], /^facet: --name is empty; a name or a path is expected\.\n$/],
    [
      ['model', 'import', 'x', '--name', ' '],
      /^facet: name: text of at least 1 character is expected, found " "\.\n$/,
    ],
    [['inspect', ''], /^facet: <file> is empty; /],
    [['inspect', 'x', '--data-dir', ''], /^facet: --data-dir is empty; /],
    [
      ['step', 'x', '--images', 'x', '--labels', 'y', '--steps', '1.5'],
      /--steps <n>.*Expected: a whole number from 1 to 10000\.\n/,
    ],
    [
      ['train', 'x', '--model', 'm', '--name', 'n', '--lr_schedule', 'a,b'],
      /--lr_schedule <epochs>.*Expected: numbers separated by commas, each a whole number above 0\.\n/,
    ],
    [
      ['train', 'x', '--model', 'm', '--name', 'n', '--lr', '2'],
      /--lr <rate>.*Expected: a number above 0, at most 1\.\n/,
    ],
    ...['abc', '99999'].map((port): [string[], RegExp] => [
      ['serve', '--port', port],
      /--port <number>.*Expected: a whole number from 0 to 65535\.\n/,
    ]),
    [['predict', 'x', '--model', 'm', '--out', 'o', '--provider', 'abacus'], /abacus/],
    [['dataset', 'export', 'x', '--out', 'o', '--only', 'some'], /some/],
  ])('%j is wrong usage', async (args, sentence) => {
    const { code, stdout, stderr } = await facet(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
  })

  test('--version and --help end well', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect(await facet('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    const help = await facet('--help')
    expect(help.code).toBe(0)
    for (const command of ['serve', 'predict', 'test', 'model', 'dataset', 'logits', 'inspect', 'doctor'])
      expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  test('runs through launch.mjs, the bin of a published package, which is built already', async () => {
    const root = at('package')
    await mkdir(join(root, 'src', 'main'), { recursive: true })
    await copyFile(resolve('src', 'main', 'launch.mjs'), join(root, 'src', 'main', 'launch.mjs'))
    for (const name of ['out', 'node_modules', 'resources'])
      await symlink(resolve(name), join(root, name), 'junction')
    const launch = (...args: string[]) =>
      runNode(join(root, 'src', 'main', 'launch.mjs'), ['--data-dir', at('fresh'), '--json', ...args])
    const { code, stdout } = await launch('model', 'list')
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { models: [{ id: SHIPPED }] }])
    expect(await launch('model', 'show', 'nothing')).toMatchObject({ code: 1, stdout: '' })
  })
})
