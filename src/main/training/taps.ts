/**
 * @file The four taps of a frozen backbone, computed once for each face and each of a few changes of it, kept on disk in half
 * precision. Files may be deleted at any time: what is missing is computed again.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { invariant } from '../../shared/assert'
import type { Provider } from '../../shared/terms'
import { elementCount, tensor, toFloat16Bits, toFloat32 } from '../base/tensor'
import { encodeFor } from '../runtime/encode'
import { createSession, type Session } from '../runtime/session'
import { buildTaps } from '../segface/network'
import { normalise } from '../segface/preprocess'
import type { StateDict } from '../segface/weights'
import type { Face } from './augment'
import type { StepFeeds } from './stepper'

/** All taps of a run together; beyond it, faces are computed anew each time they come up. */
const MAX_BYTES = 8 * 2 ** 30

const EXTENSION = '.f16'

interface Tap {
  readonly name: string
  readonly shape: readonly number[]
}

export class TapCache {
  readonly #bytes: number
  #kept: number

  private constructor(
    private readonly folder: string,
    private readonly session: Session,
    private readonly taps: readonly Tap[],
    files: number,
  ) {
    this.#bytes = 2 * taps.reduce((sum, { shape }) => sum + elementCount(shape), 0)
    this.#kept = files * this.#bytes
  }

  static async create(
    folder: string,
    stateDict: StateDict,
    resolution: number,
    provider: Provider,
  ): Promise<TapCache> {
    await mkdir(folder, { recursive: true })
    const graph = buildTaps(stateDict, { resolution })
    const session = await createSession(encodeFor(provider, graph), provider)
    // Those of an earlier process, where the run was resumed.
    const files = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION)).length
    return new TapCache(folder, session, graph.outputs, files)
  }

  /** The taps of `face`, each [1, C, h, w], under a `key` that says which face it is and how it was changed. */
  async read(key: string, face: Face): Promise<StepFeeds> {
    const file = join(this.folder, key + EXTENSION)
    const bytes = await readFile(file).catch(() => null)
    if (bytes?.length === this.#bytes) return this.#decode(bytes)
    const computed = await this.#compute(face)
    if (this.#kept + this.#bytes > MAX_BYTES) return computed
    this.#kept += this.#bytes
    await this.#write(file, computed)
    return computed
  }

  async #compute({ side, rgb }: Face): Promise<StepFeeds> {
    return this.session.run({ image: { data: normalise(rgb), shape: [1, 3, side, side] } })
  }

  release(): Promise<void> {
    return this.session.release()
  }

  #decode(bytes: Uint8Array): StepFeeds {
    let start = 0
    // A Buffer's slice would be a view.
    const own = new Uint8Array(bytes)
    const feeds = this.taps.map(({ name, shape }) => {
      const bits = new Uint16Array(own.slice(start, (start += 2 * elementCount(shape))).buffer)
      return [name, { data: toFloat32(tensor('float16', shape, bits)), shape }] as const
    })
    return Object.fromEntries(feeds)
  }

  /** A disk that is full costs time later, not the run. */
  async #write(file: string, feeds: StepFeeds): Promise<void> {
    const temporary = `${file}.tmp`
    try {
      const handle = await open(temporary, 'w')
      try {
        for (const { name } of this.taps) {
          const data = feeds[name]?.data
          invariant(data instanceof Float32Array, `there is no tap ${name}`)
          await handle.write(new Uint8Array(toFloat16Bits(data).buffer))
        }
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }
}

/** What a cache calls a face in one of its changes; 0 is the face as it is. */
export function tapsKey(index: number, variant: number): string {
  return `${index}-${variant}`
}
