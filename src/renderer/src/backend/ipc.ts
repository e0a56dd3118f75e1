/** @file The backend behind Electron's bridge. */
import type { Response } from '../../../shared/answers'
import type { EventName, Events } from '../../../shared/api'
import type { Method, Request } from '../../../shared/requests'
import { fromWire } from '../../../shared/errors'
import type { FacetBridge } from '../../../shared/bridge'
import type { LinkedBackend } from './index'

export class IpcBackend implements LinkedBackend {
  readonly host = 'electron'
  /** There is one window, and nobody else opens a folder. */
  folder: string | null = null

  constructor(private readonly bridge: FacetBridge) {}

  async call<M extends Method>(method: M, request: Request<M>): Promise<Response<M>> {
    const answer = await this.bridge.invoke(method, request)
    if ('error' in answer) throw fromWire(answer.error)
    return answer.ok as Response<M>
  }

  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    return this.bridge.subscribe(event, listener)
  }

  mediaUrl(kind: 'view' | 'thumb', image: number, version: string): string {
    return `/media/${kind}/${image}?v=${encodeURIComponent(version)}`
  }

  pickFolder(): Promise<string | null> {
    return this.bridge.pickFolder()
  }

  async pathOf(file: File): Promise<string> {
    return this.bridge.pathOf(file)
  }

  async giveUp(): Promise<void> {
    // It was never copied.
  }

  /** The backend is Electron's own main process: without it there is no window. */
  onLink(): () => void {
    return () => undefined
  }
}
