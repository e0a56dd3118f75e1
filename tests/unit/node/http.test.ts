/** @file The HTTP door's locks: who is let in, what each refusal says, and what every answer carries. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../../src/main/app/app'
import { serveHttp, type HttpDoor } from '../../../src/main/node/http'
import { decodeWire, encodeWire } from '../../../src/shared/wire'
import { CLASS_ORDERS } from '../../../src/shared/labels'
import { eventOf, makeApp, suiteFolder, testPaths } from '../../helpers/app'
import { colourParser } from '../../helpers/colour_parser'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

let folder: Awaited<ReturnType<typeof suiteFolder>>
let app: App
let door: HttpDoor
let url: URL
let token: string

beforeAll(async () => {
  folder = await suiteFolder()
  app = makeApp(join(folder.path, 'data'))
  door = await serveHttp(app, testPaths('').renderer, 0)
  url = new URL(door.url)
  token = url.searchParams.get('token') ?? ''
})

afterAll(async () => {
  await door.close()
  await app.dispose()
  await folder.remove()
})

/** A request as it is written here: no fetch, which would mend its headers and its path. */
function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port, host } = url
    const options = { hostname, port, method, path, headers: { host, ...headers }, agent: false }
    const sent = httpRequest(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
      response.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

const post = (
  method: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => ask('POST', `/api/${method}`, { 'x-facet-token': token, ...headers }, body)

/** Status and code of a refusal, which must say nothing of the token. */
function refusal({ status, text }: Answer): [number, unknown] {
  expect(text).not.toContain(token)
  return [status, (JSON.parse(text) as { code: unknown }).code]
}

const DENIED = [403, 'request/denied']

describe('a caller', () => {
  test('with the token, in the header or the address, is let in', async () => {
    expect((await post('app.info', '{}')).status).toBe(200)
    expect((await ask('POST', `/api/app.info?token=${token}`, {}, '{}')).status).toBe(200)
  })

  test('without the right token is not, on any way in', async () => {
    for (const headers of [{}, { 'x-facet-token': 'x' }, { 'x-facet-token': `${token}x` }]) {
      expect(refusal(await ask('POST', '/api/app.info', headers, '{}'))).toEqual(DENIED)
      expect(refusal(await ask('GET', '/events', headers))).toEqual(DENIED)
      expect(refusal(await ask('GET', '/media/view/1', headers))).toEqual(DENIED)
    }
    expect(refusal(await ask('POST', '/api/app.info?token=', {}, '{}'))).toEqual(DENIED)
  })

  test('on a page of another origin is not, even with the token', async () => {
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${Number(url.port) + 1}`])
      expect(refusal(await post('app.info', '{}', { origin }))).toEqual(DENIED)
    expect(refusal(await post('app.info', '{}', { 'sec-fetch-site': 'cross-site' }))).toEqual(DENIED)
    expect((await post('app.info', '{}', { origin: url.origin })).status).toBe(200)
  })

  test('who names another host is not, not even for the window itself', async () => {
    for (const host of ['evil.example', `evil.example:${url.port}`, '127.0.0.1', '127.0.0.1:1']) {
      expect(refusal(await post('app.info', '{}', { host }))).toEqual(DENIED)
      expect(refusal(await ask('GET', '/', { host }))).toEqual(DENIED)
    }
    expect((await post('app.info', '{}', { host: `localhost:${url.port}` })).status).toBe(200)
  })

  test('asks methods by POST and pictures by GET', async () => {
    expect(refusal(await ask('GET', '/api/app.info', { 'x-facet-token': token }))).toEqual(DENIED)
    expect(refusal(await ask('POST', '/media/view/1', { 'x-facet-token': token }))).toEqual(DENIED)
  })
})

describe('a request', () => {
  test.each([
    ['no.such', '{}', 404, 'request/unknown-method'],
    ['', '{}', 404, 'request/unknown-method'],
    ['__proto__', '{}', 404, 'request/unknown-method'],
    ['app.info', '{', 400, 'request/invalid'],
    ['app.info', '5', 400, 'request/invalid'],
    ['masks.open', '{"image":"1"}', 400, 'request/invalid'],
    ['images.list', '', 404, 'not-found'],
  ])('%s with the body %j is answered %i %s', async (method, body, status, code) => {
    expect(refusal(await post(method, body))).toEqual([status, code])
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a length that is cut short', new Uint8Array([1, 0])],
    ['less than it says', new Uint8Array([255, 255, 255, 255, 1])],
    ['no JSON', new Uint8Array([1, 0, 0, 0, 123])],
    ['an array that is not there', encodeWire({ patch: { $array: 3, type: 'Uint8Array' } })],
  ])('in wire form with %s is answered 400', async (_what, body) => {
    expect(refusal(await post('app.info', body, { 'content-type': 'application/x-facet' }))).toEqual([
      400,
      'request/invalid',
    ])
  })

  test('that is too large is answered, not cut off', async () => {
    const answer = await post('app.info', new Uint8Array(65 * 2 ** 20))
    expect(refusal(answer)).toEqual([400, 'request/invalid'])
    expect(answer.text).toContain('67108864 bytes at most')
    expect((await post('app.info', '{}')).status).toBe(200)
  })

  test('whose address is no address is answered 400', async () => {
    expect(refusal(await ask('GET', '//'))).toEqual([400, 'request/invalid'])
  })
})

test('the window needs no token, and every answer carries the locks', async () => {
  const page = await ask('GET', '/')
  expect(page.status).toBe(200)
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.text).not.toContain(token)
  const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? expect.fail('the page has no script')
  const answers = [
    page,
    await ask('GET', new URL(script, url).pathname),
    await post('app.info', '{}'),
    await ask('GET', '/no-such-file.js'),
    await ask('POST', '/api/app.info'),
    await ask('GET', '/', { host: 'evil.example' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 403, 403])
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    const policy = headers['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  }
})

test.each(['/../package.json', '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fpackage.json', '/%00', '/%zz'])(
  'no file outside the window is served: %s',
  async (path) => {
    const answer = await ask('GET', path)
    expect(answer.status).toBe(404)
    expect(answer.text).not.toContain('"scripts"')
  },
)

test('pictures come with their kind, and what is not there is 404', async () => {
  const media = (path: string): Promise<Answer> => ask('GET', `/media/${path}`, { 'x-facet-token': token })
  expect(refusal(await media('view/1'))).toEqual([404, 'not-found'])
  const pictures = join(folder.path, 'pictures')
  await mkdir(pictures)
  await writeJpeg(join(pictures, 'a.jpg'), await drawPortrait(40, 30))
  const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
  await app.call('workspace.open', { path: pictures })
  await scanned
  const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
  for (const [kind, mime] of [
    ['view', 'image/jpeg'],
    ['thumb', 'image/webp'],
  ]) {
    const { status, headers, text } = await media(`${kind}/${image}?v=1`)
    expect([status, headers['content-type']]).toEqual([200, mime])
    expect(text.length).toBeGreaterThan(50)
  }
  for (const path of [`view/${image + 1}`, 'view/x', 'view', `other/${image}`, ''])
    expect(refusal(await media(path))).toEqual([404, 'not-found'])
})

test('answers with masks come in wire form, others as JSON', async () => {
  const info = await post('app.info', encodeWire({}), { 'content-type': 'application/x-facet' })
  expect(info.headers['content-type']).toBe('application/json')
  const image = (await app.call('images.list', {})).rows[0]?.id ?? 0
  const response = await fetch(new URL(`/api/masks.open?token=${token}`, url), {
    method: 'POST',
    body: JSON.stringify({ image }),
  })
  expect(response.headers.get('content-type')).toBe('application/x-facet')
  const face = decodeWire(new Uint8Array(await response.arrayBuffer()))
  expect(face).toMatchObject({ image, width: 40, height: 30 })
})

test('a picture is kept for good under the version of its file only', async () => {
  const images = join(folder.path, 'kept')
  await mkdir(images)
  await writeJpeg(join(images, 'a.jpg'), await drawPortrait(20, 20))
  await app.call('workspace.open', { path: images })
  await expect.poll(async () => (await app.call('images.list', {})).rows.length).toBe(1)
  const [row] = (await app.call('images.list', {})).rows
  const kept = async (query: string) => {
    const { status, headers } = await ask('GET', `/media/thumb/${row?.id}?token=${token}${query}`)
    return [status, headers['cache-control']]
  }
  expect(await kept(`&v=${row?.version}`)).toEqual([200, 'private, max-age=86400, immutable'])
  expect(await kept('')).toEqual([200, 'no-store'])
})

describe('a file that a page hands over', () => {
  const upload = (
    name: string,
    body: Uint8Array,
    headers: Record<string, string> = { 'x-facet-token': token },
  ) => ask('POST', `/upload/${name}`, { 'content-length': String(body.length), ...headers }, body)
  const uploads = () => join(folder.path, 'data', 'uploads')

  test('lies in the data folder, under its own name, until it is imported', async () => {
    const bytes = Buffer.from(colourParser({ classes: CLASS_ORDERS.zllrunning, outputs: ['a', 'b', 'c'] }))
    const { status, text } = await upload(encodeURIComponent('얼굴 net.onnx'), bytes)
    expect(status).toBe(200)
    const { path } = JSON.parse(text) as { path: string }
    expect(path).toMatch(/uploads.[0-9a-f]{16}.얼굴 net\.onnx$/)
    expect((await readFile(path)).equals(bytes)).toBe(true)
    expect((await app.call('models.import', { file: path })).name).toBe('얼굴 net')
    expect(await readdir(uploads())).toEqual([])
  })

  test('cannot be put elsewhere, and needs the token', async () => {
    for (const name of ['..%2F..%2Fevil.pt', '%2e%2e%5cevil.pt', 'a%00b']) {
      const { status, text } = await upload(name, Buffer.from('x'))
      const { path } = JSON.parse(text) as { path: string }
      expect([status, dirname(dirname(path))]).toEqual([200, uploads()])
    }
    expect(refusal(await upload('x.pt', Buffer.from('x'), {}))).toEqual([403, 'request/denied'])
    expect(refusal(await ask('GET', '/upload/x.pt', { 'x-facet-token': token }))).toEqual([
      403,
      'request/denied',
    ])
  })

  test('is deleted when it is not wanted any more; what was never handed over is not', async () => {
    const { path } = JSON.parse((await upload('x.pt', Buffer.from('x'))).text) as { path: string }
    const giveUp = (what: string) =>
      ask('DELETE', `/upload/${encodeURIComponent(what)}`, { 'x-facet-token': token })
    const own = join(folder.path, 'data', 'settings.json')
    await app.call('settings.write', { theme: 'dark' })
    for (const other of [
      own,
      dirname(path),
      `${uploads()}/../settings.json`,
      `${path}/../../../settings.json`,
    ])
      expect((await giveUp(other)).status).toBe(200)
    expect([await readFile(path, 'utf8'), existsSync(own)]).toEqual(['x', true])
    expect((await giveUp(path)).status).toBe(200)
    expect(existsSync(path)).toBe(false)
  })

  test('that breaks off leaves nothing', async () => {
    const before = await readdir(uploads())
    const { hostname, port, host } = url
    const headers = { host, 'x-facet-token': token, 'content-length': '1000' }
    const sent = httpRequest({
      hostname,
      port,
      method: 'POST',
      path: '/upload/half.pt',
      headers,
      agent: false,
    })
    sent.on('error', () => undefined)
    sent.write('only the beginning')
    await expect.poll(async () => (await readdir(uploads())).length).toBe(before.length + 1)
    sent.destroy()
    await expect.poll(async () => (await readdir(uploads())).length).toBe(before.length)
  })
})
