/** @file Products in 8 bits are exact on whatever processor this is, with the option that saturation.ts decides on. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import { tensor } from '../../../src/main/base/tensor'
import { encodeModel } from '../../../src/main/onnx/encode'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { MatMulInteger } from '../../../src/main/onnx/ops/quantise'
import { sessionOptions } from '../../../src/main/runtime/providers'
import { saturates } from '../../../src/main/runtime/saturation'
import { noise } from '../../helpers/named_tensors'

const [ROWS, INNER, COLUMNS] = [70, 96, 50]

it('products in 8 bits are exact over their whole range', async () => {
  const a = Uint8Array.from(noise('a', ROWS * INNER), (u) => 127.5 + 127.5 * u)
  const b = Int8Array.from(noise('b', INNER * COLUMNS), (u) => 127 * u)
  const g = new GraphBuilder('product')
  const x = g.input('x', 'uint8', [ROWS, INNER])
  const zero = g.initializer('zero', tensor('uint8', [], new Uint8Array(1)))
  g.output('y', MatMulInteger(g, x, g.initializer('b', tensor('int8', [INNER, COLUMNS], b)), zero))
  const graph = encodeModel(g.finish())

  const exact = Int32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS]
    let sum = 0
    for (let k = 0; k < INNER; k++) sum += (a[row * INNER + k] ?? NaN) * (b[k * COLUMNS + column] ?? NaN)
    return sum
  })
  // Asked for where it isn't needed, the option only costs time.
  for (const isAsked of new Set([await saturates(), true])) {
    const session = await InferenceSession.create(graph, sessionOptions('cpu', 2, isAsked))
    const { y } = await session.run({ x: new Tensor('uint8', a, [ROWS, INNER]) })
    expect(y?.data).toEqual(exact)
    await session.release()
  }
})
