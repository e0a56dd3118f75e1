/**
 * @file The graph: values, nodes and initializers of an ONNX model with fixed shapes, and the builder that makes one.
 * Names follow https://onnx.ai/onnx/repo-docs/IR.html. A `Graph` is plain data and never changes once built.
 */
import { FacetError } from '../../shared/errors'
import type { DType, Tensor, TypedArray } from '../base/tensor'
import { tensor } from '../base/tensor'
import { checkGraph } from './check'
import type { OpType } from './shapes'
import { inferNode, OPSET } from './shapes'

/** A tensor that flows through the graph. Its name is its identity. */
export interface Value {
  readonly name: string
  readonly dtype: DType
  /** Fixed sizes, but for an `UNKNOWN` after a `Resize` whose sizes are no constant. */
  readonly shape: readonly number[]
}

/** A node's static argument, tagged with its ONNX type because `1` alone does not tell an int from a float. */
export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }

export type Attributes = Readonly<Record<string, Attribute>>

/** One application of an operator; an optional input that is left out is null. */
export interface Node {
  readonly opType: OpType
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
}

/** Nodes stand in an order in which each finds its inputs made. */
export interface Graph {
  readonly name: string
  readonly opset: number
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Constants by value name; tensors are kept by reference. */
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly nodes: readonly Node[]
}

export const int = (value: number): Attribute => ({ type: 'int', value })
/** A float attribute holds single precision, as the file will. */
export const float = (value: number): Attribute => ({ type: 'float', value: Math.fround(value) })
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value })
export const string = (value: string): Attribute => ({ type: 'string', value })

/** An operator's argument: a value, or a number that becomes a scalar constant of the other operand's type. */
export type Operand = Value | number

/** Mistakes surface at the call that makes them: each node is inferred when added, the whole examined by `finish`. */
export class GraphBuilder {
  readonly #name: string
  readonly #inputs: Value[] = []
  readonly #outputs: Value[] = []
  readonly #initializers = new Map<string, Tensor>()
  readonly #nodes: Node[] = []
  readonly #values = new Map<string, Value>()
  readonly #constants = new Map<string, Value>()
  readonly #producers = new Map<string, Node>()
  #scope = ''

  /** Starts empty, or with everything `base` holds (its outputs too), to append to. */
  constructor(name = 'graph', base?: Graph) {
    this.#name = name
    if (base === undefined) return
    this.#inputs.push(...base.inputs)
    this.#outputs.push(...base.outputs)
    for (const node of base.nodes) this.#push(node)
    for (const [key, tensor] of base.initializers) this.initializer(key, tensor)
    for (const value of [...base.inputs, ...base.nodes.flatMap((node) => node.outputs)]) {
      this.#values.set(value.name, value)
    }
  }

  /** The nodes so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes
  }

  /** The node that makes a value; undefined for an input or a constant. */
  producerOf(value: Value): Node | undefined {
    return this.#producers.get(value.name)
  }

  /** The constants so far, by value name. */
  get initializers(): ReadonlyMap<string, Tensor> {
    return this.#initializers
  }

  /** Declares a graph input. */
  input(name: string, dtype: DType, shape: readonly number[]): Value {
    const value = this.#declare({ name, dtype, shape })
    this.#inputs.push(value)
    return value
  }

  /** Adds a named constant, or returns the one already there when it is the same tensor. */
  initializer(name: string, tensor: Tensor): Value {
    const known = this.#values.get(name)
    if (known !== undefined && this.#initializers.get(name) === tensor) return known
    const value = this.#declare({ name, dtype: tensor.dtype, shape: tensor.shape })
    this.#initializers.set(name, tensor)
    return value
  }

  /** Adds a constant under a name like `name`, in the current scope. */
  constant(name: string, tensor: Tensor): Value {
    return this.initializer(this.#fresh(this.#scope === '' ? name : `${this.#scope}.${name}`), tensor)
  }

  /** A small int64 list (a shape, axes, …) as a constant; equal lists are one value. */
  int64s(values: readonly number[]): Value {
    return this.#constant('list', `int64_${values.join('_')}`, () =>
      tensor('int64', [values.length], BigInt64Array.from(values, BigInt)),
    )
  }

  /** A scalar constant of a number type; equal scalars are one value. */
  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.#constant('scalar', `${dtype}_${value}`, () => tensor(dtype, [], scalarData(value, dtype)))
  }

