/** @file What a gradient rule is given and what it gives back; the sums that undo broadcasting. */
import { invariant } from '../../shared/assert'
import type { GraphBuilder, Node, Value } from '../onnx/graph'
import { Operands } from '../onnx/operands'
import { Expand, Reshape } from '../onnx/ops/shape'
import { ReduceSum } from '../onnx/ops/norm'

/**
 * The gradients of a loss by a node's inputs, given those by its outputs. Position `i` is the gradient of input `i`, of its
 * shape; null (or left out) where the loss does not depend on it or nobody asked (`Step.wants`).
 */
export type Rule = (step: Step) => readonly (Value | null)[]

/** One node on the way back, and the graph that its gradients are written to. */
export class Step {
  /** The node's attributes and constant inputs. */
  readonly operands: Operands

  constructor(
    readonly g: GraphBuilder,
    readonly node: Node,
    /** By output; null where nothing flows back to it. */
    readonly gradients: readonly (Value | null)[],
    /** True for each input whose gradient is asked for. */
    private readonly wanted: readonly boolean[],
  ) {
    this.operands = Operands.of(node, g.initializers)
  }

  /** Input `index`, which must be there. */
  x(index = 0): Value {
    return this.operands.input(index)
  }

  /** The first output. */
  get y(): Value {
    const [y] = this.node.outputs
    invariant(y !== undefined, `${this.node.opType} has no output`)
    return y
  }

  /** The gradient by the first output. */
  get dy(): Value {
    const [dy] = this.gradients
    invariant(dy !== undefined && dy !== null, `nothing flows back to ${this.y.name}`)
    return dy
  }

  wants(index: number): boolean {
    return this.wanted[index] === true
  }

  /** `make()` where the gradient of input `index` is asked for, else null. */
  when(index: number, make: () => Value): Value | null {
    return this.wants(index) ? make() : null
  }
}

/** `gradient`, of a shape that `shape` was broadcast to, summed to `shape`. */
export function unbroadcast(g: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  if (String(gradient.shape) === String(shape)) return gradient
  const added = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? axis : [],
  )
  const summed = axes.length === 0 ? gradient : sumOver(g, gradient, axes)
  return String(summed.shape) === String(shape) ? summed : Reshape(g, summed, shape)
}

/** x summed over `axes`, ascending; as rows where they are the first ones. */
function sumOver(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const areFirst = axes.every((axis, index) => axis === index)
  if (!areFirst) return ReduceSum(g, x, axes)
  return sumOfRows(g, Reshape(g, x, [-1, ...x.shape.slice(axes.length)]))
}

/**
 * x [rows, …] in pieces [pieces, rows / pieces, …] of `size` rows, or in one where they do not fit. What is summed over rows is
 * summed piece by piece first, since onnxruntime has one thread for a single sum.
 */
export function inPieces(g: GraphBuilder, x: Value, size: number): Value {
  const [rows = 0, ...rest] = x.shape
  const pieces = rows % size === 0 ? rows / size : 1
  return Reshape(g, x, [pieces, rows / pieces, ...rest])
}

/** Rows of a piece of a sum. */
const PIECE = 256

/** The sum of the rows of x [rows, …], as [1, …]. */
export function sumOfRows(g: GraphBuilder, x: Value): Value {
  const pieces = inPieces(g, x, PIECE)
  return pieces.shape[0] === 1 ? ReduceSum(g, x, [0]) : ReduceSum(g, ReduceSum(g, pieces, [1], false), [0])
}

/** Zeros of a shape. */
export function zeros(g: GraphBuilder, shape: readonly number[]): Value {
  return shape.length === 0 ? g.scalar(0) : Expand(g, g.scalar(0), shape)
}
