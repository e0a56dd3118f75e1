/**
 * @file One large file over a line that breaks: fetched into a `.part` file, taken up again where it was cut, within
 * bounds; what the server says of its length and kind is held against what comes.
 */
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { unwritable, writeFileAtomic } from '../base/fs'
import { requestFile } from './http_file'

/** How long a transfer bears with a bad line. */
export interface Patience {
  /** Milliseconds without a byte after which the line counts as cut. */
  readonly stallMs: number
  /** Cuts in a row that bring nothing new before it gives up. */
  readonly retries: number
  /** Milliseconds before the first new try; each further one waits twice as long. */
  readonly backoffMs: number
}
const PATIENCE: Patience = { stallMs: 30_000, retries: 5, backoffMs: 500 }

export interface TransferOptions {
  /** The size that the file must have; null where it is not known beforehand. */
  readonly bytes: number | null
  readonly signal: AbortSignal
  readonly progress: (done: number, total: number) => void
  readonly patience?: Patience
}

const noteSchema = z.object({
  url: z.string(),
  /** A strong ETag or a date for If-Range; null where the server gave none, so that nothing can be resumed. */
  validator: z.string().nullable(),
  total: z.int().positive().nullable(),
  /** What the server says the SHA-256 is. */
  sha256: z.string().nullable(),
})
type Note = z.infer<typeof noteSchema>

const partOf = (file: string): string => `${file}.part`
const noteOf = (file: string): string => `${file}.part.json`

/** What broke off and may go well next time. */
class Interrupted extends Error {}

/** Bytes of `file` that lie here: all of it, or what came before a transfer was cut off. */
export async function bytesHere(file: string): Promise<number> {
  return (await sizeOf(file)) ?? (await sizeOf(partOf(file))) ?? 0
}

/** Deletes `file` and what a transfer left of it. */
export async function discard(file: string): Promise<void> {
  for (const path of [partOf(file), noteOf(file), file]) await rm(path, { force: true })
}

/**
 * Fetches `url` into `file` and answers the SHA-256 that the server states for it, null where it states none. A file that
 * is there already is not fetched again; one that was cut off goes on, also after a restart. An abort leaves the `.part`.
 * Throws `download/unreachable` (may go well later), `download/malformed` (the server sends something else) or
 * `file/unwritable`.
 */
export async function transfer(url: string, file: string, options: TransferOptions): Promise<string | null> {
  const { signal, patience = PATIENCE } = options
  await mkdir(dirname(file), { recursive: true })
  if ((await sizeOf(file)) !== null) return (await readNote(file, url))?.sha256 ?? null
  let furthest = 0
  for (let cuts = 0; ;) {
    const attempt = new Attempt(url, file, options)
    try {
      const { sha256 } = await attempt.run(patience.stallMs)
      await rename(partOf(file), file)
      return sha256
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Interrupted)) throw error
      // Only what goes beyond all before counts as progress: a server that starts over each time must come to an end.
      cuts = attempt.position > furthest ? 1 : cuts + 1
      furthest = Math.max(furthest, attempt.position)
      if (cuts > patience.retries) throw unreachable(url, furthest, error)
      await sleep(patience.backoffMs * 2 ** (cuts - 1), undefined, { signal })
    }
  }
}

/** One connection's share of the file. */
class Attempt {
  /** Bytes of the file that are on disk. */
  position = 0

  constructor(
    readonly url: string,
    readonly file: string,
    readonly options: TransferOptions,
  ) {}

