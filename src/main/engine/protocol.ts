/** @file What the backend and the engine say to each other: jobs, answers, and the framing on a pipe. */
import type { Precision, Provider } from '../../shared/terms'
import { FacetError, type WireError } from '../../shared/errors'
import type { PartName } from '../../shared/labels'
import type { Truth } from '../../shared/mask'
import type { OnnxDescription } from '../../shared/network'
import type { StepReport } from '../../shared/training'
import { decodeWire, encodeWire } from '../../shared/wire'
import type { Confusion } from '../metrics/confusion'
import type { Control, TrainEnd, TrainNews } from '../training/news'
import type { PlainSteps } from '../training/plain_steps'

/** A network on disk, and all that the engine must know to use it. */
export interface NetworkRef {
  /** SegFace's tensors (a checkpoint or a registry folder's safetensors), or the ONNX file that `onnx` describes. */
  weights: string
  /** Files whose tensors replace those of `weights`, a later file's those of an earlier: what training changed. */
  changes?: readonly string[]
  /** Side R of the square pictures that it is fed. */
  resolution: number
  /** How an ONNX file of others is fed and read; left out for SegFace's tensors. */
  onnx?: OnnxDescription
  /** Left out: float. int8 is for the processor alone. */
  precision?: Precision
  /** Networks that some parts are taken from, one after another. */
  taken?: readonly { from: NetworkRef; parts: readonly PartName[] }[]
}

/** Every file that the network is made of. */
export function filesOf({ weights, changes = [], taken = [] }: NetworkRef): string[] {
  return [weights, ...changes, ...taken.flatMap(({ from }) => filesOf(from))]
}

export interface Jobs {
  /** One picture to one class per pixel of a grid, in SegFace's numbers whatever the order of the network's classes. */
  predict: {
    request: {
      network: NetworkRef
      provider: Provider
      picture: string
      grid: { width: number; height: number }
    }
    answer: { labels: Uint8Array; ms: number }
  }
  /** As `predict`, but how sure the network is of each pixel's class: the share that softmax gives it, 0 to 255. */
  confidence: {
    request: Jobs['predict']['request']
    answer: { confidence: Uint8Array }
  }
  /**
   * One picture against its ground truth by SegFace's protocol: both at the network's side (or another one, where scores of
   * several networks are to be compared), the greatest logit of a pixel against its label. Answers which class was taken for
   * which.
   */
  score: {
    request: { network: NetworkRef; provider: Provider; picture: string; truth: Truth; side?: number }
    answer: { confusion: Confusion; ms: number }
  }
  /** The raw network of SegFace's tensors on an .npy file, float32 [N, 3, R, R] to [N, C, R, R]. */
  logits: {
    request: { weights: string; provider: Provider; input: string; output: string }
    answer: { arch: string; ms: number }
  }
  /**
   * Optimisation steps on one batch, the same each time, on the processor: SegFace's tensors in `weights`, images in an .npy
   * file, float32 [N, 3, R, R], their labels in another, uint8, int32 or int64 [N, R, R], of which 255 and what is no class do
   * not count. Writes, where asked, the state dict after it all to `output` and the gradients of the first step to `gradients`.
   */
  step: {
    request: {
      weights: string
      images: string
      labels: string
      settings: PlainSteps
      output: string | null
      gradients: string | null
    }
    answer: StepReport
  }
  /** An ONNX file of others is run once on the processor: the real shapes of `outputs`. */
  examine: {
    request: { weights: string; input: string; outputs: string[]; resolution: number }
    answer: { outputs: { name: string; shape: number[] }[] }
  }
  /**
   * Pictures of a folder, run `batch` at once where there are as many; of each its labels, or why it could not be read. What
   * comes `next` is decoded while the network runs. `ms` is per picture.
   */
  predictMany: {
    request: {
      network: NetworkRef
      provider: Provider
      batch: number
      pictures: readonly { picture: string; grid: { width: number; height: number } }[]
      next: readonly string[]
    }
    answer: { pictures: ({ labels: Uint8Array } | { unreadable: string })[]; ms: number }
  }
  /** As `predict` on the processor, but the number of the greatest channel: for a file whose classes are not known yet. */
  look: {
    request: { network: NetworkRef; picture: string; grid: { width: number; height: number } }
    answer: { channels: Uint8Array }
  }
  /**
   * Holds a provider against the processor, by operators and by the network, and times it. One that is hopelessly slow is
   * not tried with the network, unless it is `asked` for: `slower` then says how many times as long it takes. `untrainable`
   * says why one that predicts does not train.
   */
  trial: {
    request: { network: NetworkRef; provider: Provider; asked: boolean }
    answer:
      | { operators: number; worst: number; ms: number; untrainable: string | null; slower: null }
      | { slower: number }
  }
  /**
   * The network of SegFace's tensors in 8 bits against floats, on the processor and on pictures of the user: of each the share
   * of pixels whose class changes, and the median ms of both. A picture that cannot be read is left out.
   */
  precision: {
    request: { network: NetworkRef; pictures: readonly string[] }
    answer: { changed: number[]; ms: Record<Precision, number> }
  }
  /** The network's graph as an ONNX file: `image`, normalised float32 [1, 3, R, R], to `logits`, float32 [1, C, R, R]. */
  export: {
    request: { network: NetworkRef; file: string; metadata: Record<string, string> }
    answer: null
  }
  /**
   * Trains by the plan in `folder` (training/plan.ts), resuming where its checkpoint stands, and leaves the best weights
   * there. Tells `TrainNews` while it works and obeys `Control`.
   */
  train: {
    request: { folder: string }
    answer: TrainEnd
  }
}
export type JobKind = keyof Jobs

