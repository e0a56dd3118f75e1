/**
 * @file A network on WebGPU whose logits stay in the device's memory and are ended there: 20 MB a picture at 512 x 512 do not
 * cross, nor does the processor look through them, which takes longer than a good device needs for the network.
 */
import { at } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { encodeFor } from '../runtime/encode'
import { Residents, type StepSession } from '../runtime/resident'
import { buildHead, PICTURE, type Ending } from '../segface/postprocess'
import { endOf, type Grid } from './ending'
import { kept } from './kept'

/** One for each size of masks and ending; making one takes some milliseconds. */
const MAX_HEADS = 16
/** Numbers that the humblest WebGPU binds at once (maxStorageBufferBindingSize, 128 MiB). */
const MAX_ELEMENTS = 2 ** 25
const LOGITS = 'logits'

export class DeviceNetwork {
  readonly #heads = new Map<string, StepSession>()

  private constructor(
    private readonly residents: Residents,
    private readonly session: StepSession,
  ) {}

  /** Loads `graph` (ONNX bytes, or the path of an ONNX file), from `image` to `logits`. Throws `provider/unusable`. */
  static async create(graph: Uint8Array | string): Promise<DeviceNetwork> {
    const residents = new Residents('webgpu')
    return new DeviceNetwork(residents, await residents.createStepSession(graph, { [LOGITS]: LOGITS }))
  }

  /** Normalised pictures [N, 3, R, R] to logits, which stay until the next ones. */
  async run(image: Float32Array, shape: readonly number[]): Promise<void> {
    // Those of a batch are too large to be there twice.
    await this.residents.drop(LOGITS)
    await this.session.run({ image: { data: image, shape } })
  }

  /** True where the logits of a picture can be ended on the device: they are interpolated to the grid before. */
  fits({ width, height }: Grid): boolean {
    return at(this.residents.shapeOf(LOGITS), 1) * width * height <= MAX_ELEMENTS
  }

  /** The end of the logits of a picture, counted from 0, per pixel of a grid that fits: [height, width]. */
  async end(ending: Ending, picture: number, { width, height }: Grid): Promise<Uint8Array> {
    const shape = this.residents.shapeOf(LOGITS)
    const head = await kept(
      this.#heads,
      [ending, width, height].join(),
      MAX_HEADS,
      () => {
        const graph = buildHead({ ending, shape, height, width, isOnDevice: true })
        return this.residents.createStepSession(encodeFor('webgpu', graph))
      },
      (old) => old.release(),
    )
    const isOne = at(shape, 0) === 1
    return endOf(
      ending,
      await head.run(isOne ? {} : { [PICTURE]: { data: Int32Array.of(picture), shape: [1] } }),
    )
  }

  /** The logits [N, C, h, w], brought back. */
  async logits(): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }> {
    const { [LOGITS]: logits } = await this.residents.read([LOGITS])
    if (logits?.data instanceof Float32Array) return { data: logits.data, shape: logits.shape }
    throw new FacetError('engine/failed', 'internal: the network has no logits')
  }

  async release(): Promise<void> {
    for (const head of this.#heads.values()) await head.release()
    await this.session.release()
    await this.residents.release()
  }
}
