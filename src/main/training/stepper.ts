/**
 * @file Optimisation steps on one provider: learned tensors, optimiser state, and the graph that gives their gradients. On
 * WebGPU all of it stays on the device and the update is part of the graph; elsewhere the tensors are arrays that the graph
 * reads as they are, and the update is a loop over them.
 */
import { invariant } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import type { Provider } from '../../shared/terms'
import { AdamW } from '../autodiff/optimizers'
import { GraphBuilder, type Graph, type Value } from '../onnx/graph'
import { rewriteNodes } from '../onnx/rewrite'
import { encodeFor } from '../runtime/encode'
import { Residents, type StepSession } from '../runtime/resident'
import type { Array32 } from '../runtime/session'
import { requireTensor, type StateDict } from '../segface/weights'
import { banksOf, pack, putTogether, takeOut, unpack, type Bank } from './banks'
import { adamW, BETAS, EPSILON, scalarsOf, type Learned, type StepSettings } from './adamw'
import { STEP, type StepGraph } from './step_graph'

export interface StepLosses {
  readonly crossEntropy: number
  readonly dice: number
  /** ½ of their sum: what is made smaller. */
  readonly total: number
}

/** What a batch norm measured of its batch, per channel, of how many pixels. */
export interface NormStatistics {
  readonly mean: Float32Array
  readonly variance: Float32Array
  readonly count: number
}

/** What a step is fed: `labels`, and `image` or the taps. */
export type StepFeeds = Readonly<Record<string, Array32>>

export interface StepResult {
  readonly losses: StepLosses
  /** Of the batch norms that normalise by their batch, by module. */
  readonly statistics: ReadonlyMap<string, NormStatistics>
}

export interface Stepper {
  /** Shapes of the learned tensors by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** Forward, backward and update, as step number `step` (counted from 1). */
  step(feeds: StepFeeds, step: number, settings: StepSettings): Promise<StepResult>
  /** The learned tensors with their state: copies from a device, else the very arrays. */
  read(): Promise<Map<string, Learned>>
  /** Puts all of them back, as when a run resumes. */
  write(learned: ReadonlyMap<string, Learned>): Promise<void>
  /** Begins anew from the weights of `stateDict`. */
  reset(stateDict: StateDict): Promise<void>
  release(): Promise<void>
}

/** A stepper whose learned tensors begin as `stateDict` has them, which is not changed. */
export function createStepper(graph: StepGraph, stateDict: StateDict, provider: Provider): Promise<Stepper> {
  return provider === 'webgpu'
    ? DeviceStepper.create(graph, stateDict, provider)
    : ArrayStepper.create(graph, stateDict, provider)
}

/** Gradients come out of the graph; the update is adamw.ts. */
export class ArrayStepper implements Stepper {
  readonly shapes: ReadonlyMap<string, readonly number[]>
  #learned = new Map<string, Learned>()
  readonly #residents: Residents
  readonly #session: StepSession

  private constructor(
    private readonly graph: StepGraph,
    residents: Residents,
    session: StepSession,
  ) {
    this.shapes = shapesOf(graph)
    this.#residents = residents
    this.#session = session
  }

  static async create(graph: StepGraph, stateDict: StateDict, provider: Provider): Promise<ArrayStepper> {
    const residents = new Residents(provider)
    const session = await residents.createStepSession(encodeFor(provider, graph.graph))
    const stepper = new ArrayStepper(graph, residents, session)
    await stepper.reset(stateDict)
    return stepper
  }

  /** Losses and the gradients by parameter (those that are zero for any input left out), without an update. */
  async gradients(feeds: StepFeeds): Promise<StepResult & { gradients: Map<string, Float32Array> }> {
    const outputs = await this.#session.run(feeds)
    const gradients = new Map<string, Float32Array>()
    for (const name of this.graph.learned) {
      if (!this.graph.still.has(name)) gradients.set(name, floats(outputs, STEP.gradient(name)))
    }
    return { ...resultOf(this.graph, outputs), gradients }
  }

  /** AdamW of every learned tensor. */
  update(gradients: ReadonlyMap<string, Float32Array>, step: number, settings: StepSettings): void {
    for (const [name, learned] of this.#learned) {
      adamW(learned, gradients.get(name) ?? null, step, settings)
    }
  }

