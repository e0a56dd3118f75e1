/**
 * @file Tensors that stay where they are computed while graphs run over them again and again: the weights and the optimiser
 * state of a training loop, written once for every provider. On WebGPU they live in the device's memory and only what
 * a step is fed and answers crosses; onnxruntime for Node keeps nothing on the other providers, so there they are arrays.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common'
import type { Provider } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { encodeModel } from '../onnx/encode'
import { GraphBuilder } from '../onnx/graph'
import { blaming, fromTensor, loadGraph, toTensor, type Array32 } from './session'

type Arrays = Readonly<Record<string, Array32>>

/** A graph that runs over residents. */
export interface StepSession {
  /**
   * Runs once, on `feeds` and, for every input that they do not name, on the resident of its name. Answers the outputs that
   * do not become residents, as copies that the caller owns. Throws `engine/failed` for an input that is neither, and
   * `provider/unusable` where a GPU fails; where it throws, no resident has changed.
   */
  run(feeds: Arrays): Promise<Record<string, Array32>>
  /** Ends the session; the residents that it made stay. */
  release(): Promise<void>
}

/** Named tensors on one provider. One thread must own all of a process: WebGPU crashes where two threads run. */
export class Residents {
  readonly #residents = new Map<string, { readonly tensor: Tensor; readonly maker: Maker | null }>()

  constructor(readonly provider: Provider) {}

  get names(): readonly string[] {
    return [...this.#residents.keys()]
  }

  /** Where the resident is: `device` only on WebGPU. */
  placeOf(name: string): 'processor' | 'device' {
    return this.#tensor(name).location === 'cpu' ? 'processor' : 'device'
  }

  shapeOf(name: string): readonly number[] {
    return this.#tensor(name).dims
  }

  /**
   * Makes the arrays residents, in place of those of the same names. On the processor an array is fed as it is, without
   * a copy: what the caller writes into it later, the next run sees. A device gets a copy. Throws `provider/unusable`
   * where there is no such device.
   */
  async write(arrays: Arrays): Promise<void> {
    const tensors = Object.entries(arrays).map(([name, array]) => [name, toTensor(array)] as const)
    if (!this.#isDevice) {
      for (const [name, tensor] of tensors) await this.#replace(name, tensor, null)
      return
    }
    const { maker, copies } = await copy(tensors, true)
    for (const [name, tensor] of copies) await this.#replace(name, tensor, maker)
    await maker.retire()
  }

  /** The named residents as arrays: copies from a device, the very arrays that are fed from the processor. */
  async read(names: readonly string[]): Promise<Record<string, Array32>> {
    const tensors = names.map((name) => [name, this.#tensor(name)] as const)
    if (!this.#isDevice) return toArrays(tensors)
    const { maker, copies } = await copy(tensors, false)
    await maker.retire()
    return toArrays(copies)
  }

  /**
   * Loads `graph` (ONNX bytes, or the path of an ONNX file) to run over the residents. `updates` names, by output, the
   * resident that it replaces after a run. Sessions over the same residents run one after another.
   * Throws `provider/unusable` as `createSession` does.
   */
  async createStepSession(
    graph: Uint8Array | string,
    updates: Readonly<Record<string, string>> = {},
  ): Promise<StepSession> {
    const session = await loadGraph(graph, this.provider, this.#isDevice ? Object.keys(updates) : [])
    const maker = new Maker(session)
    return {
      run: async (feeds) => {
        const inputs = session.inputNames.map((name) => {
          const array = feeds[name]
          return [name, array ? toTensor(array) : this.#tensor(name)] as const
        })
        const answers: [string, Tensor][] = []
        const outputs = await blaming(this.provider, () => session.run(Object.fromEntries(inputs)))
        for (const [name, tensor] of Object.entries(outputs)) {
          const resident = updates[name]
          if (resident === undefined) answers.push([name, tensor])
          else await this.#replace(resident, tensor, maker)
        }
        return toArrays(answers)
      },
      release: () => maker.retire(),
    }
  }

  /** Frees the memory of all residents; there are none then. */
  async release(): Promise<void> {
    for (const name of this.names) await this.drop(name)
  }

  /** Frees the memory of a resident, if there is one of that name. */
  async drop(name: string): Promise<void> {
    const resident = this.#residents.get(name)
    if (!resident) return
    this.#residents.delete(name)
    resident.tensor.dispose()
    await resident.maker?.dropped()
  }

  get #isDevice(): boolean {
    return this.provider === 'webgpu'
  }

  #tensor(name: string): Tensor {
    const resident = this.#residents.get(name)
    if (resident) return resident.tensor
    throw new FacetError('engine/failed', `internal: ${name} is neither resident nor fed`)
  }

  async #replace(name: string, tensor: Tensor, maker: Maker | null): Promise<void> {
    maker?.made()
    await this.drop(name)
    this.#residents.set(name, { tensor, maker })
  }
}

/**
 * A session that made residents. It frees them too, so it is kept until the last of them is gone: disposing a device's
 * tensor after its session crashes, and the whole device goes with the last session there is.
 */
class Maker {
  #living = 0
  #isRetired = false

  constructor(readonly session: InferenceSession) {}

  made(): void {
    this.#living++
  }

  async dropped(): Promise<void> {
    this.#living--
    await this.#releaseIfIdle()
  }

  /** It makes no more. */
  async retire(): Promise<void> {
    this.#isRetired = true
    await this.#releaseIfIdle()
  }

  async #releaseIfIdle(): Promise<void> {
    if (this.#isRetired && this.#living === 0) await this.session.release()
  }
}

type Named = readonly (readonly [name: string, tensor: Tensor])[]

/**
 * Copies of tensors in a WebGPU device's memory or in the processor's, made by a graph that computes nothing: onnxruntime
 * for Node has no other way up, and its own way down (`getData`) ends the process.
 */
async function copy(tensors: Named, toDevice: boolean): Promise<{ maker: Maker; copies: Named }> {
  const g = new GraphBuilder('copy')
  const outputs = tensors.map(([name, { type, dims }], index) => {
    if (type !== 'float32' && type !== 'int32') {
      throw new FacetError('engine/failed', `internal: ${name} is of type ${type}, which cannot be resident`)
    }
    g.output(`out${index}`, g.input(`in${index}`, type, dims))
    return `out${index}`
  })
  const session = await loadGraph(encodeModel(g.finish()), 'webgpu', toDevice ? outputs : [])
  try {
    const feeds = tensors.map(([, tensor], index) => [`in${index}`, tensor] as const)
    const made = await blaming('webgpu', () => session.run(Object.fromEntries(feeds)))
    const copies = tensors.map(([name], index) => [name, made[`out${index}`] as Tensor] as const)
    return { maker: new Maker(session), copies }
  } catch (error) {
    await session.release()
    throw error
  }
}

function toArrays(tensors: Named): Record<string, Array32> {
  return Object.fromEntries(tensors.map(([name, tensor]) => [name, fromTensor(name, tensor)]))
}
