/** @file Elementwise operators of ONNX, by their own names; two operands broadcast, and a number stands for a scalar. */
import type { DType } from '../../base/tensor'
import type { GraphBuilder, Operand, Value } from '../graph'
import { float, int, string } from '../graph'
import { DATA_TYPE } from '../schema'
import type { OpType } from '../shapes'

type Unary = (g: GraphBuilder, x: Value) => Value
type Binary = (g: GraphBuilder, a: Value, b: Operand) => Value

const unary =
  (opType: OpType): Unary =>
  (g, x) =>
    g.op(opType, [x])

const binary =
  (opType: OpType): Binary =>
  (g, a, b) =>
    g.op(opType, [a, typeof b === 'number' ? g.scalar(b, a.dtype) : b])

export const Abs = unary('Abs')
export const Neg = unary('Neg')
export const Exp = unary('Exp')
export const Log = unary('Log')
export const Sqrt = unary('Sqrt')
export const Reciprocal = unary('Reciprocal')
export const Sin = unary('Sin')
export const Cos = unary('Cos')
export const Erf = unary('Erf')
export const Tanh = unary('Tanh')
export const Relu = unary('Relu')
export const Sigmoid = unary('Sigmoid')
/** x · min(max(x / 6 + 1/2, 0), 1), as PyTorch's Hardswish. */
export const HardSwish = unary('HardSwish')
export const Not = unary('Not')
export const Identity = unary('Identity')

export const Add = binary('Add')
export const Sub = binary('Sub')
export const Mul = binary('Mul')
export const Div = binary('Div')
export const Pow = binary('Pow')
export const Max = binary('Max')
export const Min = binary('Min')
/** WebGPU has none; `Add` is everywhere. */
export const Sum = binary('Sum')
export const Equal = binary('Equal')
export const Less = binary('Less')
export const LessOrEqual = binary('LessOrEqual')
export const Greater = binary('Greater')
export const GreaterOrEqual = binary('GreaterOrEqual')
export const And = binary('And')

/** min(max(alpha · x + beta, 0), 1); PyTorch's Hardsigmoid has alpha 1/6 (ONNX's own default is 0.2) and beta 1/2. */
export function HardSigmoid(g: GraphBuilder, x: Value, options: { alpha: number; beta: number }): Value {
  return g.op('HardSigmoid', [x], { alpha: float(options.alpha), beta: float(options.beta) })
}

/** x · Φ(x); `none` computes Φ by the error function, as PyTorch's GELU does by default, `tanh` approximates it. */
export function Gelu(g: GraphBuilder, x: Value, approximate: 'none' | 'tanh' = 'none'): Value {
  return g.op('Gelu', [x], approximate === 'none' ? {} : { approximate: string(approximate) })
}

/** x limited to [low, high]. */
export function Clip(g: GraphBuilder, x: Value, low: Operand, high: Operand): Value {
  const bound = (value: Operand) => (typeof value === 'number' ? g.scalar(value, x.dtype) : value)
  return g.op('Clip', [x, bound(low), bound(high)])
}

/** `yes` where `condition` (bool) holds, else `no`. */
export function Where(g: GraphBuilder, condition: Value, yes: Value, no: Operand): Value {
  return g.op('Where', [condition, yes, typeof no === 'number' ? g.scalar(no, yes.dtype) : no])
}

/** The same elements in another type; floats to integers cut towards zero. */
export function Cast(g: GraphBuilder, x: Value, to: DType): Value {
  return g.op('Cast', [x], { to: int(DATA_TYPE[to]) })
}
