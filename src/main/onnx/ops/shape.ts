/** @file Operators of ONNX that move elements and compute none, by their own names. */
import type { GraphBuilder, Value } from '../graph'
import { int, ints, string } from '../graph'

/** The same elements in the same order; one size may be -1. */
export function Reshape(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return g.op('Reshape', [x, g.int64s(shape)])
}

/** Axis `i` of the result is axis `perm[i]` of x. */
export function Transpose(g: GraphBuilder, x: Value, perm: readonly number[]): Value {
  return g.op('Transpose', [x], { perm: ints(perm) })
}

export function Concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  return g.op('Concat', values, { axis: int(axis) })
}

/** x in parts of the given sizes along `axis`. */
export function Split(g: GraphBuilder, x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  return g.node('Split', [x, g.int64s(sizes)], { axis: int(axis) }, sizes.length)
}

/** Elements starts[i], starts[i] + steps[i], … before ends[i] along axes[i]; negative places count from the end. */
export function Slice(
  g: GraphBuilder,
  x: Value,
  range: {
    starts: readonly number[]
    ends: readonly number[]
    axes: readonly number[]
    steps?: readonly number[]
  },
): Value {
  const { starts, ends, axes, steps } = range
  const lists = [g.int64s(starts), g.int64s(ends), g.int64s(axes)]
  return g.op('Slice', steps === undefined ? [x, ...lists] : [x, ...lists, g.int64s(steps)])
}

/** Zeros (or repeats of the edge, or reflections) around x: `pads` gives all axes' beginnings, then all ends. */
export function Pad(
  g: GraphBuilder,
  x: Value,
  pads: readonly number[],
  mode: 'constant' | 'edge' | 'reflect' = 'constant',
): Value {
  return g.op('Pad', [x, g.int64s(pads)], mode === 'constant' ? {} : { mode: string(mode) })
}

export function Squeeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  return g.op('Squeeze', [x, g.int64s(axes)])
}

export function Unsqueeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  return g.op('Unsqueeze', [x, g.int64s(axes)])
}

/** x repeated along its axes of size 1 until it has `shape`. */
export function Expand(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return g.op('Expand', [x, g.int64s(shape)])
}

/** Entries of x along `axis` at `indices` (int32 or int64). */
export function Gather(g: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  return g.op('Gather', [x, indices], { axis: int(axis) })
}

/** Element by element of `indices` (int32 or int64, of x's rank): that of x at the same place, but for the index along `axis`. */
export function GatherElements(g: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  return g.op('GatherElements', [x, indices], { axis: int(axis) })
}
