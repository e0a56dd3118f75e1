/** @file Asking a web server for a file: which addresses are allowed, redirects, refusals, and Hugging Face's word on what a file is. */
import { FacetError } from '../../shared/errors'

const MAX_REDIRECTS = 5
/** The server is busy; all other refusals are final. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

export interface FileAnswer {
  /** 200, 206 or 416. */
  readonly response: Response
  /**
   * What Hugging Face (and its mirrors) say of a large file before they redirect to its storage: X-Linked-Size, and in
   * X-Linked-Etag its SHA-256.
   */
  readonly linked: { readonly bytes: number | null; readonly sha256: string | null }
}

/**
 * GETs `url`, following redirects to https only (from this computer's own mirror also within it). Throws
 * `download/unreachable` for a refusal, and fetch's own error, or an Error naming the status, for what may pass.
 */
export async function requestFile(
  url: string,
  headers: Readonly<Record<string, string>> | undefined,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const linked: { bytes: number | null; sha256: string | null } = { bytes: null, sha256: null }
  let here = requireAllowed(url, url)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await fetch(here, {
      // Compression would make lengths and ranges mean something else.
      headers: { ...headers, 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal,
    })
    linked.bytes ??= wholeNumber(response.headers.get('x-linked-size'))
    linked.sha256 ??= /^"?([0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1] ?? null
    const location = response.headers.get('location')
    if (response.ok || response.status === 416) return { response, linked }
    await response.body?.cancel()
    if (PASSING.has(response.status)) throw new Error(`it answers with status ${response.status}`)
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw new FacetError(
        'download/unreachable',
        `${here.host} refuses ${here.href} with status ${response.status}; check the mirror's address.`,
        { url: here.href, status: response.status },
      )
    }
    here = requireAllowed(URL.parse(location, here.href)?.href ?? location, url)
  }
  throw new FacetError('download/unreachable', `${url} leads from one address to the next without end.`, {
    url,
  })
}

/** https, or http to this computer where the first address was there too. */
function requireAllowed(url: string, first: string): URL {
  const parsed = URL.parse(url)
  const isLocal = (address: URL | null): boolean =>
    address?.protocol === 'http:' && LOOPBACK.has(address.hostname)
  if (parsed?.protocol === 'https:' || (isLocal(parsed) && isLocal(URL.parse(first)))) return parsed as URL
  throw new FacetError(
    'download/unreachable',
    `${url} is not an https address, so nothing is fetched from it; choose another mirror.`,
    { url },
  )
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null
}