  /** Adds a node and returns its outputs, typed and shaped by inference. */
  node(
    opType: OpType,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    outputCount = 1,
  ): readonly Value[] {
    const name = this.#fresh(this.#scope === '' ? opType : `${this.#scope}.${opType}`)
    const names = Array.from({ length: outputCount }, (_, index) => (index === 0 ? name : `${name}.${index}`))
    return this.#append(opType, inputs, attributes, names)
  }

  /** Adds a node of another graph, with other inputs of the same types and shapes, and its outputs as they are called. */
  keep(node: Node, inputs: readonly (Value | null)[]): readonly Value[] {
    const names = node.outputs.map(({ name }) => name)
    return this.#append(node.opType, inputs, node.attributes, names)
  }

  /** `node` for the operators with one output. */
  op(opType: OpType, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    const [output] = this.node(opType, inputs, attributes)
    if (output === undefined) throw new FacetError('graph/invalid', `${opType} gave no output.`)
    return output
  }

  /** Names the values made inside `body` after `scope`, in full: scopes inside replace it, they do not add to it. */
  scope<T>(scope: string, body: () => T): T {
    const outer = this.#scope
    this.#scope = scope
    try {
      return body()
    } finally {
      this.#scope = outer
    }
  }

  /** Makes `value` a graph output called `name`. */
  output(name: string, value: Value): void {
    const [output] = value.name === name ? [value] : this.#append('Identity', [value], {}, [name])
    if (output !== undefined) this.#outputs.push(output)
  }

  /** The finished graph, examined by `checkGraph`. */
  finish(): Graph {
    const graph: Graph = {
      name: this.#name,
      opset: OPSET,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      initializers: new Map(this.#initializers),
      nodes: [...this.#nodes],
    }
    checkGraph(graph)
    return graph
  }

  #append(
    opType: OpType,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    names: readonly string[],
  ): readonly Value[] {
    const types = inferNode({ opType, inputs, attributes, outputNames: names }, this.#initializers)
    const outputs = names.map((name, index) => {
      const type = types[index]
      if (type === undefined) throw new FacetError('graph/invalid', `${opType} has no output ${index}.`)
      return this.#declare({ name, ...type })
    })
    this.#push({ opType, inputs, outputs, attributes })
    return outputs
  }

  #push(node: Node): void {
    this.#nodes.push(node)
    for (const output of node.outputs) this.#producers.set(output.name, node)
  }

  #declare(value: Value): Value {
    if (this.#values.has(value.name)) {
      throw new FacetError(
        'graph/invalid',
        `The value '${value.name}' is made twice in graph '${this.#name}'.`,
      )
    }
    this.#values.set(value.name, value)
    return value
  }

  #constant(kind: 'list' | 'scalar', name: string, make: () => Tensor): Value {
    const key = `${kind} ${name}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const value = this.initializer(this.#fresh(name), make())
    this.#constants.set(key, value)
    return value
  }

  /** `name`, or `name_2`, `name_3`, … where it is taken. */
  #fresh(name: string): string {
    let candidate = name
    for (let n = 2; this.#values.has(candidate); n++) candidate = `${name}_${n}`
    return candidate
  }
}

function scalarData(value: number, dtype: DType): TypedArray {
  switch (dtype) {
    case 'float32':
      return Float32Array.of(value)
    case 'float64':
      return Float64Array.of(value)
    case 'int64':
      return BigInt64Array.of(BigInt(value))
    case 'int32':
      return Int32Array.of(value)
    default:
      throw new FacetError('graph/invalid', `The number ${value} cannot stand for a scalar of type ${dtype}.`)
  }
}
