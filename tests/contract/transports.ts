/** @file The three ways to the app that the contract is held over, each ending in the same Api. */
import { EventEmitter } from 'node:events'
import type { Api } from '../../src/shared/api'
import { bindIpc } from '../../src/main/electron/ipc'
import { serveHttp } from '../../src/main/node/http'
import type { App } from '../../src/main/app/app'
import { makeBridge } from '../../src/preload/bridge'
import { HttpBackend } from '../../src/renderer/src/backend/http'
import { IpcBackend } from '../../src/renderer/src/backend/ipc'
import { testPaths } from '../helpers/app'

export interface Connection {
  readonly api: Api
  close(): Promise<void>
}
export type Transport = (app: App, dataDir: string) => Promise<Connection>

const direct: Transport = async (app) => ({ api: app, close: async () => undefined })

/** The server door and the window's own client. */
const http: Transport = async (app, dataDir) => {
  const door = await serveHttp(app, testPaths(dataDir).renderer, 0)
  const url = new URL(door.url)
  return { api: new HttpBackend(url.origin, url.searchParams.get('token') ?? ''), close: door.close }
}

/** Electron's door and preload over an IPC pair made of an emitter; values are cloned as Electron clones them. */
const ipc: Transport = async (app) => {
  const toWindow = new EventEmitter().setMaxListeners(0)
  const handlers = new Map<string, (event: unknown, ...values: unknown[]) => unknown>()
  const endEvents = bindIpc(
    { handle: (channel: string, handler: never) => void handlers.set(channel, handler) } as never,
    {
      isDestroyed: () => false,
      send: (channel, ...values: unknown[]) => void toWindow.emit(channel, {}, ...structuredClone(values)),
    },
    app,
    async () => null,
  )
  const renderer = {
    invoke: async (channel: string, ...values: unknown[]) =>
      structuredClone(
        await handlers.get(channel)?.({ senderFrame: { url: 'app://facet/' } }, ...structuredClone(values)),
      ),
    on: (channel: string, listener: never) => toWindow.on(channel, listener),
    off: (channel: string, listener: never) => toWindow.off(channel, listener),
  }
  return {
    api: new IpcBackend(makeBridge(renderer as never, { getPathForFile: () => '' })),
    close: async () => endEvents(),
  }
}

export const TRANSPORTS = { direct, http, ipc } as const
