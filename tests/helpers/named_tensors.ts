/** @file Tensors that are a pure function of their name, as ../shared/reference/README.md defines them: whole networks without files. */
import { elementCount, tensor } from '../../src/main/base/tensor'
import type { Tensor } from '../../src/main/base/tensor'

/** u(name): `count` numbers in [-1, 1), row-major. */
export function noise(name: string, count: number): Float64Array {
  let seed = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193)
  const values = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    let h = (seed + Math.imul(i, 0x9e3779b9)) | 0
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
    h ^= h >>> 15
    values[i] = (h >>> 0) / 2 ** 31 - 1
  }
  return values
}

/** How an entry's noise becomes its value, by the last part of its name. */
function transform(name: string, shape: readonly number[]): (u: number) => number {
  const last = name.slice(name.lastIndexOf('.') + 1)
  if (last === 'running_var') return (u) => 1 + 0.5 * u
  if (last === 'running_mean') return (u) => 0.1 * u
  if (last === 'layer_scale') return (u) => 0.2 + 0.1 * u
  if (last === 'logit_scale') return (u) => Math.log(10) + 0.1 * u
  if (last === 'relative_position_bias_table') return (u) => 0.2 * u
  if (last === 'positional_encoding_gaussian_matrix') return (u) => 1.7 * u
  if (last === 'bias') return (u) => 0.05 * u
  if (last === 'weight' && shape.length === 1) return (u) => 1 + 0.1 * u
  if (name.includes('_token.')) return (u) => u
  const bound = Math.sqrt(3 / elementCount(shape.slice(1)))
  return (u) => u * bound
}

/** The state-dict entry of that name, float32 (or the int64 zero of `num_batches_tracked`). */
export function namedTensor(name: string, shape: readonly number[]): Tensor {
  const count = elementCount(shape)
  if (name.endsWith('num_batches_tracked')) return tensor('int64', shape, new BigInt64Array(count))
  const value = transform(name, shape)
  return tensor('float32', shape, Float32Array.from(noise(name, count), value))
}

/** A state dict from the `state_dict` list of a reference file: [name, shape, dtype] rows. */
export function namedStateDict(
  entries: readonly (readonly [name: string, shape: readonly number[], dtype: string])[],
): Map<string, Tensor> {
  return new Map(entries.map(([name, shape]) => [name, namedTensor(name, shape)]))
}

/** The normalised input image called `name`: 2 u(name). */
export function namedImage(name: string, shape: readonly number[]): Float32Array {
  return Float32Array.from(noise(name, elementCount(shape)), (u) => 2 * u)
}

/** The `count` picked positions called `picks` in a flattened tensor of `size` elements. */
export function pickedPositions(picks: string, count: number, size: number): number[] {
  return Array.from(noise(`pick:${picks}`, count), (u) =>
    Math.min(Math.floor(((u + 1) / 2) * size), size - 1),
  )
}
