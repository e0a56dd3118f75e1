/** @file Downloads over a line that breaks, from servers that lie: what comes is the published file, or nothing is kept. */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { downloadModel, downloadPath, installedModel } from '../../../src/main/models/download'
import type { DownloadOptions } from '../../../src/main/models/download'
import { findPublished, PUBLISHED, type Published } from '../../../src/main/models/published'
import { modelInfo, Registry } from '../../../src/main/models/registry'
import { bytesHere } from '../../../src/main/models/transfer'
import { ARCHITECTURES } from '../../../src/main/segface/config'
import { REQUESTS } from '../../../src/shared/requests'
import { f32, makeCheckpoint } from '../../helpers/checkpoint'
import { serveFile, type FileServer } from '../../helpers/file_server'
import { makeFolder } from '../../helpers/folder'
import { mobilenetStateDict } from '../../helpers/segface'

const OPTIMIZER_BYTES = 400_000
/** A whole network with an optimiser state beside it. */
const CHECKPOINT = makeCheckpoint(Object.fromEntries(mobilenetStateDict()), {
  ...{ container: 'state_dict_backbone', extra: { epoch: 299 }, optimizerBytes: OPTIMIZER_BYTES },
})
const OTHERS = makeCheckpoint({ 'cp.resnet.conv1.weight': f32([64, 3, 7, 7]) })

let server: FileServer
let registry: Registry
let folder: string
let published: Published
let stop: AbortController

beforeEach(async () => {
  server = await serveFile(CHECKPOINT)
  onTestFinished(() => server.close())
  const dataDir = await makeFolder()
  registry = new Registry({ dataDir, resources: join(dataDir, 'none') })
  folder = join(dataDir, 'downloads')
  stop = new AbortController()
  published = {
    name: 'mobilenet_celeba_224',
    arch: 'mobilenet',
    resolution: 224,
    classSet: 'celebamask-hq',
    path: 'authors/repository/resolve/main/mobilenet_celeba_224/model_299.pt',
    bytes: CHECKPOINT.length,
    exact: true,
    sha256: server.sha256,
    score: 0.8791,
    licence: 'MIT',
  }
})

function download(options: Partial<DownloadOptions> = {}) {
  return downloadModel(registry, published, {
    folder,
    mirror: server.base,
    keep: false,
    signal: stop.signal,
    progress: (done) => server.heard(done),
    patience: { stallMs: 20_000, retries: 3, backoffMs: 1 },
    ...options,
  })
}

const left = () => readdir(folder)
const file = () => downloadPath(folder, published)

