/**
 * @file Graphs kept on disk, so that a network loads faster from its second use on: what is constant in them is folded
 * already. A file may be deleted at any time, is checked before it is used, and is made again where it is damaged.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { foldGraph } from '../runtime/session'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import type { NetworkRef } from './protocol'

/** Five of the largest networks; beyond it, what was not used for longest goes. */
const MAX_BYTES = 2 * 2 ** 30
/** What an engine that was killed left half-written is removed after this long. */
const MAX_TEMPORARY_AGE_MS = 60 * 60 * 1000

export class GraphCache {
  /**
   * @param folder where the files are; it is made when needed
   * @param build tells this program from one that builds other graphs: a digest of its code
   * @param maxBytes of all files together; the newest one stays, however large
   */
  constructor(
    private readonly folder: string,
    private readonly build: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /**
   * The ONNX bytes of `ref`'s network for `batch` pictures: from the folder, or made by `make`, folded and kept. Where
   * the folder cannot be used, those that `make` made; the errors of `make` pass through.
   */
  async graphOf(ref: NetworkRef, batch: number, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const key = await this.#key(ref, batch)
    const found = await this.#find(key)
    if (found) return found
    const graph = await make()
    // Weights that were replaced while they were read belong to neither key.
    if ((await this.#key(ref, batch)) !== key) return graph
    try {
      return await this.#keep(key, graph)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      console.error(`The graph of ${ref.weights} is not kept in ${this.folder}: ${reason}`)
      return graph
    }
  }

  /**
   * What the folded graph follows from. The file's times and number stand for its content: any write changes them. The
   * processor is named because it computes the folded constants, and another may round them otherwise.
   */
  async #key({ weights, resolution }: NetworkRef, batch: number): Promise<string> {
    const { ino, size, mtimeNs, ctimeNs } = await stat(weights, { bigint: true })
    const file = [resolve(weights), ...[ino, size, mtimeNs, ctimeNs].map(String)]
    const machine = [process.platform, process.arch, cpus()[0]?.model ?? '']
    const all = [file, resolution, batch, this.build, ONNXRUNTIME_VERSION, machine]
    return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32)
  }

  async #find(key: string): Promise<Uint8Array | null> {
    const names = await readdir(this.folder).catch(() => [])
    for (const name of names.filter((candidate) => candidate.startsWith(`${key}.`))) {
      const path = join(this.folder, name)
      try {
        const bytes = await readFile(path)
        if (name === fileName(key, bytes)) {
          const now = new Date()
          await utimes(path, now, now).catch(() => undefined)
          return bytes
        }
        await rm(path, { force: true })
      } catch {
        // Another engine deleted it, or it cannot be read: it is made again.
      }
    }
    return null
  }

  /** Without fsync: a file that a power cut left half-written does not fit its name. */
  async #keep(key: string, graph: Uint8Array): Promise<Uint8Array> {
    await mkdir(this.folder, { recursive: true })
    const temporary = join(this.folder, `.${key}.${randomBytes(6).toString('hex')}.tmp`)
    try {
      await foldGraph(graph, temporary)
      const bytes = await readFile(temporary)
      const name = fileName(key, bytes)
      await rename(temporary, join(this.folder, name))
      await this.#prune(name)
      return bytes
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Deletes what was not used for longest until the rest fits; `newest` stays. */
  async #prune(newest: string): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.folder)).map(async (name) => {
        const stats = await stat(join(this.folder, name)).catch(() => null)
        return { name, bytes: stats?.size ?? 0, usedAt: name === newest ? Infinity : (stats?.mtimeMs ?? 0) }
      }),
    )
    let bytes = 0
    for (const file of files.sort((a, b) => b.usedAt - a.usedAt)) {
      const isStale = file.name.endsWith('.tmp') && Date.now() - file.usedAt > MAX_TEMPORARY_AGE_MS
      bytes += file.bytes
      if (file.name !== newest && (isStale || bytes > this.maxBytes)) {
        bytes -= file.bytes
        await rm(join(this.folder, file.name), { force: true })
      }
    }
  }
}

/** The checksum in a file's name is how it is checked; it stays an ONNX file that any tool opens. */
function fileName(key: string, bytes: Uint8Array): string {
  return `${key}.${crc32(bytes).toString(16).padStart(8, '0')}.onnx`
}
