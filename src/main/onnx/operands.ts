/** @file A node's inputs and attributes as a shape rule reads them: checked access, broadcasting, window arithmetic. */
import { FacetError } from '../../shared/errors'
import type { DType, Tensor } from '../base/tensor'
import type { Attribute, Node, Value } from './graph'
import { dtypeOfDataType } from './schema'
import type { NodeSketch } from './shapes'

/** What inference yields for one output. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: readonly number[]
}

export class Operands {
  readonly label: string

  constructor(
    private readonly node: NodeSketch,
    private readonly initializers: ReadonlyMap<string, Tensor>,
  ) {
    this.label = `Node '${node.outputNames[0] ?? ''}' (${node.opType})`
  }

  /** Those of a node that stands in a graph. */
  static of(node: Node, initializers: ReadonlyMap<string, Tensor>): Operands {
    return new Operands({ ...node, outputNames: node.outputs.map(({ name }) => name) }, initializers)
  }

  /** Ends inference with a sentence that begins with node and operator. */
  fail(problem: string): never {
    throw new FacetError('graph/invalid', `${this.label} ${problem}.`, { operator: this.node.opType })
  }

  /** Input `index`, or null where it is left out. */
  optional(index: number): Value | null {
    return this.node.inputs[index] ?? null
  }

  input(index: number): Value {
    return this.optional(index) ?? this.fail(`lacks its input ${index}`)
  }

  /** All inputs that are there. */
  present(): readonly Value[] {
    return this.node.inputs.filter((value) => value !== null)
  }

  inputOf(index: number, dtypes: readonly DType[]): Value {
    const value = this.input(index)
    if (!dtypes.includes(value.dtype))
      this.fail(`takes ${dtypes.join(' or ')}, not ${value.dtype} (input ${index})`)
    return value
  }

  rank(index: number, rank: number): Value {
    const value = this.input(index)
    if (value.shape.length !== rank)
      this.fail(`wants ${rank} dimensions, not [${value.shape}] (input ${index})`)
    return value
  }

  /** The common element type of two inputs. */
  sameDtype(a: number, b: number, among?: readonly DType[]): DType {
    const dtype = among === undefined ? this.input(a).dtype : this.inputOf(a, among).dtype
    const other = this.input(b).dtype
    if (dtype !== other) this.fail(`mixes ${dtype} and ${other}`)
    return dtype
  }

  /** Checks that an input, if there, is a vector of one number per channel. */
  bias(index: number, channels: number): void {
    const value = this.optional(index)
    if (value !== null && String(value.shape) !== String([channels])) {
      this.fail(`wants [${channels}] as input ${index}, not [${value.shape}]`)
    }
  }

  isConstant(index: number): boolean {
    return this.initializers.has(this.input(index).name)
  }

  /** The integers of an input that must be a constant. */
  constant(index: number): readonly number[] {
    const value = this.input(index)
    const data = this.initializers.get(value.name)?.data
    if (!(data instanceof BigInt64Array)) return this.fail(`wants an int64 constant as input ${index}`)
    return Array.from(data, Number)
  }

  int(name: string, fallback: number): number {
    return this.#attribute(name, 'int')?.value ?? fallback
  }

  ints(name: string, fallback: readonly number[]): readonly number[] {
    return this.#attribute(name, 'ints')?.value ?? fallback
  }

  /** An attribute that holds an ONNX element type. */
  dtype(name: string): DType {
    const code = this.#attribute(name, 'int')?.value
    const dtype = code === undefined ? undefined : dtypeOfDataType(code)
    return dtype ?? this.fail(`has '${name}' ${code}, an element type that is not known here`)
  }

  /** An axis counted from the front. */
  axis(axis: number, rank: number): number {
    const counted = axis < 0 ? axis + rank : axis
    if (counted < 0 || counted >= rank) this.fail(`names axis ${axis} of ${rank}`)
    return counted
  }

  axes(axes: readonly number[], rank: number): readonly number[] {
    const counted = axes.map((axis) => this.axis(axis, rank))
    if (new Set(counted).size !== counted.length) this.fail(`names an axis twice in [${axes}]`)
    return counted
  }

  /** Multidirectional broadcasting: https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md */
  broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
    const rank = Math.max(a.length, b.length)
    return Array.from({ length: rank }, (_, axis) => {
      const sizeA = a[axis - rank + a.length] ?? 1
      const sizeB = b[axis - rank + b.length] ?? 1
      if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1)
        return this.fail(`cannot broadcast [${a}] with [${b}]`)
      return sizeA === 1 ? sizeB : sizeA
    })
  }

  /** The shape of inputs 0 and 1 multiplied as matrices, leading dimensions broadcast. */
  matrixProduct(): readonly number[] {
    const [a, b] = [this.input(0).shape, this.input(1).shape]
    if (a.length < 2 || b.length < 2) return this.fail('wants matrices; vectors are not used here')
    const [rows, inner] = a.slice(-2)
    const [innerB, columns] = b.slice(-2)
    if (inner !== innerB)
      return this.fail(`multiplies [${a}] by [${b}]: ${inner} columns meet ${innerB} rows`)
    return [...this.broadcast(a.slice(0, -2), b.slice(0, -2)), rows ?? 0, columns ?? 0]
  }

  reduced(shape: readonly number[], axes: readonly number[], keep: boolean): readonly number[] {
    return keep
      ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : shape.filter((_, axis) => !axes.includes(axis))
  }

  /** Output sizes of a convolution or pooling with explicit pads. */
  slidingWindow(sizes: readonly number[], kernel: readonly number[]): readonly number[] {
    const { strides, pads, dilations } = this.#window(sizes, kernel)
    const ceil = this.int('ceil_mode', 0) === 1
    return sizes.map((size, axis) => {
      const reach = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
      const free = size + (pads[axis] ?? 0) + (pads[axis + sizes.length] ?? 0) - reach
      if (free < 0) return this.fail(`has a kernel of ${reach} over ${size} padded pixels`)
      return (ceil ? Math.ceil : Math.floor)(free / (strides[axis] ?? 1)) + 1
    })
  }

  /** Output sizes of a transposed convolution. */
  transposedWindow(sizes: readonly number[], kernel: readonly number[]): readonly number[] {
    const { strides, pads, dilations } = this.#window(sizes, kernel)
    const extra = this.ints('output_padding', [])
    return sizes.map((size, axis) => {
      const reach = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
      const cut = (pads[axis] ?? 0) + (pads[axis + sizes.length] ?? 0)
      return (strides[axis] ?? 1) * (size - 1) + (extra[axis] ?? 0) + reach - cut
    })
  }

  /** Reshape's target with 0 (copy) and -1 (the rest) filled in. */
  reshaped(shape: readonly number[], wanted: readonly number[]): readonly number[] {
    const copied = wanted.map((size, axis) => (size === 0 ? (shape[axis] ?? 0) : size))
    const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)
    const known = product(copied.filter((size) => size !== -1))
    const filled = copied.map((size) => (size === -1 ? product(shape) / known : size))
    if (product(filled) !== product(shape)) this.fail(`reshapes [${shape}] to [${wanted}]`)
    return filled
  }

  /** Split in equal parts by `num_outputs`, the last one smaller. */
  evenParts(size: number): readonly number[] {
    const count = this.int('num_outputs', this.node.outputNames.length)
    const part = Math.ceil(size / count)
    return Array.from({ length: count }, (_, index) => Math.min(part, size - index * part))
  }

  /** Sizes after Slice: starts and ends are clamped as the specification says. */
  sliced(shape: readonly number[]): readonly number[] {
    const [starts, ends] = [this.constant(1), this.constant(2)]
    const axes =
      this.optional(3) === null ? starts.map((_, i) => i) : this.axes(this.constant(3), shape.length)
    const steps = this.optional(4) === null ? starts.map(() => 1) : this.constant(4)
    const sizes = [...shape]
    axes.forEach((axis, i) => {
      const size = shape[axis] ?? 0
      const step = steps[i] ?? 1
      if (step === 0) this.fail('has a step of 0')
      const clamp = (index: number, low: number, high: number) =>
        Math.min(Math.max(index < 0 ? index + size : index, low), high)
      const start = step > 0 ? clamp(starts[i] ?? 0, 0, size) : clamp(starts[i] ?? 0, 0, size - 1)
      const end = step > 0 ? clamp(ends[i] ?? 0, 0, size) : clamp(ends[i] ?? 0, -1, size - 1)
      sizes[axis] = Math.max(0, Math.ceil((end - start) / step))
    })
    return sizes
  }

  /** The attribute `name`, which must have the given type if it is there. */
  #attribute<T extends Attribute['type']>(
    name: string,
    type: T,
  ): Extract<Attribute, { type: T }> | undefined {
    if (!Object.hasOwn(this.node.attributes, name)) return undefined
    const attribute = this.node.attributes[name]
    const matches = (a: Attribute | undefined): a is Extract<Attribute, { type: T }> => a?.type === type
    return matches(attribute)
      ? attribute
      : this.fail(`has the attribute '${name}' as ${attribute?.type}, not ${type}`)
  }

  #window(sizes: readonly number[], kernel: readonly number[]) {
    const autoPad = this.#attribute('auto_pad', 'string')?.value ?? 'NOTSET'
    if (autoPad !== 'NOTSET' && autoPad !== 'VALID') this.fail(`has auto_pad ${autoPad}; give pads instead`)
    const lists = {
      strides: this.ints('strides', sizes.map(() => 1)),
      dilations: this.ints('dilations', sizes.map(() => 1)),
      pads: this.ints('pads', [...sizes, ...sizes].map(() => 0)),
    } // prettier-ignore
    if (kernel.length !== sizes.length || lists.pads.length !== 2 * sizes.length) {
      this.fail(`slides a window of [${kernel}] with pads [${lists.pads}] over [${sizes}]`)
    }
    if (lists.strides.some((stride) => stride < 1)) this.fail(`has strides [${lists.strides}]`)
    return lists
  }
}