describe('a download', () => {
  test('becomes a slim model with its lineage, and the large file goes', async () => {
    const steps: [number, number][] = []
    const model = await download({ progress: (done, total) => steps.push([done, total]) })
    expect(await modelInfo(model)).toMatchObject({
      id: 'mobilenet_celeba_224',
      arch: 'mobilenet',
      resolution: 224,
      licence: 'MIT',
      source: published.path,
      parent: null,
      scores: { 'paper test mean_f1': 0.8791 },
      card: expect.stringContaining('published by its authors'),
    })
    expect((await modelInfo(model)).bytes).toBeLessThan(CHECKPOINT.length - OPTIMIZER_BYTES + 1000)
    expect(model.manifest.source.sha256).toBe(server.sha256)
    expect(await left()).toEqual([])
    expect(steps.at(-1)).toEqual([CHECKPOINT.length, CHECKPOINT.length])
    expect(server.asked.map(({ path }) => path)).toEqual([`/${published.path}`])
  })

  test('is not made twice', async () => {
    const first = await download()
    expect((await download()).manifest.id).toBe(first.manifest.id)
    expect(server.asked).toHaveLength(1)
    expect((await installedModel(registry, published))?.manifest.id).toBe(first.manifest.id)
  })

  test('keeps the large file where that is asked for', async () => {
    await download({ keep: true })
    expect(await readFile(file())).toEqual(CHECKPOINT)
  })

  test('goes on where the line was cut, several times', async () => {
    server.faults = [{ cutAfter: 100_000 }, { cutAfter: 50_000 }, { status: 503 }, { cutAfter: 1 }]
    await download()
    expect(server.asked.map(({ range }) => range)).toEqual([
      undefined,
      'bytes=100000-',
      'bytes=150000-',
      'bytes=150000-',
      'bytes=150001-',
    ])
    expect(server.asked.slice(1).every(({ ifRange }) => ifRange === server.etag)).toBe(true)
  })

  test('goes on after nothing came for a while', async () => {
    server.faults = [{ stallAfter: 70_000 }]
    await download({ patience: { stallMs: 500, retries: 3, backoffMs: 1 } })
    expect(server.asked.slice(0, 2).map(({ range }) => range)).toEqual([undefined, 'bytes=70000-'])
  })

  test('pauses when it is stopped, and goes on in another process', async () => {
    server.faults = [{ stallAfter: 120_000 }]
    const pausing = download({
      progress: (done) => {
        if (done >= 120_000) stop.abort()
      },
      patience: { stallMs: 60_000, retries: 0, backoffMs: 1 },
    })
    await expect(pausing).rejects.toThrow()
    expect(await left()).toEqual(['mobilenet_celeba_224.pt.part', 'mobilenet_celeba_224.pt.part.json'])
    expect(await bytesHere(file())).toBe(120_000)
    await download({ signal: new AbortController().signal })
    expect(server.asked.at(-1)?.range).toBe('bytes=120000-')
    expect(await left()).toEqual([])
  })

  test('starts over where the server ignores ranges, or has another file by now', async () => {
    server.faults = [{ cutAfter: 100_000 }, 'ignoresRange']
    await download()
    expect(server.asked).toHaveLength(2)

    published = { ...published, name: 'again_224', path: 'other/path', sha256: null }
    server.faults = [{ cutAfter: 100_000 }]
    const cut = download({ patience: { stallMs: 20_000, retries: 0, backoffMs: 1 } })
    await expect(cut).rejects.toMatchObject({ code: 'download/unreachable' })
    server.etag = '"two"'
    await download()
    expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=100000-', ifRange: '"one"' })
  })

  test('a part file that is whole already is taken as it is; one that is too long is fetched anew', async () => {
    server.faults = [{ cutAfter: 100_000 }]
    const once = { stallMs: 20_000, retries: 0, backoffMs: 1 }
    await expect(download({ patience: once })).rejects.toMatchObject({ code: 'download/unreachable' })
    await writeFile(`${file()}.part`, CHECKPOINT)
    await download()
    expect(server.asked.at(-1)?.range).toBe(`bytes=${CHECKPOINT.length}-`)

    published = { ...published, name: 'longer_224', path: 'other/path', sha256: null }
    server.faults = [{ cutAfter: 100_000 }]
    await expect(download({ patience: once })).rejects.toMatchObject({ code: 'download/unreachable' })
    await writeFile(`${file()}.part`, Buffer.concat([CHECKPOINT, Buffer.alloc(9)]))
    await download()
    expect(server.asked.slice(-2).map(({ range }) => range)).toEqual([
      `bytes=${CHECKPOINT.length + 9}-`,
      undefined,
    ])
  })

  test('gives up on a line that brings nothing new, and keeps what came', async () => {
    server.faults = [{ cutAfter: 90_000 }, { cutAfter: 0 }, { status: 502 }, { cutAfter: 0 }, { cutAfter: 0 }]
    await expect(download()).rejects.toMatchObject({
      code: 'download/unreachable',
      message: expect.stringContaining('what came is kept'),
    })
    expect(server.asked).toHaveLength(4)
    expect(await bytesHere(file())).toBe(90_000)
  })

  test('gives up on a server that is not there', async () => {
    await server.close()
    await expect(download()).rejects.toMatchObject({
      code: 'download/unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('a server that lies', () => {
  test.each([
    ['a page instead of the file', 'html', /answers with a page \(text\/html.*login page/],
    ['a longer file', { lengthOff: 10 }, /a file of \d+ bytes, not the published one/],
    ['a shorter file', { lengthOff: -10 }, /a file of \d+ bytes, not the published one/],
    ['more bytes than the file has', 'surplus', /sent more than the \d+ bytes/],
    ['other bytes', 'garbage', /its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}\. It was deleted/],
  ] as const)('%s is refused, and nothing is kept', async (_what, fault, sentence) => {
    server.faults = [fault]
    await expect(download()).rejects.toMatchObject({
      code: 'download/malformed',
      message: expect.stringMatching(sentence),
    })
    expect(server.asked).toHaveLength(1)
    expect(await left()).toEqual([])
    expect(await registry.list()).toEqual([])
  })

  test('one that stated too much and, asked for the rest, admits that there is none, is believed', async () => {
    published = { ...published, exact: false }
    server.faults = [{ lengthOff: 10 }]
    expect((await download()).manifest.source.sha256).toBe(server.sha256)
  })

  test('one that stated too little is caught by the hash', async () => {
    published = { ...published, exact: false }
    server.faults = [{ lengthOff: -10 }]
    await expect(download()).rejects.toMatchObject({ code: 'download/malformed' })
    expect(await left()).toEqual([])
  })

  test('one that states a hash is held to it, also across its redirect', async () => {
    published = { ...published, exact: false, sha256: null }
    const headers = { 'x-linked-etag': `"${'0'.repeat(64)}"`, 'x-linked-size': String(CHECKPOINT.length) }
    server.faults = [{ redirect: '/elsewhere', headers }]
    await expect(download()).rejects.toMatchObject({ code: 'download/malformed', details: { expected: '0'.repeat(64) } }) // prettier-ignore
    expect(server.asked.map(({ path }) => path)).toEqual([`/${published.path}`, '/elsewhere'])

    server.faults = [
      { redirect: '/elsewhere', headers: { ...headers, 'x-linked-etag': `"${server.sha256}"` } },
    ]
    expect((await download()).manifest.source.sha256).toBe(server.sha256)
  })

  test('one that leads away from https, or in circles, is not followed', async () => {
    server.faults = [{ redirect: 'http://example.com/file' }]
    await expect(download()).rejects.toMatchObject({
      message: expect.stringContaining('not an https address'),
    })
    await expect(download({ mirror: 'http://example.com' })).rejects.toMatchObject({
      code: 'download/unreachable',
    })
    server.faults = Array.from({ length: 9 }, () => ({ redirect: '/' }))
    await expect(download()).rejects.toMatchObject({ message: expect.stringContaining('without end') })
  })

  test('one that has no such file is named with its status', async () => {
    server.faults = [{ status: 404 }]
    await expect(download()).rejects.toMatchObject({ details: { status: 404 } })
    expect(server.asked).toHaveLength(1)
  })
})

test.each([
  [
    'another network',
    CHECKPOINT,
    { arch: 'swin_base' },
    'mobilenet with 19 classes, expected was swin_base with 19',
  ],
  [
    'other classes',
    CHECKPOINT,
    { classSet: 'lapa' },
    'mobilenet with 19 classes, expected was mobilenet with 11',
  ],
  ['no SegFace at all', OTHERS, {}, 'no SegFace network, expected was mobilenet with 19'],
] as const)(
  'a mirror that has %s is named, and another is asked',
  async (_what, sent, expected, sentence) => {
    await server.close()
    server = await serveFile(sent)
    const right = { ...published, exact: false, sha256: null }
    published = { ...right, ...expected }
    const url = `${server.base}/${published.path}`
    const message = `What came from ${url} is not the published mobilenet_celeba_224: by its tensors it is ${sentence}`
    await expect(download()).rejects.toMatchObject({
      code: 'download/malformed',
      message: expect.stringMatching(`^${message}.*deleted; try another mirror`) as string,
    })
    expect(await left()).toEqual([])
    expect(await registry.list()).toEqual([])
    published = right
    const mirror = await serveFile(CHECKPOINT)
    onTestFinished(() => mirror.close())
    expect((await download({ mirror: mirror.base })).manifest.arch).toBe('mobilenet')
    expect(mirror.asked).toHaveLength(1)
  },
)

test('a checkpoint that is none is deleted, though its bytes are those that were asked for', async () => {
  await server.close()
  server = await serveFile(CHECKPOINT.subarray(0, 300_000))
  published = { ...published, bytes: 300_000, sha256: server.sha256 }
  await expect(download()).rejects.toMatchObject({ code: 'checkpoint/malformed' })
  expect(await left()).toEqual([])
})

test('without room on the disk nothing is asked for', async () => {
  published = { ...published, bytes: 2 ** 60 }
  await expect(download()).rejects.toMatchObject({
    code: 'file/unwritable',
    message: expect.stringMatching(/needs \d+ MB more .* are free; make room/),
  })
  expect(server.asked).toEqual([])
  expect(existsSync(file())).toBe(false)
})

describe('the published checkpoints', () => {
  test('can all be run, and are told apart', () => {
    for (const { arch, name, resolution, sha256, path } of PUBLISHED) {
      expect(ARCHITECTURES).toContain(arch)
      expect(name).toMatch(new RegExp(`_(celeba|lapa)_${resolution}$`))
      expect(sha256 ?? '0'.repeat(64)).toMatch(/^[0-9a-f]{64}$/)
      expect(path).toContain(`/${name}/model_299.pt`)
    }
    expect(new Set(PUBLISHED.map(({ name }) => name)).size).toBe(PUBLISHED.length)
  })

  test('an unknown name is answered with the known ones', () => {
    expect(() => findPublished(PUBLISHED, 'best')).toThrow(/"best"; there are convnext_celeba_512, /)
  })
})

test('a mirror is https, or this computer', () => {
  const mirror = (address: string) => REQUESTS['settings.write'].safeParse({ mirror: address }).success
  expect(mirror('https://mirror.example/hf/')).toBe(true)
  expect(mirror('http://127.0.0.1:8080')).toBe(true)
  for (const address of ['http://mirror.example', 'http://127.0.0.1.example', 'ftp://a', 'mirror', ''])
    expect(mirror(address), address).toBe(false)
})