export interface JobMessage<K extends JobKind = JobKind> {
  id: number
  kind: K
  request: Jobs[K]['request']
}

/** News of the job `id`, before its answer. */
export interface NewsMessage {
  id: number
  news: TrainNews
}

/** To the job `id`, if it is in work. */
export interface ControlMessage {
  id: number
  control: Control
}

export type AnswerMessage = { id: number; answer: Jobs[JobKind]['answer'] } | { id: number; error: WireError }

/** Far above the largest answer, `MAX_LABELS`; a longer frame is no frame of ours. */
const MAX_FRAME = 2 ** 28
/** Pixels of all pictures whose labels are asked for in one `predictMany`, a byte each: two grids of 8192 x 8192. */
export const MAX_LABELS = 2 ** 27

/** A frame: uint32 length, little-endian, then encodeWire's bytes. */
export function encodeFrame(message: JobMessage | ControlMessage | NewsMessage | AnswerMessage): Uint8Array {
  const body = encodeWire(message)
  const frame = new Uint8Array(4 + body.length)
  new DataView(frame.buffer).setUint32(0, body.length, true)
  frame.set(body, 4)
  return frame
}

/** Collects chunks of a pipe and hands out each whole message. `push` throws for what is no frame. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0

  constructor(readonly onMessage: (message: unknown) => void) {}

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    for (let need = this.#need(); need !== null && this.#length >= need; need = this.#need()) {
      const all = this.#joined()
      this.#chunks = [all.subarray(need)]
      this.#length -= need
      this.onMessage(decodeWire(all.subarray(4, need)))
    }
  }

  /** Bytes of the next frame with its length word, or null while even that word is not whole. */
  #need(): number | null {
    if (this.#length < 4) return null
    const first = this.#chunks[0]
    const length = (first && first.length >= 4 ? first : this.#joined()).readUInt32LE(0)
    if (length > MAX_FRAME) throw new FacetError('engine/failed', `internal: a frame of ${length} bytes`)
    return 4 + length
  }

  #joined(): Buffer {
    const [first] = this.#chunks
    const all = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
