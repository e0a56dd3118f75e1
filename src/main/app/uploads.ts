/** @file Files that a browser hands over, since a page knows no paths: kept in the data folder until they are imported. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { unwritable, writeFileAtomic } from '../base/fs'

/** What was never imported is removed after this long. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000
/** A model is copied into the registry beside it. */
const ROOM = 2
const MAX_NAME = 120

export class Uploads {
  readonly #folder: string

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'uploads')
  }

  /**
   * Writes what comes as a file called `name`, and answers its path; a stream that breaks off leaves nothing. Throws
   * `file/unwritable` where `size` bytes do not fit on the disk.
   */
  async receive(name: string, bytes: AsyncIterable<Uint8Array>, size: number | null): Promise<string> {
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw unwritable(this.#folder, error)
    })
    await this.#removeOld()
    await this.#requireRoom(size ?? 0)
    const home = join(this.#folder, randomBytes(8).toString('hex'))
    const path = join(home, fileName(name))
    try {
      await mkdir(home)
      await writeFileAtomic(path, async (handle) => {
        for await (const chunk of bytes) await handle.writeFile(chunk)
      })
      return path
    } catch (error) {
      await rm(home, { recursive: true, force: true })
      throw error
    }
  }

  /** True for a file that was received; its folder is none of the user's. */
  holds(path: string): boolean {
    return dirname(dirname(resolve(path))) === this.#folder
  }

  /** Deletes the file, if it is one that was received. */
  async discard(path: string): Promise<void> {
    if (this.holds(path)) await rm(dirname(resolve(path)), { recursive: true, force: true })
  }

  async #removeOld(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const home = join(this.#folder, name)
      const { mtimeMs } = await stat(home).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs > MAX_AGE_MS) await rm(home, { recursive: true, force: true })
    }
  }

  async #requireRoom(size: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize >= ROOM * size) return
    const mega = (count: number): string => `${Math.ceil(count / 1e6)} MB`
    throw new FacetError(
      'file/unwritable',
      `A model of ${mega(size)} needs ${mega(ROOM * size)} on the disk of ${this.#folder}, where ${mega(bavail * bsize)} are free; make room and try again.`,
      { file: this.#folder },
    )
  }
}

/** A file's own name without what a path or a terminal could take for more. */
function fileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  return (
    last
      .replace(/[\p{C}:*?"<>|]/gu, '_')
      .replace(/^\.+/, '')
      .slice(-MAX_NAME) || 'model'
  )
}
