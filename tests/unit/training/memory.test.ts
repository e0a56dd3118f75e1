/** @file The memory that a graph will take, planned: by hand on a small one. */
import { expect, test } from 'vitest'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Add, Exp, Neg } from '../../../src/main/onnx/ops/elementwise'
import { peakBytes } from '../../../src/main/training/memory'

test('counts inputs for good, and each value from its making to its last reading', () => {
  const g = new GraphBuilder()
  const x = g.input('x', 'float32', [10])
  const a = Exp(g, x)
  const b = Neg(g, a)
  const c = Exp(g, b)
  g.output('y', Add(g, a, c))
  // x, and at the worst moments three of a, b and c, or a, c and y, of 40 bytes each.
  expect(peakBytes(g.finish())).toBe(40 + 3 * 40)
})
