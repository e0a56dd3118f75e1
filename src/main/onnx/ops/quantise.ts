/** @file Numbers of 8 bits and products of them, by the operators' own names. x ≈ (quantised x - zero point) · scale. */
import type { GraphBuilder, Value } from '../graph'
import { int } from '../graph'

/** x in the type of `zeroPoint`, rounded half to even and cut off at its ends; scales and zero points along `axis`. */
export function QuantizeLinear(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  zeroPoint: Value,
  axis: number,
): Value {
  return g.op('QuantizeLinear', [x, scale, zeroPoint], { axis: int(axis) })
}

/** x as uint8 with the one scale and zero point that its own range, widened to hold 0, asks for. */
export function DynamicQuantizeLinear(
  g: GraphBuilder,
  x: Value,
): readonly [quantised: Value, scale: Value, zeroPoint: Value] {
  return g.node('DynamicQuantizeLinear', [x], {}, 3) as [Value, Value, Value]
}

/** (a - aZeroPoint) by b as int32, both of 8 bits; b's zero point is 0. */
export function MatMulInteger(g: GraphBuilder, a: Value, b: Value, aZeroPoint: Value): Value {
  return g.op('MatMulInteger', [a, b, aZeroPoint])
}
