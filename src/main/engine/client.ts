/**
 * @file The backend's side of the engine: a queue by priority, one job in work at a time, cancelling, and a new process
 * when the old one dies, with the queue intact.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { cancelled, FacetError, fromWire } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import {
  encodeFrame,
  FrameReader,
  type AnswerMessage,
  type JobKind,
  type JobMessage,
  type Jobs,
  type NewsMessage,
} from './protocol'
import type { Control, TrainNews } from '../training/news'

export interface EngineOptions {
  /** Drops what drivers print; a trial's own error says what matters of it. */
  quiet?: boolean
  /** The built engine.js. */
  entry: string
  /** A plain Node binary, never Electron's: its allocator refuses the large blocks that onnxruntime asks for. */
  node: string
  /** Folder of the cache of graphs; left out, every network is built from its weights. */
  cache?: string
  /** Gives way to everything else that the computer does. */
  background?: boolean
  /** Called with a sentence for the user when the engine died and was started again. */
  onRestart: (message: string) => void
}

/**
 * onnxruntime's builds tell Microsoft which processor runs which graph, under a number that stays, unless this is set before
 * they are loaded: a queue in the user's cache folder that is sent now and then (measured with 1.30 on Linux).
 */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' } as const

/** A job that killed the engine is tried once more; twice means that it is the job. */
const MAX_TRIES = 2

interface Queued {
  readonly message: JobMessage
  readonly priority: number
  readonly resolve: (answer: never) => void
  readonly reject: (error: FacetError) => void
  readonly onStart: (() => void) | undefined
  readonly onNews: ((news: TrainNews) => void) | undefined
  tries: number
  /** Nobody waits for the answer any more. */
  dropped: boolean
}

export interface SubmitOptions {
  readonly priority?: number
  readonly signal?: AbortSignal
  readonly onStart?: () => void
  /** Told what the job tells while it works. */
  readonly onNews?: (news: TrainNews) => void
}

export class EngineClient {
  #child: ChildProcess | null = null
  #queue: Queued[] = []
  #running: Queued | null = null
  #nextId = 1
  #closed = false

  constructor(readonly options: EngineOptions) {}

  /** Jobs that wait, without the one in work. */
  get queued(): number {
    return this.#queue.length
  }