  async step(feeds: StepFeeds, step: number, settings: StepSettings): Promise<StepResult> {
    const { gradients, ...result } = await this.gradients(feeds)
    // A loss that is not a number must not spoil the weights.
    if (Number.isFinite(result.losses.total)) this.update(gradients, step, settings)
    return result
  }

  read(): Promise<Map<string, Learned>> {
    return Promise.resolve(this.#learned)
  }

  async write(learned: ReadonlyMap<string, Learned>): Promise<void> {
    this.#learned = new Map(learned)
    for (const [name, { parameter }] of learned) {
      await this.#residents.write({ [name]: { data: parameter, shape: this.shapes.get(name) ?? [] } })
    }
  }

  reset(stateDict: StateDict): Promise<void> {
    return this.write(initialState(this.shapes, stateDict))
  }

  async release(): Promise<void> {
    await this.#session.release()
    await this.#residents.release()
  }
}

const PARTS = ['parameter', 'm', 'v', 'mean'] as const

/** The names of a bank and of its state among the residents. */
function stateOf({ name }: Bank): Record<keyof Learned, string> {
  return { parameter: name, m: `m:${name}`, v: `v:${name}`, mean: `mean:${name}` }
}

/** The scalars that are fed. */
const SCALARS = ['keep', 'rate', 'root', 'blend'] as const

/** The update is part of the graph, and nothing large crosses. */
export class DeviceStepper implements Stepper {
  readonly shapes: ReadonlyMap<string, readonly number[]>

  private constructor(
    private readonly graph: StepGraph,
    private readonly banks: readonly Bank[],
    private readonly residents: Residents,
    private readonly session: StepSession,
  ) {
    this.shapes = shapesOf(graph)
  }

  static async create(graph: StepGraph, stateDict: StateDict, provider: Provider): Promise<DeviceStepper> {
    const residents = new Residents(provider)
    const { updating, updates, banks } = withUpdate(graph)
    const session = await residents.createStepSession(encodeFor(provider, updating), updates)
    const stepper = new DeviceStepper(graph, banks, residents, session)
    await stepper.reset(stateDict)
    return stepper
  }

  async step(feeds: StepFeeds, step: number, settings: StepSettings): Promise<StepResult> {
    const scalars = scalarsOf(settings, step)
    const fed = SCALARS.map((name) => [name, { data: Float32Array.of(scalars[name]), shape: [1] }] as const)
    return resultOf(this.graph, await this.session.run({ ...feeds, ...Object.fromEntries(fed) }))
  }

  async read(): Promise<Map<string, Learned>> {
    const arrays = await this.residents.read(this.banks.flatMap((bank) => Object.values(stateOf(bank))))
    const learned = new Map<string, Learned>()
    for (const bank of this.banks) {
      const names = stateOf(bank)
      const part = (name: keyof Learned) => unpack(bank, floats(arrays, names[name]))
      const [parameter, m, v, mean] = [part('parameter'), part('m'), part('v'), part('mean')]
      for (const { name } of bank.tensors) {
        const of = (all: ReadonlyMap<string, Float32Array>) => all.get(name) ?? missing(name)
        learned.set(name, { parameter: of(parameter), m: of(m), v: of(v), mean: of(mean) })
      }
    }
    return new Map(this.graph.learned.map((name) => [name, learned.get(name) ?? missing(name)]))
  }

  async write(learned: ReadonlyMap<string, Learned>): Promise<void> {
    const arrays = this.banks.flatMap((bank) =>
      PARTS.map((part) => {
        const data = pack(bank, (name) => learned.get(name)?.[part] ?? missing(name))
        return [stateOf(bank)[part], { data, shape: [bank.size] }] as const
      }),
    )
    await this.residents.write(Object.fromEntries(arrays))
  }

  reset(stateDict: StateDict): Promise<void> {
    return this.write(initialState(this.shapes, stateDict))
  }

