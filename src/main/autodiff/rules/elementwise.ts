/** @file Gradients of elementwise operators. Where two operands broadcast, theirs are summed back to their shapes. */
import type { GraphBuilder, Operand, Value } from '../../onnx/graph'
import {
  Add,
  Cast,
  Cos,
  Div,
  Equal,
  Erf,
  Exp,
  Greater,
  GreaterOrEqual,
  HardSigmoid,
  Less,
  LessOrEqual,
  And,
  Mul,
  Neg,
  Pow,
  Sin,
  Sub,
  Where,
} from '../../onnx/ops/elementwise'
import type { OpType } from '../../onnx/shapes'
import type { Rule, Step } from '../rule'
import { unbroadcast } from '../rule'

/** f(x): dx from x, y and dy. */
const unary =
  (derive: (g: GraphBuilder, dy: Value, x: Value, y: Value, step: Step) => Value): Rule =>
  (step) => [derive(step.g, step.dy, step.x(), step.y, step)]

/** f(a, b): the two gradients before they are summed to their operands' shapes. */
const binary =
  (
    byA: (g: GraphBuilder, dy: Value, a: Value, b: Value, y: Value) => Value,
    byB: (g: GraphBuilder, dy: Value, a: Value, b: Value, y: Value) => Value,
  ): Rule =>
  (step) => {
    const { g, dy, y } = step
    const [a, b] = [step.x(0), step.x(1)]
    return [
      step.when(0, () => unbroadcast(g, byA(g, dy, a, b, y), a.shape)),
      step.when(1, () => unbroadcast(g, byB(g, dy, a, b, y), b.shape)),
    ]
  }

/** dy where `condition` holds, else 0. */
const masked = (g: GraphBuilder, condition: Value, dy: Value): Value =>
  Mul(g, dy, Cast(g, condition, 'float32'))

/** Between two bounds, exclusive: the slope of a ramp is undefined at its ends, PyTorch takes 0 there. */
const inside = (g: GraphBuilder, x: Value, low: Operand, high: Operand): Value =>
  And(g, Greater(g, x, low), Less(g, x, high))

/** Max and Min of two: all of dy goes to the first that is the extreme. */
const extreme =
  (isBetter: (g: GraphBuilder, a: Value, b: Operand) => Value): Rule =>
  (step) => {
    const { g, dy } = step
    if (step.node.inputs.length !== 2) return step.operands.fail('is differentiated for two operands only')
    const [a, b] = [step.x(0), step.x(1)]
    const firstWins = Cast(g, isBetter(g, a, b), 'float32')
    const toFirst = Mul(g, dy, firstWins)
    return [
      step.when(0, () => unbroadcast(g, toFirst, a.shape)),
      step.when(1, () => unbroadcast(g, Sub(g, dy, toFirst), b.shape)),
    ]
  }

const SQRT_HALF = Math.SQRT1_2
const LN_SQRT_TWO_PI = Math.log(2 * Math.PI) / 2
const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI)

