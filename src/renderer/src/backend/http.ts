/**
 * @file The backend over HTTP: `POST /api/<method>` with JSON, or the wire form where typed arrays travel; news as
 * server-sent events at `/events`. The token in the page's address opens all of it.
 */
import type { Response as Answer } from '../../../shared/answers'
import type { EventName, Events } from '../../../shared/api'
import type { Method, Request } from '../../../shared/requests'
import { FacetError, fromWire } from '../../../shared/errors'
import { decodeWire, encodeWire, hasArrays } from '../../../shared/wire'
import type { LinkedBackend } from './index'

const WIRE_TYPE = 'application/x-facet'
/** Milliseconds until a refused event stream is asked for again; a broken one reconnects by itself. */
const RETRY_MS = 2000

type Listener = (payload: unknown) => void

export class HttpBackend implements LinkedBackend {
  readonly host = 'browser'
  folder: string | null = null
  private readonly listeners = new Map<string, Set<Listener>>()
  private readonly linkListeners = new Set<(up: boolean) => void>()
  private stream: EventSource | null = null
  private up = true

  /** `origin` such as `http://127.0.0.1:8080`; `token` as the server printed it. */
  constructor(
    private readonly origin: string,
    private readonly token: string,
  ) {}

  async call<M extends Method>(method: M, request: Request<M>): Promise<Answer<M>> {
    const response = await this.post(method, request)
    const answer = await readBody(response)
    if (!response.ok) throw asError(answer, response.status)
    return answer as Answer<M>
  }

  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set()
    this.listeners.set(event, listeners)
    listeners.add(listener as Listener)
    if (!this.stream) this.listen()
    return () => listeners.delete(listener as Listener)
  }

  onLink(listener: (up: boolean) => void): () => void {
    this.linkListeners.add(listener)
    return () => this.linkListeners.delete(listener)
  }

  mediaUrl(kind: 'view' | 'thumb', image: number, version: string): string {
    const query = new URLSearchParams({ token: this.token, v: version })
    return `${this.origin}/media/${kind}/${image}?${query.toString()}`
  }

  pickFolder(): null {
    return null
  }

  /** By XMLHttpRequest, which unlike fetch tells how much has been sent. */
  pathOf(
    file: File,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      request.open('POST', `${this.origin}/upload/${encodeURIComponent(file.name)}`)
      request.setRequestHeader('x-facet-token', this.token)
      request.responseType = 'json'
      request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total)
      request.onload = () => {
        const answer = request.response as { path?: string } | null
        if (request.status === 200 && answer?.path !== undefined) resolve(answer.path)
        else reject(asError(answer, request.status))
      }
      request.onerror = () =>
        reject(new FacetError('file/unreadable', `${file.name} could not be sent; is it a folder, or gone?`))
      request.onabort = () => reject(new FacetError('cancelled', 'The import was cancelled.'))
      signal.addEventListener('abort', () => request.abort())
      request.send(file)
    })
  }

  async giveUp(path: string): Promise<void> {
    const headers = { 'x-facet-token': this.token }
    const address = `${this.origin}/upload/${encodeURIComponent(path)}`
    // Left behind by a backend that is gone, it is deleted a day later.
    await fetch(address, { method: 'DELETE', headers }).catch(() => undefined)
  }

  private async post(method: Method, request: unknown): Promise<Response> {
    const binary = hasArrays(request)
    try {
      return await fetch(`${this.origin}/api/${method}`, {
        method: 'POST',
        headers: {
          'content-type': binary ? WIRE_TYPE : 'application/json',
          'x-facet-token': this.token,
          ...(this.folder !== null && { 'x-facet-folder': encodeURIComponent(this.folder) }),
        },
        body: binary ? encodeWire(request) : JSON.stringify(request),
      })
    } catch (error) {
      const sentence = `Facet at ${this.origin} does not answer; is it still running?`
      throw new FacetError('not-found', sentence, { method }, { cause: error })
    }
  }

  private listen(): void {
    const stream = new EventSource(
      `${this.origin}/events?${new URLSearchParams({ token: this.token }).toString()}`,
    )
    this.stream = stream
    stream.onopen = () => this.setUp(true)
    stream.onmessage = (message: MessageEvent<string>) => this.dispatch(message.data)
    stream.onerror = () => {
      this.setUp(false)
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => this.listen(), RETRY_MS)
    }
  }

  private dispatch(data: string): void {
    const { event, payload } = JSON.parse(data) as { event: string; payload: unknown }
    for (const listener of this.listeners.get(event) ?? []) listener(payload)
  }

  private setUp(up: boolean): void {
    if (up === this.up) return
    this.up = up
    for (const listener of this.linkListeners) listener(up)
  }
}

async function readBody(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith(WIRE_TYPE)) return decodeWire(new Uint8Array(await response.arrayBuffer()))
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch (error) {
    const sentence = `The backend answered ${response.status} with something that is not JSON: ${text.slice(0, 80)}`
    throw new FacetError('internal', sentence, { status: response.status }, { cause: error })
  }
}

function asError(answer: unknown, status: number): FacetError {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && 'message' in answer)
    return fromWire(answer)
  return new FacetError('internal', `The backend answered with status ${status} and no reason.`, { status })
}