  async release(): Promise<void> {
    await this.session.release()
    await this.residents.release()
  }
}

/**
 * `step` over banks of its parameters, with AdamW of the banks behind it in the place of the gradients' outputs; and which
 * resident each output replaces. Parameters that the loss does not depend on have banks of their own.
 */
function withUpdate({ graph, learned, still }: StepGraph): {
  updating: Graph
  updates: Record<string, string>
  banks: Bank[]
} {
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]))
  const shaped = learned.map((name) => [name, inputs.get(name)?.shape ?? missing(name)] as const)
  const moving = banksOf('moving', shaped.filter(([name]) => !still.has(name))) // prettier-ignore
  const decaying = banksOf('still', shaped.filter(([name]) => still.has(name))) // prettier-ignore

  const isLearned = new Set(learned)
  const fed = graph.inputs.filter(({ name }) => !isLearned.has(name))
  const g = new GraphBuilder(graph.name, { ...graph, inputs: fed, outputs: [], nodes: [] })
  const [keep, rate, root, blend] = SCALARS.map((name) => g.input(name, 'float32', [1])) as [
    Value,
    Value,
    Value,
    Value,
  ]
  const states = [...moving, ...decaying].map((bank) => {
    const names = stateOf(bank)
    const state = (part: keyof Learned) => g.input(names[part], 'float32', [bank.size])
    return {
      bank,
      state: { parameter: state('parameter'), m: state('m'), v: state('v'), mean: state('mean') },
    }
  })
  const parameters = new Map(states.flatMap(({ bank, state }) => takeOut(g, bank, state.parameter)))
  const current = rewriteNodes(g, graph, undefined, parameters)

  const outputs = new Map(graph.outputs.map((output) => [output.name, current(output)]))
  for (const [name, output] of outputs) if (!name.startsWith(STEP.gradient(''))) g.output(name, output)
  const updates: Record<string, string> = {}
  for (const { bank, state } of states) {
    const gradientOf = (name: string) => outputs.get(STEP.gradient(name)) ?? missing(STEP.gradient(name))
    const gradient = moving.includes(bank) ? putTogether(g, bank, gradientOf) : null
    const after = g.scope(`update.${bank.name}`, () =>
      AdamW(g, state, gradient, { keep, rate, root, blend }, { betas: BETAS, epsilon: EPSILON }),
    )
    for (const part of PARTS) {
      if (after[part] === state[part]) continue
      const output = `updated:${state[part].name}`
      g.output(output, after[part])
      updates[output] = state[part].name
    }
  }
  return { updating: g.finish(), updates, banks: [...moving, ...decaying] }
}

function missing(name: string): never {
  throw new FacetError('engine/failed', `internal: the step lacks ${name}`)
}

function shapesOf({ graph, learned }: StepGraph): Map<string, readonly number[]> {
  const names = new Set(learned)
  return new Map(graph.inputs.filter(({ name }) => names.has(name)).map(({ name, shape }) => [name, shape]))
}

/** Weights as they are, moments of zero, the mean at the weights. */
function initialState(
  shapes: ReadonlyMap<string, readonly number[]>,
  stateDict: StateDict,
): Map<string, Learned> {
  const states = new Map<string, Learned>()
  for (const [name, shape] of shapes) {
    const { data } = requireTensor(stateDict, name, shape)
    invariant(data instanceof Float32Array, `${name} is no float32 tensor`)
    states.set(name, {
      parameter: data.slice(),
      m: new Float32Array(data.length),
      v: new Float32Array(data.length),
      mean: data.slice(),
    })
  }
  return states
}

function resultOf({ norms }: StepGraph, outputs: Readonly<Record<string, Array32>>): StepResult {
  const scalar = (name: string) => floats(outputs, name)[0] as number
  const [crossEntropy, dice] = [scalar(STEP.crossEntropy), scalar(STEP.dice)]
  const statistics = norms.map(({ norm, count }) => {
    const mean = floats(outputs, STEP.batchMean(norm))
    return [norm, { mean, variance: floats(outputs, STEP.batchVariance(norm)), count }] as const
  })
  return { losses: { crossEntropy, dice, total: (crossEntropy + dice) / 2 }, statistics: new Map(statistics) }
}

function floats(arrays: Readonly<Record<string, Array32>>, name: string): Float32Array {
  const data = arrays[name]?.data
  invariant(data instanceof Float32Array, `the step has no numbers called ${name}`)
  return data
}
