/** @file The scheme app://: the built window and its pictures, with its content security policy; paths cannot escape the bundle. */
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { ERROR_CODES, FacetError, toWire } from '../../shared/errors'
import type { App } from '../app/app'
import { CONTENT_SECURITY_POLICY } from '../node/policy'
import { isOurs } from './security'

const MIME: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

/** Answers the window's requests; for `protocol.handle`. */
export function appProtocol(
  app: Pick<App, 'media'>,
  renderer: string,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      if (!isOurs(request.url))
        throw new FacetError('request/denied', `${request.url} is not the window of Facet.`)
      const { pathname } = new URL(request.url)
      const [, room, kind = '', image] = pathname.split('/')
      if (room !== 'media') return await file(bundlePath(renderer, pathname), pathname)
      const media = await app.media(kind, Number(image))
      const bytes = 'bytes' in media ? media.bytes : await readFile(media.file)
      return answer(bytes, media.mime)
    } catch (error) {
      const wire = toWire(error)
      return Response.json(wire, { status: ERROR_CODES[wire.code] })
    }
  }
}

/**
 * The file of the bundle that a URL path names. Throws `request/denied` where it would leave `root`, also by `..` in
 * percent-encoded form or by backslashes.
 */
export function bundlePath(root: string, pathname: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch (error) {
    throw new FacetError('request/denied', `${pathname} is no path.`, {}, { cause: error })
  }
  const path = join(root, decoded === '/' ? 'index.html' : decoded)
  if (decoded.includes('\0') || decoded.includes('\\') || !path.startsWith(root + sep)) {
    throw new FacetError('request/denied', `${pathname} leaves the window's bundle.`)
  }
  return path
}

async function file(path: string, pathname: string): Promise<Response> {
  const bytes = await readFile(path).catch(() => {
    throw new FacetError('not-found', `There is no ${pathname}.`)
  })
  return answer(bytes, MIME[extname(path)] ?? 'application/octet-stream')
}

function answer(bytes: Uint8Array, mime: string): Response {
  return new Response(new Uint8Array(bytes), {
    headers: {
      'Content-Type': mime,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  })
}
