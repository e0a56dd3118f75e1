/** @file The HTTP backend against a real server: both body forms, errors, the token, and a server that is gone. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HttpBackend } from '../../../src/renderer/src/backend/http'
import { toWire, FacetError } from '../../../src/shared/errors'
import { decodeWire, encodeWire } from '../../../src/shared/wire'

interface Seen {
  url: string
  type: string
  token: string
  body: unknown
}

let server: Server
let origin: string
let seen: Seen[] = []

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then((bytes) => {
      const type = request.headers['content-type'] ?? ''
      const body = type === 'application/x-facet' ? decodeWire(bytes) : JSON.parse(bytes.toString())
      seen.push({ url: request.url ?? '', type, token: String(request.headers['x-facet-token']), body })
      const send = (status: number, kind: string, content: string | Uint8Array) =>
        response.writeHead(status, { 'content-type': kind }).end(content)
      if (request.url === '/api/masks.undo')
        return send(
          200,
          'application/x-facet',
          encodeWire({ patch: new Uint8Array([1, 2, 255]), canUndo: false }),
        )
      if (request.url === '/api/workspace.open') {
        const error = new FacetError('store/newer', 'It was written by a newer Facet.', { schema: 7 })
        return send(409, 'application/json', JSON.stringify(toWire(error)))
      }
      if (request.url === '/api/app.info') return send(502, 'text/html', '<h1>Bad gateway</h1>')
      return send(200, 'application/json', JSON.stringify({ rows: [] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

describe('call', () => {
  test('plain requests travel as JSON with the token', async () => {
    seen = []
    const backend = new HttpBackend(origin, 'secret')
    expect(await backend.call('images.list', {})).toEqual({ rows: [] })
    expect(seen).toEqual([{ url: '/api/images.list', type: 'application/json', token: 'secret', body: {} }])
  })

  test('typed arrays travel as bytes', async () => {
    seen = []
    const request = {
      face: 3,
      kind: 'stroke' as const,
      label: 'brush',
      part: 1,
      patch: new Uint8Array([0, 128, 255]),
    }
    await new HttpBackend(origin, 't').call('masks.commit', request)
    expect(seen[0]).toMatchObject({ type: 'application/x-facet', body: request })
  })

  test('typed arrays come back as they were', async () => {
    const step = await new HttpBackend(origin, 't').call('masks.undo', { face: 1 })
    expect(step.patch).toEqual(new Uint8Array([1, 2, 255]))
  })

  test('errors are errors of ours again', async () => {
    const call = new HttpBackend(origin, 't').call('workspace.open', { path: '/photos' })
    await expect(call).rejects.toMatchObject({
      name: 'FacetError',
      code: 'store/newer',
      message: 'It was written by a newer Facet.',
      details: { schema: 7 },
    })
  })

  test('an answer that is not ours is told as it is', async () => {
    const call = new HttpBackend(origin, 't').call('app.info', {})
    await expect(call).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('502') })
  })

  test('a server that is gone is named', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
    await new Promise((resolve) => closed.close(resolve))
    await expect(new HttpBackend(gone, 't').call('images.list', {})).rejects.toThrow(gone)
  })
})

test('pictures are addressed with token and version', () => {
  const backend = new HttpBackend('http://127.0.0.1:1', 'a&b')
  expect(backend.mediaUrl('view', 7, 'x/1')).toBe('http://127.0.0.1:1/media/view/7?token=a%26b&v=x%2F1')
  expect(backend.mediaUrl('thumb', 7, 'y')).toBe('http://127.0.0.1:1/media/thumb/7?token=a%26b&v=y')
  expect(backend.pickFolder()).toBeNull()
})
