/**
 * @file Many float32 tensors side by side in a few long ones, their banks: what a graph does to all of them alike, a
 * graphics device is asked for once a bank instead of once a tensor, and what it is asked for takes longer than the asking.
 */
import { at, invariant } from '../../shared/assert'
import { elementCount } from '../base/tensor'
import type { GraphBuilder, Value } from '../onnx/graph'
import { Concat, Reshape, Slice } from '../onnx/ops/shape'

/** 64 MiB: half of what the humblest WebGPU binds at once (maxStorageBufferBindingSize). A larger tensor has a bank of its own. */
const BANK_ELEMENTS = 2 ** 24

export interface Bank {
  readonly name: string
  /** Elements of all its tensors. */
  readonly size: number
  readonly tensors: readonly {
    readonly name: string
    readonly shape: readonly number[]
    /** Where it begins, in elements. */
    readonly start: number
  }[]
}

/** The tensors of these shapes in as few banks, called `name` and a number, as their order allows. */
export function banksOf(
  name: string,
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
  most = BANK_ELEMENTS,
): Bank[] {
  const banks: Bank[] = []
  for (const [tensor, shape] of shapes) {
    const count = elementCount(shape)
    const last = banks.at(-1)
    if (last && last.size + count <= most) {
      const tensors = [...last.tensors, { name: tensor, shape, start: last.size }]
      banks[banks.length - 1] = { ...last, size: last.size + count, tensors }
    } else {
      const tensors = [{ name: tensor, shape, start: 0 }]
      banks.push({ name: `${name}${banks.length}`, size: count, tensors })
    }
  }
  return banks
}

/** A bank's numbers, of those of its tensors by name. */
export function pack(bank: Bank, tensorOf: (name: string) => Float32Array): Float32Array {
  const packed = new Float32Array(bank.size)
  for (const { name, shape, start } of bank.tensors) {
    const data = tensorOf(name)
    invariant(data.length === elementCount(shape), `${name} has ${data.length} numbers`)
    packed.set(data, start)
  }
  return packed
}

/** Its tensors' numbers by name: views into `packed`. */
export function unpack(bank: Bank, packed: Float32Array): Map<string, Float32Array> {
  return new Map(
    bank.tensors.map(({ name, shape, start }) => [name, packed.subarray(start, start + elementCount(shape))]),
  )
}

/** Each tensor of a bank by its name, taken from the bank's `value` [size]. */
export function takeOut(g: GraphBuilder, bank: Bank, value: Value): [name: string, value: Value][] {
  return bank.tensors.map(({ name, shape, start }) => {
    const range = { starts: [start], ends: [start + elementCount(shape)], axes: [0] }
    return [name, g.scope(name, () => Reshape(g, Slice(g, value, range), shape))]
  })
}

/** A bank [size] of its tensors as values. */
export function putTogether(g: GraphBuilder, bank: Bank, valueOf: (name: string) => Value): Value {
  return g.scope(`into ${bank.name}`, () => {
    const flat = bank.tensors.map(({ name }) => Reshape(g, valueOf(name), [-1]))
    return flat.length === 1 ? at(flat, 0) : Concat(g, flat, 0)
  })
}