  async run(stallMs: number): Promise<Note> {
    const stall = new AbortController()
    const timer = setTimeout(() => stall.abort(), stallMs)
    const signal = AbortSignal.any([this.options.signal, stall.signal])
    try {
      const known = await readNote(this.file, this.url)
      const have = known?.validator ? ((await sizeOf(partOf(this.file))) ?? 0) : 0
      const headers =
        known?.validator && have > 0 ? { range: `bytes=${have}-`, 'if-range': known.validator } : undefined
      const { response, linked } = await requestFile(this.url, headers, signal)
      timer.refresh()
      const place = placeOf(response, headers === undefined ? 0 : have)
      if (place.from === null) {
        // What lies here does not fit the server's file: whole already, or worth nothing.
        if (known && place.total === have) return known
        await discard(this.file)
        throw new Interrupted('what had come before does not fit the file there')
      }
      const total = place.total ?? linked.bytes ?? known?.total ?? null
      this.#refuse(response, total, this.options.bytes ?? linked.bytes)
      const note: Note = {
        url: this.url,
        validator: validatorOf(response),
        total,
        sha256: linked.sha256 ?? known?.sha256 ?? null,
      }
      await this.#receive(response, place.from, note, () => timer.refresh())
      return note
    } catch (error) {
      if (stall.signal.aborted)
        throw new Interrupted(`nothing came for ${stallMs / 1000} s`, { cause: error })
      throw asInterruption(error, this.file)
    } finally {
      clearTimeout(timer)
      stall.abort() // ends the connection where the answer was not read to its end
    }
  }

  /** Throws where the answer cannot be the file. */
  #refuse(response: Response, total: number | null, expected: number | null): void {
    const type = response.headers.get('content-type') ?? ''
    const refuse = (found: string): never => {
      throw new FacetError(
        'download/malformed',
        `${this.url} answers with ${found}; check the mirror's address, or whether a proxy or a login page answers instead.`,
        { url: this.url },
      )
    }
    if (/^(text\/|application\/(json|xhtml))/.test(type)) refuse(`a page (${type}), not a checkpoint`)
    if (expected !== null && total !== null && total !== expected)
      refuse(`a file of ${total} bytes, not the published one of ${expected}`)
  }

  async #receive(response: Response, from: number, note: Note, heard: () => void): Promise<void> {
    const total = note.total ?? this.options.bytes
    const handle = await open(partOf(this.file), from === 0 ? 'w' : 'r+')
    try {
      await writeFileAtomic(noteOf(this.file), JSON.stringify(note))
      this.position = from
      this.options.progress(from, total ?? 0)
      for await (const chunk of response.body ?? []) {
        heard()
        if (total !== null && this.position + chunk.length > total) {
          await discard(this.file)
          const sentence = `${this.url} sent more than the ${total} bytes of the file; what came was deleted. Try another mirror.`
          throw new FacetError('download/malformed', sentence, { url: this.url, expected: total })
        }
        await writeAll(handle, chunk, this.position)
        this.position += chunk.length
        this.options.progress(this.position, total ?? 0)
      }
      if (total !== null && this.position < total)
        throw new Interrupted(`it ended after ${this.position} of ${total} bytes`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** Where the answer's bytes belong (null: nowhere) and how large the whole is, by RFC 9110 15.3.7 and 15.5.17. */
function placeOf(response: Response, asked: number): { from: number | null; total: number | null } {
  const range = response.headers.get('content-range') ?? ''
  const [, first, of] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(range) ?? []
  const total = of === undefined || of === '*' ? null : Number(of)
  if (response.status === 206) return { from: Number(first) === asked ? asked : null, total }
  if (response.status === 416) return { from: null, total }
  const length = response.headers.get('content-length')
  return { from: 0, total: length === null ? null : Number(length) }
}

/** If-Range takes a strong ETag or a date (RFC 9110 13.1.5). */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag')
  return etag?.startsWith('"') ? etag : headers.get('last-modified')
}

async function readNote(file: string, url: string): Promise<Note | null> {
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(noteOf(file), 'utf8')))
    return note.url === url ? note : null
  } catch {
    // No note, or a damaged one: the file is fetched from its beginning.
    return null
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    () => null,
  )
}

/** The disk's errors and our own pass through; what fetch throws is a cut line. */
function asInterruption(error: unknown, file: string): unknown {
  if (error instanceof FacetError || error instanceof Interrupted) return error
  if (error instanceof Error && 'syscall' in error) return unwritable(partOf(file), error)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return new Interrupted(code || (cause instanceof Error ? cause.message : String(cause)), { cause: error })
}

function unreachable(url: string, here: number, cause: Error): FacetError {
  const host = URL.parse(url)?.host ?? url
  const what = here > 0 ? 'what came is kept: check' : 'check'
  return new FacetError(
    'download/unreachable',
    `${host} cannot be reached or breaks off (${cause.message}); ${what} the connection or the mirror and go on later.`,
    { url },
    { cause },
  )
}