export const ELEMENTWISE_RULES = {
  Identity: ({ dy }) => [dy],
  Neg: unary((g, dy) => Neg(g, dy)),
  Abs: unary((g, dy, x) => Where(g, Less(g, x, 0), Neg(g, dy), dy)),
  Exp: unary((g, dy, _, y) => Mul(g, dy, y)),
  Log: unary((g, dy, x) => Div(g, dy, x)),
  Sqrt: unary((g, dy, _, y) => Div(g, Mul(g, dy, 0.5), y)),
  Reciprocal: unary((g, dy, _, y) => Neg(g, Mul(g, dy, Mul(g, y, y)))),
  Sin: unary((g, dy, x) => Mul(g, dy, Cos(g, x))),
  Cos: unary((g, dy, x) => Neg(g, Mul(g, dy, Sin(g, x)))),
  Tanh: unary((g, dy, _, y) => Sub(g, dy, Mul(g, dy, Mul(g, y, y)))),
  Erf: unary((g, dy, x) => Mul(g, Mul(g, dy, TWO_OVER_SQRT_PI), Exp(g, Neg(g, Mul(g, x, x))))),
  Relu: unary((g, dy, _, y) => masked(g, Greater(g, y, 0), dy)),
  Sigmoid: unary((g, dy, _, y) => Mul(g, dy, Sub(g, y, Mul(g, y, y)))),
  /** A ramp: alpha between its ends. */
  HardSigmoid: unary((g, dy, _, y, step) =>
    masked(g, inside(g, y, 0, 1), Mul(g, dy, alphaOf(step))),
  ),
  /** x · ramp(x): ramp(x), and on the ramp x / 6 more. */
  HardSwish: unary((g, dy, x) => {
    const ramp = HardSigmoid(g, x, { alpha: 1 / 6, beta: 0.5 })
    const isOnRamp = Cast(g, Less(g, g.op('Abs', [x]), 3), 'float32')
    return Mul(g, dy, Add(g, ramp, Mul(g, isOnRamp, Mul(g, x, 1 / 6))))
  }),
  /** Φ(x) + x φ(x), with Φ = ½ erf(x / √2) + ½, for which HardSigmoid is one pass, and φ = exp(-x² / 2 - ln √(2π)). */
  Gelu: unary((g, dy, x, _, step) => {
    if (step.node.attributes.approximate !== undefined) {
      return step.operands.fail('is differentiated in its exact form only, without approximation')
    }
    const half = Mul(g, x, SQRT_HALF)
    const cumulative = HardSigmoid(g, Erf(g, half), { alpha: 0.5, beta: 0.5 })
    const density = Exp(g, Sub(g, g.scalar(-LN_SQRT_TWO_PI), Mul(g, half, half)))
    return Mul(g, dy, Add(g, cumulative, Mul(g, x, density)))
  }),
  Cast: (step) => [step.x().dtype === 'float32' ? step.dy : null],

  Add: binary((_, dy) => dy, (_, dy) => dy),
  Sub: binary((_, dy) => dy, (g, dy) => Neg(g, dy)),
  Mul: binary((g, dy, _, b) => Mul(g, dy, b), (g, dy, a) => Mul(g, dy, a)),
  Div: binary((g, dy, _, b) => Div(g, dy, b), (g, dy, _, b, y) => Neg(g, Div(g, Mul(g, dy, y), b))),
  /** By the base only: no network of ours learns an exponent. */
  Pow: (step) => {
    const { g, dy } = step
    const [base, exponent] = [step.x(0), step.x(1)]
    if (step.wants(1)) return step.operands.fail('is differentiated by its base only')
    const slope = Mul(g, exponent, Pow(g, base, Sub(g, exponent, 1)))
    return [unbroadcast(g, Mul(g, dy, slope), base.shape)]
  },
  Max: extreme(GreaterOrEqual),
  Min: extreme(LessOrEqual),
  Sum: (step) =>
    step.operands.present().map((operand, index) =>
      step.when(index, () => unbroadcast(step.g, step.dy, operand.shape)),
    ),
  /** dy inside the bounds, which themselves are constants. */
  Clip: (step) => {
    const { g, dy, y } = step
    return [masked(g, Equal(g, step.x(), y), dy)]
  },
  Where: (step) => {
    const { g, dy } = step
    const [condition, yes, no] = [step.x(0), step.x(1), step.x(2)]
    const chosen = Mul(g, dy, Cast(g, condition, 'float32'))
    return [
      null,
      step.when(1, () => unbroadcast(g, chosen, yes.shape)),
      step.when(2, () => unbroadcast(g, Sub(g, dy, chosen), no.shape)),
    ]
  },
} satisfies Partial<Record<OpType, Rule>> // prettier-ignore

function alphaOf(step: Step): number {
  const alpha = step.node.attributes.alpha
  return alpha?.type === 'float' ? alpha.value : 0.2
}
