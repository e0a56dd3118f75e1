/**
 * @file Can a provider be trusted with a network? Convolutions of the channel counts that WebGPU is known to get wrong,
 * then the network itself, both against the processor; then how fast.
 */
import type { Provider } from '../../shared/api'
import { FacetError } from '../../shared/errors'
import { GraphBuilder } from '../onnx/graph'
import { Conv } from '../onnx/ops/conv'
import { encodeModel } from '../onnx/encode'
import { createSession } from '../runtime/session'
import { Networks } from './networks'
import type { Jobs, NetworkRef } from './protocol'

/** Channel counts around WebGPU's NHWC defect (divisible by 3, not by 4, over 3) and some that were always right. */
const CHANNELS = [3, 6, 9, 12, 15, 16, 18]
/** Relative to the largest logit; half floats inside a driver stay well below, a wrong result does not. */
const TOLERANCE = 2e-2
const TIMED_RUNS = 5

/** Deterministic noise in [-1, 1). */
function noise(length: number): Float32Array {
  let state = 0x2545f491
  return Float32Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x80000000 - 1
  })
}

/**
 * Runs the checks on `provider`, whose network comes from `networks` as it will in use; the processor's is built anew, so
 * that no fault of a cache hides in both. Answers the worst relative difference from the processor and the median ms per run.
 * Throws `provider/unusable` where the provider does not run or computes something else.
 */
export async function selfTest(
  networks: Networks,
  ref: NetworkRef,
  provider: Provider,
): Promise<Jobs['trial']['answer']> {
  let worst = 0
  if (provider !== 'cpu')
    for (const channels of CHANNELS) worst = Math.max(worst, await compareConv(channels, provider))
  const network = await networks.load(ref, provider)
  const side = network.resolution
  const image = noise(3 * side * side)
  if (provider !== 'cpu') {
    const yardstick = await new Networks(null).load(ref, 'cpu')
    const [got, expected] = [await network.run(image), await yardstick.run(image)]
    worst = Math.max(worst, difference(got.data, expected.data))
  } else {
    await network.run(image)
  }
  if (!(worst <= TOLERANCE)) {
    throw new FacetError(
      'provider/unusable',
      `The provider ${provider} computes something else than the processor: it differs by ${(100 * worst).toFixed(1)} % where ${100 * TOLERANCE} % is allowed.`,
      { provider, worst },
    )
  }
  const times: number[] = []
  for (let run = 0; run < TIMED_RUNS; run++) {
    const start = performance.now()
    await network.run(image)
    times.push(performance.now() - start)
  }
  return { worst, ms: times.sort((a, b) => a - b)[TIMED_RUNS >> 1] ?? 0 }
}

async function compareConv(channels: number, provider: Provider): Promise<number> {
  const builder = new GraphBuilder()
  const image = builder.input('image', 'float32', [1, channels, 12, 12])
  const weight = builder.initializer('weight', {
    dtype: 'float32',
    shape: [8, channels, 3, 3],
    data: noise(72 * channels),
  })
  builder.output('y', Conv(builder, image, weight, null, { pads: [1, 1, 1, 1] }))
  const bytes = encodeModel(builder.finish())
  const feeds = { image: { data: noise(channels * 144), shape: [1, channels, 12, 12] } }
  const results = []
  for (const where of [provider, 'cpu'] as const) {
    const session = await createSession(bytes, where)
    results.push((await session.run(feeds)).y?.data)
    await session.release()
  }
  return difference(results[0], results[1])
}

/** Largest difference, relative to the largest expected magnitude; infinite for anything that is not comparable. */
function difference(got: ArrayLike<number> | undefined, expected: ArrayLike<number> | undefined): number {
  if (!got || got.length !== expected?.length) return Infinity
  let worst = 0
  let largest = 0
  for (let i = 0; i < got.length; i++) {
    const gap = Math.abs((got[i] as number) - (expected[i] as number))
    if (!(gap <= worst)) worst = Number.isNaN(gap) ? Infinity : gap
    largest = Math.max(largest, Math.abs(expected[i] as number))
  }
  return worst / Math.max(largest, 1e-6)
}