  /** The running process, for tests that kill it. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Queues a job; lower `priority` goes first, equal ones in order. Aborting takes a waiting job out of the queue; one
   * in work cannot be interrupted (onnxruntime has no way), its answer is dropped. Rejects with `cancelled` then, with
   * `engine/crashed` where the job killed the engine twice, else with the job's own error. `onStart` is called when the
   * job is handed to the engine.
   */
  submit<K extends JobKind>(
    kind: K,
    request: Jobs[K]['request'],
    { priority = 10, signal, onStart, onNews }: SubmitOptions = {},
  ): Promise<Jobs[K]['answer']> {
    const { promise, resolve, reject } = Promise.withResolvers<Jobs[K]['answer']>()
    if (this.#closed || signal?.aborted) {
      reject(cancelled())
      return promise
    }
    const message = { id: this.#nextId++, kind, request } as JobMessage
    const job: Queued = { message, priority, resolve, reject, onStart, onNews, tries: 0, dropped: false }
    const drop = (): void => {
      job.dropped = true
      this.#queue = this.#queue.filter((waiting) => waiting !== job)
      reject(cancelled())
    }
    signal?.addEventListener('abort', drop)
    this.#enqueue(job)
    this.#pump()
    return promise.finally(() => signal?.removeEventListener('abort', drop))
  }

  /** Asks the job in work to pause or to stop early; it answers when it has. Does nothing where none is in work. */
  control(control: Control): void {
    if (this.#running) this.#child?.stdin?.write(encodeFrame({ id: this.#running.message.id, control }))
  }

  /** Ends the process; waiting jobs are rejected with `cancelled`. */
  close(): void {
    this.#closed = true
    const waiting = this.#running ? [this.#running, ...this.#queue] : this.#queue
    this.#queue = []
    this.#running = null
    for (const job of waiting) job.reject(cancelled())
    this.#child?.kill('SIGKILL')
    this.#child = null
  }

  #enqueue(job: Queued): void {
    const after = this.#queue.findIndex((waiting) => waiting.priority > job.priority)
    if (after < 0) this.#queue.push(job)
    else this.#queue.splice(after, 0, job)
  }

  #pump(): void {
    if (this.#running || this.#closed) return
    const job = this.#queue.shift()
    if (!job) return
    this.#running = job
    job.tries++
    undisturbed(() => job.onStart?.())
    this.#child ??= this.#start()
    this.#child.stdin?.write(encodeFrame(job.message))
  }

  #start(): ChildProcess {
    const { node, entry, cache } = this.options
    const child = spawn(node, [entry, ...(cache === undefined ? [] : [cache])], {
      stdio: ['pipe', 'pipe', this.options.quiet ? 'ignore' : 'inherit'],
      env: { ...process.env, ...NO_TELEMETRY },
    })
    if (this.options.background) giveWay(child.pid)
    const reader = new FrameReader((message) => this.#answered(message as AnswerMessage | NewsMessage))
    child.stdout?.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch {
        // A library wrote between the frames: what follows cannot be trusted.
        child.kill('SIGKILL')
      }
    })
    // A dead engine is told by 'exit' or 'error'; writing to it in between must not end the backend.
    child.stdin?.on('error', () => undefined)
    child.once('error', (error) => this.#died(child, `could not be started: ${error.message}`))
    child.once('exit', (code, signal) =>
      this.#died(child, signal ? `was ended by ${signal}` : `ended with code ${code}`),
    )
    return child
  }

  #answered(message: AnswerMessage | NewsMessage): void {
    const job = this.#running
    if (job?.message.id !== message.id) return
    if ('news' in message) {
      if (!job.dropped) undisturbed(() => job.onNews?.(message.news))
      return
    }
    this.#running = null
    if ('error' in message) job.reject(fromWire(message.error))
    else job.resolve(message.answer as never)
    this.#pump()
  }

  #died(child: ChildProcess, how: string): void {
    if (this.#child !== child || this.#closed) return
    this.#child = null
    const job = this.#running
    this.#running = null
    if (job && !job.dropped && job.tries >= MAX_TRIES) {
      const what = describe(job.message)
      job.reject(
        new FacetError('engine/crashed', noteOf('engineGivenUp', { how, what }), {
          how,
        }),
      )
    } else if (job && !job.dropped) {
      this.#queue.unshift(job)
    }
    if (job) undisturbed(() => this.options.onRestart(noteOf('engineRestarted', { how })))
    this.#pump()
  }
}

/** What a listener throws is not the engine's fault: taken for garbage in its pipe, it would cost the engine its life. */
function undisturbed(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    console.error('a listener of the engine failed:', error)
  }
}

/** Where the system does not allow it, the process runs as any other. */
function giveWay(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It may also have ended already, which is told elsewhere.
  }
}

function describe(message: JobMessage): string {
  const { kind, request } = message
  if (kind === 'predictMany')
    return `predicting ${(request as Jobs['predictMany']['request']).pictures[0]?.picture}`
  return 'picture' in request ? `predicting ${request.picture}` : `working on ${message.kind}`
}

/** Runs one job in a process of its own, so that a provider which crashes takes nothing with it. */
export async function runAlone<K extends JobKind>(
  options: Omit<EngineOptions, 'onRestart'>,
  kind: K,
  request: Jobs[K]['request'],
  signal?: AbortSignal,
): Promise<Jobs[K]['answer']> {
  const client = new EngineClient({ ...options, quiet: true, onRestart: () => undefined })
  try {
    return await client.submit(kind, request, signal ? { signal } : {})
  } finally {
    client.close()
  }
}
