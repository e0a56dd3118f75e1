/**
 * @file What was found out about this computer, by key in a JSON file of the data folder. All of it can be found out again, so a
 * file that is missing, damaged or cannot be written stops nothing.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Events } from '../../shared/api'
import { FacetError } from '../../shared/errors'
import type { Loudspeaker } from '../base/events'
import { unwritable, writeFileAtomic } from '../base/fs'

export class Remembered<T> {
  readonly #schema: z.ZodType<Record<string, T>>
  /** What the file did not take; it serves until the program ends. */
  #unwritten: Readonly<Record<string, T>> = {}
  #isTold = false

  /** `value` is what one entry must be like. */
  constructor(
    private readonly file: string,
    value: z.ZodType<T>,
    private readonly events: Loudspeaker<Events>,
  ) {
    this.#schema = z.record(z.string(), value)
  }

  /** Null where nothing was found out under this key yet, or the file makes no sense. */
  async get(key: string): Promise<T | null> {
    return (await this.#read())[key] ?? null
  }

  /** Remembers `value`; where the file cannot be written, only until the program ends, which is told once. */
  async set(key: string, value: T): Promise<void> {
    const all = { ...(await this.#read()), [key]: value }
    try {
      await this.#write(`${JSON.stringify(all, null, 2)}\n`)
      this.#unwritten = {}
    } catch (error) {
      if (!(error instanceof FacetError) || error.code !== 'file/unwritable') throw error
      this.#unwritten = { ...this.#unwritten, [key]: value }
      this.#tell(error.message)
    }
  }

  async #read(): Promise<Readonly<Record<string, T>>> {
    const onDisk = await readFile(this.file, 'utf8')
      .then((text) => this.#schema.parse(JSON.parse(text)))
      .catch(() => ({}))
    return { ...onDisk, ...this.#unwritten }
  }

  async #write(text: string): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true }).catch((error: unknown) => {
      throw unwritable(this.file, error)
    })
    await writeFileAtomic(this.file, text)
  }

  #tell(reason: string): void {
    if (this.#isTold) return
    this.#isTold = true
    const message = `${reason} What was found out about this computer is used all the same, but has to be found out again next time; let Facet write there, or choose another data folder with --data-dir.`
    this.events.emit('notice', { level: 'warning', message })
  }
}
