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

/** The state-dict entry of that name, float32 (or int64: the zero of `num_batches_tracked`, `relative_position_index`). */
export function namedTensor(name: string, shape: readonly number[]): Tensor {
  const count = elementCount(shape)
  if (name.endsWith('num_batches_tracked')) return tensor('int64', shape, new BigInt64Array(count))
  if (name.endsWith('relative_position_index')) return tensor('int64', shape, positionIndex(count ** (1 / 4)))
  if (name.endsWith('relative_coords_table')) return tensor('float32', shape, coordsTable(shape[1] ?? 0))
  const value = transform(name, shape)
  // Many times faster than Float32Array.from, which matters where networks have 90 million parameters.
  return tensor('float32', shape, new Float32Array(noise(name, count).map(value)))
}

/**
 * Swin's `relative_position_index` of windows with `side` pixels along an edge: for pixels a and b, how far b lies above and
 * to the left of a, both counted from 0, as one number.
 */
function positionIndex(side: number): BigInt64Array {
  const places = Array.from({ length: side ** 2 }, (_, i) => [Math.floor(i / side), i % side] as const)
  const rows = places.flatMap(([ya, xa]) =>
    places.map(([yb, xb]) => BigInt((ya - yb + side - 1) * (2 * side - 1) + (xa - xb + side - 1))),
  )
  return BigInt64Array.from(rows)
}

/** SwinV2's `relative_coords_table` [reach, reach, 2]: sign(d) log₂(1 + |d|) / 3 of distances d from -8 to 8. */
function coordsTable(reach: number): Float32Array {
  const axis = Array.from({ length: reach }, (_, i) => {
    const distance = 8 * ((2 * i) / (reach - 1) - 1)
    return (Math.sign(distance) * Math.log2(1 + Math.abs(distance))) / 3
  })
  return Float32Array.from(axis.flatMap((y) => axis.flatMap((x) => [y, x])))
}

/** A state dict from the `state_dict` list of a reference file: [name, shape, dtype] rows. */
export function namedStateDict(
  entries: readonly (readonly [name: string, shape: readonly number[], dtype: string])[],
): Map<string, Tensor> {
  return new Map(entries.map(([name, shape]) => [name, namedTensor(name, shape)]))
}

/** The normalised input image called `name`: 2 u(name). */
export function namedImage(name: string, shape: readonly number[]): Float32Array {
  return new Float32Array(noise(name, elementCount(shape)).map((u) => 2 * u))
}

/** The `count` picked positions called `picks` in a flattened tensor of `size` elements. */
export function pickedPositions(picks: string, count: number, size: number): number[] {
  return Array.from(noise(`pick:${picks}`, count), (u) =>
    Math.min(Math.floor(((u + 1) / 2) * size), size - 1),
  )
}
