/**
 * @file Can a provider be trusted with a network, and how fast is it? Every operator alone, then the network itself, both
 * against the processor; then it is timed.
 */
import { median } from '../base/quantile'
import type { Provider } from '../../shared/terms'
import { toWire } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { encodeModel } from '../onnx/encode'
import { TRAINING_PROVIDERS } from '../runtime/providers'
import { createSession } from '../runtime/session'
import { buildHead } from '../segface/postprocess'
import { checkOperators, noise, openDevice, requireClose, requireLabels, tooSlow } from './conformance'
import { endOf } from './ending'
import { Networks, type Logits } from './networks'
import type { Jobs, NetworkRef } from './protocol'

/** Timing ends at whichever comes first; a first run that takes longer is the only one. */
const TIMED_RUNS = 5
const TIMED_MS = 10_000

/**
 * Runs the checks on the provider, whose network comes from `networks` as it will in use. Throws `provider/unusable` where
 * it does not run or computes something else than the processor.
 */
export async function selfTest(
  networks: Networks,
  { network, provider, asked }: Jobs['trial']['request'],
): Promise<Jobs['trial']['answer']> {
  if (provider === 'cpu') {
    const whole = await tryNetwork(networks, network, provider)
    return { operators: 0, slower: null, untrainable: null, ...whole }
  }
  const device = await openDevice(provider)
  const slower = asked ? null : await tooSlow(provider)
  if (slower !== null) return { slower }
  const { operators, worst } = await checkOperators(provider, 'predicting')
  const whole = await tryNetwork(networks, network, provider)
  const untrainable = await whyUntrainable(provider)
  await device.release()
  return { operators, slower: null, untrainable, worst: Math.max(worst, whole.worst), ms: whole.ms }
}

/** Why a provider that predicts does not train, in a sentence; null where it does. */
async function whyUntrainable(provider: Provider): Promise<string | null> {
  if (!TRAINING_PROVIDERS.includes(provider)) return noteOf('wantsChanging', {})
  try {
    await checkOperators(provider, 'training')
    return null
  } catch (error) {
    return toWire(error).message
  }
}

/**
 * The network's worst relative difference from the processor's, and its median ms from a picture to labels, on a grid of the
 * network's side for every provider.
 */
async function tryNetwork(
  networks: Networks,
  ref: NetworkRef,
  provider: Provider,
): Promise<{ worst: number; ms: number }> {
  const image = noise(3 * ref.resolution ** 2)
  const worst = provider === 'cpu' ? 0 : await checkNetwork(networks, ref, provider, image)
  const labeller = await networks.loadLabeller(ref, provider)
  const run = async (): Promise<number> => {
    const start = performance.now()
    await labeller.label(image, { width: ref.resolution, height: ref.resolution })
    return performance.now() - start
  }
  const first = await run()
  const times: number[] = []
  const end = performance.now() + TIMED_MS
  while (first < TIMED_MS && times.length < TIMED_RUNS && performance.now() < end) times.push(await run())
  return { worst, ms: median(times.length > 0 ? times : [first]) }
}

/** How far the provider's logits are from the processor's; its labels must be those of its own logits. */
async function checkNetwork(
  networks: Networks,
  ref: NetworkRef,
  provider: Provider,
  image: Float32Array,
): Promise<number> {
  const logits = await (await networks.load(ref, provider)).run(image)
  const worst = requireClose(provider, 'the network', logits.data, await yardstick(ref, image))
  const [height = 0, width = 0] = logits.shape.slice(2)
  const labels = await (await networks.loadLabeller(ref, provider)).label(image, { width, height })
  requireLabels(provider, labels, await labelsOf(logits))
  return worst
}

/** The labels that the processor makes of logits [1, C, height, width]. */
async function labelsOf({ data, shape }: Logits): Promise<Uint8Array> {
  const [height = 0, width = 0] = shape.slice(2)
  const head = await createSession(encodeModel(buildHead({ ending: 'labels', shape, height, width })), 'cpu')
  const labels = endOf('labels', await head.run({ logits: { data, shape } }))
  await head.release()
  return labels
}

/** What the processor's network computes, built anew, so that no fault of a cache hides in both. */
async function yardstick(ref: NetworkRef, image: Float32Array): Promise<Float32Array> {
  const { session, run } = await new Networks(null).load(ref, 'cpu')
  const { data } = await run(image)
  await session.release()
  return data
}
