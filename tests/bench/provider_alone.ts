/** @file One network on one provider, in a process of its own: drivers may take it down. Started by providers.ts. */
import { median } from '../../src/main/base/quantile'
import { encodeFor } from '../../src/main/runtime/encode'
import { createSession } from '../../src/main/runtime/session'
import type { Architecture } from '../../src/main/segface/config'
import { buildSegFace } from '../../src/main/segface/network'
import { readInput } from '../../src/main/segface/preprocess'
import { buildStep, STEP } from '../../src/main/training/step_graph'
import { createStepper } from '../../src/main/training/stepper'
import type { Provider } from '../../src/shared/terms'
import { PHOTO, weightsOf } from './subject'

export interface OnProvider {
  readonly logits: Float32Array
  readonly loadMs: number
  /** Of the first run, with whatever the provider prepares then. */
  readonly firstMs: number
  readonly ms: number
  /** A training step of scope full, on one picture; null where it was not asked for. */
  readonly stepMs: number | null
  /** ½ (cross-entropy + Dice) of each of the first three steps. */
  readonly losses: readonly number[]
}

const STEPS = 3

export default async function onProvider(
  arch: Architecture,
  provider: Provider,
  side: number,
  runs: number,
  trains: boolean,
): Promise<OnProvider> {
  const stateDict = await weightsOf(arch)
  const image = { data: await readInput(PHOTO, side), shape: [1, 3, side, side] }
  const begun = performance.now()
  const session = await createSession(
    encodeFor(provider, buildSegFace(stateDict, { resolution: side })),
    provider,
  )
  const loadMs = performance.now() - begun
  let logits: unknown
  const [firstMs = NaN, ...times] = await laps(1 + runs, async () => {
    ;({ logits } = await session.run({ image }))
  })
  await session.release()
  const base = { logits: (logits as { data: Float32Array }).data, loadMs, firstMs, ms: median(times) }
  if (!trains) return { ...base, stepMs: null, losses: [] }

  const graph = buildStep(stateDict, {
    ...{ arch, scope: 'full', resolution: side, batch: 1, batchNorm: 'running', dicePresent: true },
  })
  const stepper = await createStepper(graph, stateDict, provider)
  const labels = {
    data: Int32Array.from({ length: side ** 2 }, (_, i) => Math.floor((19 * i) / side ** 2)),
    shape: [1, side, side],
  }
  const losses: number[] = []
  const steps = await laps(STEPS + runs, async () => {
    const step = losses.length + 1
    const settings = { lr: 1e-5, weightDecay: 0, decay: 0.98 }
    losses.push((await stepper.step({ image, [STEP.labels]: labels }, step, settings)).losses.total)
  })
  await stepper.release()
  return { ...base, stepMs: median(steps.slice(STEPS)), losses: losses.slice(0, STEPS) }
}

/** Milliseconds of each of `count` runs of `work`. */
async function laps(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const begun = performance.now()
    await work()
    times.push(performance.now() - begun)
  }
  return times
}
