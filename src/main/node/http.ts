/**
 * @file The HTTP transport: the app's methods, events, pictures, files handed over, and window on 127.0.0.1. Every request must
 * name this host; all but the window also needs the token of this run, and a foreign page's Origin is refused.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import sirv from 'sirv'
import type { Method } from '../../shared/requests'
import { ERROR_CODES, FacetError, toWire } from '../../shared/errors'
import { decodeWire, encodeWire, hasArrays } from '../../shared/wire'
import type { App } from '../app/app'
import { CONTENT_SECURITY_POLICY } from './policy'

/** Names the folder that the window shows, percent-encoded. */
const SHOWN_HEADER = 'x-facet-folder'
/** The largest request is a patch of a whole 8192 x 8192 grid, which run-lengths keep far below this. */
const MAX_BODY = 64 * 2 ** 20
/** A line now and then, so that a dead connection is noticed. */
const HEARTBEAT_MS = 15_000

export interface HttpDoor {
  readonly url: string
  close(): Promise<void>
}

/** Serves `app` at 127.0.0.1 on `port` (0: a free one); `renderer` is the folder of the built window. */
export async function serveHttp(app: App, renderer: string, port: number): Promise<HttpDoor> {
  const token = randomBytes(24).toString('base64url')
  const files = sirv(renderer, { dev: false, etag: true, single: false })
  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => answerError(response, error))
  })
  // A model of a gigabyte may take its time.
  server.requestTimeout = 0
  const streams = new Set<ServerResponse>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = `http://${request.headers.host ?? ''}`
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
    checkHost(request, server)
    const url = URL.parse(request.url ?? '/', origin)
    if (!url) throw new FacetError('request/invalid', 'The address of this request cannot be understood.')
    const [, room, ...rest] = url.pathname.split('/')
    if (room !== 'api' && room !== 'events' && room !== 'media' && room !== 'upload') {
      files(request, response, () =>
        answerError(response, new FacetError('not-found', `There is no ${url.pathname}.`)),
      )
      return
    }
    checkOrigin(request, origin)
    checkToken(request.headers['x-facet-token'] ?? url.searchParams.get('token'), token)
    if (room === 'api') await answerCall(app, rest.join('/') as Method, request, response)
    else if (room === 'events') answerEvents(app, response, streams)
    else if (room === 'upload') await answerUpload(app, rest.join('/'), request, response)
    else
      await answerMedia(
        app,
        rest[0] ?? '',
        Number(rest[1]),
        Boolean(url.searchParams.get('v')),
        request,
        response,
      )
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new FacetError(
          'usage',
          `The port ${port} cannot be used (${error.code ?? error.message}); choose another with --port.`,
          { port },
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${boundPort(server)}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        for (const stream of streams) stream.end()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

function boundPort(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** Refuses a page of another name that was made to point here (DNS rebinding). */
function checkHost(request: IncomingMessage, server: Server): void {
  const port = boundPort(server)
  if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(request.headers.host ?? '')) {
    throw new FacetError('request/denied', 'This address is not the one that Facet serves.')
  }
}

function checkOrigin(request: IncomingMessage, own: string): void {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  if ((origin !== undefined && origin !== own) || site === 'cross-site') {
    throw new FacetError('request/denied', 'Another page asked; only the window of Facet may.')
  }
}

function checkToken(given: string | string[] | null, token: string): void {
  const bytes = Buffer.from(typeof given === 'string' ? given : '')
  const expected = Buffer.from(token)
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) {
    throw new FacetError(
      'request/denied',
      'The token of this run is missing or wrong; open the address that facet serve printed.',
    )
  }
}

async function answerCall(
  app: App,
  method: Method,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST')
    throw new FacetError('request/denied', `${method} must be asked for by POST.`)
  const body = await readBody(request)
  const isWire = request.headers['content-type'] === 'application/x-facet'
  const shown = request.headers[SHOWN_HEADER]
  const folder = typeof shown === 'string' ? decodeText(shown, 'folder') : undefined
  const value = await app.call(method, (isWire ? decodeWire(body) : parseJson(body)) as never, folder)
  const binary = hasArrays(value)
  response.setHeader('Content-Type', binary ? 'application/x-facet' : 'application/json')
  response.end(binary ? encodeWire(value) : JSON.stringify(value))
}

/** A file of any size straight to disk under its name, the answer says where it is; or such a path, to be deleted. */
async function answerUpload(
  app: App,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'DELETE') {
    await app.discard(decodeText(name, 'file'))
    response.end()
    return
  }
  if (request.method !== 'POST')
    throw new FacetError('request/denied', 'Files are handed over by POST, given up by DELETE.')
  const length = Number(request.headers['content-length'])
  const path = await app
    .receive(decodeText(name, 'file'), request, Number.isSafeInteger(length) ? length : null)
    .catch((error: unknown) => {
      if (!request.errored) throw error
      throw new FacetError('cancelled', `${name} broke off on its way.`, {}, { cause: error })
    })
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify({ path }))
}

function decodeText(text: string, what: 'file' | 'folder'): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw new FacetError(
      'request/invalid',
      `The name of the ${what} cannot be understood.`,
      {},
      { cause: error },
    )
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  // Kept open, so that the answer to a body that is too large can still be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > MAX_BODY) {
      chunks.length = 0
      break
    }
    chunks.push(chunk as Buffer)
  }
  if (length > MAX_BODY) {
    request.resume()
    throw new FacetError('request/invalid', `A request may have ${MAX_BODY} bytes at most.`)
  }
  return Buffer.concat(chunks)
}

function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new FacetError('request/invalid', 'The request is not JSON.', {}, { cause: error })
  }
}

function answerEvents(app: App, response: ServerResponse, streams: Set<ServerResponse>): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  response.write(': hello\n\n')
  const tell = (event: string, payload: unknown): void =>
    void response.write(`data: ${JSON.stringify({ event, payload })}\n\n`)
  const end = app.onAny(tell)
  // What folder was opened or closed before it listened was not heard.
  tell('workspace.changed', {})
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS)
  streams.add(response)
  response.once('close', () => {
    end()
    clearInterval(heartbeat)
    streams.delete(response)
  })
}

async function answerMedia(
  app: App,
  kind: string,
  image: number,
  hasVersion: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET') throw new FacetError('request/denied', 'Pictures are asked for by GET.')
  const media = await app.media(kind, image)
  response.setHeader('Content-Type', media.mime)
  // What an address with the file's version names never changes; a bare number is another image in another workspace.
  response.setHeader('Cache-Control', hasVersion ? 'private, max-age=86400, immutable' : 'no-store')
  if ('bytes' in media) response.end(media.bytes)
  else
    createReadStream(media.file)
      .once('error', (error) => response.destroy(error))
      .pipe(response)
}

function answerError(response: ServerResponse, error: unknown): void {
  const wire = toWire(error)
  if (wire.code === 'internal') console.error(error)
  if (response.headersSent) return void response.destroy()
  response.writeHead(ERROR_CODES[wire.code], { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(wire))
}
