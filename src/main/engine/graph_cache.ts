/**
 * @file Graphs kept on disk, so that a network loads faster from its second use on: what is constant in them is folded
 * already, and their weights are mapped into memory. Each may be deleted at any time, is checked before it is used, and is
 * made again where it is damaged.
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { fingerprint, openForReading } from '../base/fs'
import { foldGraph } from '../runtime/session'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import { filesOf, type NetworkRef } from './protocol'

/** Five of the largest networks; beyond it, what was not used for longest goes. */
const MAX_BYTES = 2 * 2 ** 30
/** What an engine that was killed left half-written is removed after this long. */
const MAX_TEMPORARY_AGE_MS = 60 * 60 * 1000

/** A graph is a folder of these two. */
const GRAPH_FILE = 'graph.onnx'
const WEIGHTS_FILE = 'weights.bin'
const TEMPORARY_PREFIX = '.making-'
const CHUNK_BYTES = 2 ** 21

export class GraphCache {
  /**
   * @param folder where the graphs are; it is made when needed
   * @param build tells this program from one that builds other graphs: a digest of its code
   * @param maxBytes of all graphs together; the newest one stays, however large
   */
  constructor(
    private readonly folder: string,
    private readonly build: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /**
   * The graph of `ref`'s network in the given form (its outputs, pictures at once): the path of an ONNX file in the folder,
   * which is made from the bytes of `make` where it is not there yet; where the folder cannot be used, those bytes. Errors of
   * `make` pass through.
   */
  async graphOf(
    ref: NetworkRef,
    form: string,
    make: () => Promise<Uint8Array>,
  ): Promise<Uint8Array | string> {
    const key = await this.#key(ref, form)
    const found = await this.#find(key)
    if (found) return found
    const graph = await make()
    // Weights that were replaced while they were read belong to neither key.
    if ((await this.#key(ref, form)) !== key) return graph
    try {
      return await this.#keep(key, graph)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      console.error(`The graph of ${ref.weights} is not kept in ${this.folder}: ${reason}`)
      return graph
    }
  }

  /**
   * What the folded graph follows from. The
   * processor is named because it computes the folded constants, and another may round them otherwise.
   */
  async #key(ref: NetworkRef, form: string): Promise<string> {
    const files = await Promise.all(filesOf(ref).map(fingerprint))
    const machine = [process.platform, process.arch, cpus()[0]?.model ?? '']
    const all = [files, shapeOf(ref), form, this.build, ONNXRUNTIME_VERSION, machine]
    return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32)
  }

  async #find(key: string): Promise<string | null> {
    const names = await readdir(this.folder).catch(() => [])
    for (const name of names.filter((candidate) => candidate.startsWith(`${key}.`))) {
      const home = join(this.folder, name)
      try {
        if (name === (await nameOf(key, home))) {
          const now = new Date()
          await utimes(home, now, now).catch(() => undefined)
          return join(home, GRAPH_FILE)
        }
        await rm(home, { recursive: true, force: true })
      } catch {
        // Another engine deleted it, or it cannot be read: it is made again.
      }
    }
    return null
  }

  /** Without fsync: what a power cut left half-written does not fit its name. */
  async #keep(key: string, graph: Uint8Array): Promise<string> {
    await mkdir(this.folder, { recursive: true })
    const temporary = await mkdtemp(join(this.folder, TEMPORARY_PREFIX))
    try {
      await foldGraph(graph, join(temporary, GRAPH_FILE), WEIGHTS_FILE)
      const name = await nameOf(key, temporary)
      const home = join(this.folder, name)
      await rename(temporary, home).catch(async (error: unknown) => {
        // Another engine was faster; its graph has the same bytes, or it would have another name.
        if (name !== (await nameOf(key, home).catch(() => null))) throw error
      })
      await this.#prune(name)
      return join(home, GRAPH_FILE)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }

  /** Deletes what was not used for longest until the rest fits; `newest` stays. */
  async #prune(newest: string): Promise<void> {
    const graphs = await Promise.all(
      (await readdir(this.folder)).map(async (name) => {
        const home = join(this.folder, name)
        const usedAt = (await stat(home).catch(() => null))?.mtimeMs ?? 0
        return { name, home, bytes: await bytesIn(home), usedAt: name === newest ? Infinity : usedAt }
      }),
    )
    let bytes = 0
    for (const { name, home, bytes: own, usedAt } of graphs.sort((a, b) => b.usedAt - a.usedAt)) {
      const isTemporary = name.startsWith(TEMPORARY_PREFIX)
      const isStale = isTemporary && Date.now() - usedAt > MAX_TEMPORARY_AGE_MS
      const isTooMuch = !isTemporary && name !== newest && bytes + own > this.maxBytes
      // Windows does not let go of a file that another engine has mapped; the next time may do.
      if (isStale || isTooMuch) await rm(home, { recursive: true, force: true }).catch(() => undefined)
      else bytes += own
    }
  }
}

/** What `ref` says beside its files. */
function shapeOf({ changes = [], resolution, precision = 'float', taken = [] }: NetworkRef): unknown[] {
  return [changes.length, resolution, precision, taken.map(({ from, parts }) => [shapeOf(from), parts])]
}

/** The name of a graph's folder: the checksum in it is how the files are checked. Throws where one cannot be read. */
async function nameOf(key: string, home: string): Promise<string> {
  let checksum = 0
  for (const name of (await readdir(home)).sort()) checksum = await checksumOf(join(home, name), checksum)
  return `${key}.${checksum.toString(16).padStart(8, '0')}`
}

/** CRC-32 of a file, going on from `checksum`: one chunk is read while the last one is summed. */
async function checksumOf(path: string, checksum: number): Promise<number> {
  const { handle } = await openForReading(path)
  try {
    const chunks = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)] as const
    let sum = checksum
    let reading = handle.read(chunks[0])
    for (let n = 1; ; n++) {
      const { bytesRead, buffer } = await reading
      if (bytesRead === 0) return sum
      reading = handle.read(chunks[n % 2 === 0 ? 0 : 1])
      sum = crc32(buffer.subarray(0, bytesRead), sum)
    }
  } finally {
    await handle.close()
  }
}

async function bytesIn(home: string): Promise<number> {
  const names = await readdir(home).catch(() => [])
  const sizes = names.map(async (name) => (await stat(join(home, name)).catch(() => null))?.size ?? 0)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
