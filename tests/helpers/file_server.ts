/** @file A web server on 127.0.0.1 with one file, ranges and all, that misbehaves on demand: one fault a request, in order. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Fault =
  /** Sends that many bytes of the answer and, when they have arrived, breaks the line; or says no more. */
  | { readonly cutAfter: number }
  | { readonly stallAfter: number }
  | { readonly status: number }
  /** Sends everybody elsewhere. */
  | { readonly redirect: string; readonly headers?: Readonly<Record<string, string>> }
  /** Never answers. */
  | 'silent'
  /** A page with status 200, as a captive portal does. */
  | 'html'
  /** Says a length that is off by so much. */
  | { readonly lengthOff: number }
  | 'ignoresRange'
  /** Other bytes of the same length. */
  | 'garbage'
  /** No length, and more bytes than the file has. */
  | 'surplus'
  | 'none'

export interface Asked {
  readonly path: string
  readonly range: string | undefined
  readonly ifRange: string | undefined
}

export interface FileServer {
  readonly base: string
  readonly sha256: string
  readonly asked: Asked[]
  /** What goes wrong with the next requests; after them all is well. */
  faults: Fault[]
  etag: string
  /** To be told how many bytes of the file the other side has. */
  heard(bytes: number): void
  close(): Promise<void>
}

/** Serves `file` at every path. */
export async function serveFile(file: Buffer): Promise<FileServer> {
  const asked: Asked[] = []
  let held: { readonly response: ServerResponse; readonly until: number } | null = null
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const self: FileServer = {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: createHash('sha256').update(file).digest('hex'),
    asked,
    faults: [],
    etag: '"one"',
    heard(bytes) {
      if (held === null || bytes < held.until) return
      held.response.destroy()
      held = null
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  function answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    asked.push({ path: url ?? '', range: headers.range, ifRange: headers['if-range'] as string | undefined })
    const fault = self.faults.shift() ?? 'none'
    if (fault === 'silent') return
    if (fault === 'html') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Please log in</h1>')
    } else if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status).end()
    } else if (typeof fault === 'object' && 'redirect' in fault) {
      response.writeHead(302, { location: fault.redirect, ...fault.headers }).end()
    } else {
      sendFile(response, fault, headers)
    }
  }

  function sendFile(response: ServerResponse, fault: Fault, headers: IncomingMessage['headers']): void {
    const first = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const isPart = first > 0 && headers['if-range'] === self.etag && fault !== 'ignoresRange'
    if (isPart && first >= file.length) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
      return
    }
    const body = fault === 'garbage' ? Buffer.alloc(file.length, 7) : file.subarray(isPart ? first : 0)
    const off = typeof fault === 'object' && 'lengthOff' in fault ? fault.lengthOff : 0
    response.writeHead(isPart ? 206 : 200, {
      'content-type': 'application/octet-stream',
      etag: self.etag,
      ...(fault === 'surplus' ? {} : { 'content-length': body.length + off }),
      ...(isPart ? { 'content-range': `bytes ${first}-${file.length - 1}/${file.length}` } : {}),
    })
    if (fault === 'surplus') {
      response.write(body)
      response.end(Buffer.alloc(100))
    } else if (typeof fault === 'object' && 'cutAfter' in fault) {
      held = { response, until: (isPart ? first : 0) + fault.cutAfter }
      response.flushHeaders()
      response.write(body.subarray(0, fault.cutAfter))
    } else if (typeof fault === 'object' && 'stallAfter' in fault) {
      response.write(body.subarray(0, fault.stallAfter))
    } else if (off > 0) {
      response.write(body, () => response.destroy())
    } else {
      response.end(off < 0 ? body.subarray(0, off) : body)
    }
  }

  return self
}
