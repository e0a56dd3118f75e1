/** @file Running statistics move as PyTorch documents it: towards the batch's mean and unbiased variance, by the momentum. */
import { expect, test } from 'vitest'
import { fromFloat32, toFloat32, type Tensor } from '../../../src/main/base/tensor'
import { movedStatistics } from '../../../src/main/training/running_statistics'
import { expectAllClose } from '../../helpers/allclose'

const BEFORE = { mean: [0.5, -2], variance: [1, 4] }
const SEEN = { mean: Float32Array.of(1, -1), variance: Float32Array.of(2, 0.25) }

const vector = (values: readonly number[], dtype: 'float32' | 'float16' = 'float32'): Tensor =>
  fromFloat32(dtype, [values.length], Float32Array.from(values))

const stateDict = (dtype: 'float32' | 'float16' = 'float32'): Map<string, Tensor> =>
  new Map([
    ['a.weight', vector([1, 1], dtype)],
    ['a.running_mean', vector(BEFORE.mean, dtype)],
    ['a.running_var', vector(BEFORE.variance, dtype)],
    ['a.num_batches_tracked', { dtype: 'int64', shape: [], data: BigInt64Array.of(41n) }],
    ['b.running_mean', vector([7, 7], dtype)],
  ])

/** What one batch of `count` pixels makes of them. */
function expected(momentum: number, count: number) {
  const move = (old: number, seen: number) => (1 - momentum) * old + momentum * seen
  const unbiased = (value: number) => (value * count) / Math.max(1, count - 1)
  return {
    mean: BEFORE.mean.map((old, i) => move(old, SEEN.mean[i] as number)),
    variance: BEFORE.variance.map((old, i) => move(old, unbiased(SEEN.variance[i] as number))),
  }
}

const numbers = (moved: ReadonlyMap<string, Tensor>, name: string): Float32Array =>
  toFloat32(moved.get(name) as Tensor)

test.each([
  ['mobilenet', 0.01, 32],
  ['resnet', 0.1, 32],
  ['efficientnet', 0.1, 2],
  // PyTorch refuses to normalise a single pixel by itself; nothing becomes infinite here.
  ['resnet', 0.1, 1],
] as const)('of %s by %d, of %d pixels', (arch, momentum, count) => {
  const before = stateDict()
  const moved = movedStatistics(before, arch, new Map([['a', { ...SEEN, count }]]))
  expect([...moved.keys()]).toEqual(['a.running_mean', 'a.running_var', 'a.num_batches_tracked'])
  const { mean, variance } = expected(momentum, count)
  expectAllClose(numbers(moved, 'a.running_mean'), mean, { atol: 1e-6 })
  expectAllClose(numbers(moved, 'a.running_var'), variance, { atol: 1e-6 })
  expect(moved.get('a.num_batches_tracked')?.data).toEqual(BigInt64Array.of(42n))
  // The state dict itself stays as it was.
  expect(numbers(before, 'a.running_mean')).toEqual(Float32Array.from(BEFORE.mean))
})

test('of a half-precision checkpoint in single precision, so that small moves add up', () => {
  const moved = movedStatistics(stateDict('float16'), 'mobilenet', new Map([['a', { ...SEEN, count: 32 }]]))
  expect(moved.get('a.running_mean')?.dtype).toBe('float32')
  expectAllClose(numbers(moved, 'a.running_mean'), expected(0.01, 32).mean, { atol: 1e-6 })
})

test('of norms that a checkpoint keeps no statistics of: nothing', () => {
  expect(movedStatistics(stateDict(), 'resnet', new Map([['c', { ...SEEN, count: 4 }]])).size).toBe(0)
  expect(movedStatistics(stateDict(), 'resnet', new Map()).size).toBe(0)
})
