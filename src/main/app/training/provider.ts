/** @file Which provider a run trains on, and which next where one fails in training. */
import type { ProviderTrial } from '../../../shared/answers'
import { FacetError } from '../../../shared/errors'
import { noteOf } from '../../../shared/notes'
import type { Provider, ProviderChoice } from '../../../shared/terms'
import { networkOf } from '../../models/registry'
import { TRAINING_PROVIDERS } from '../../runtime/providers'
import type { Context } from '../app'
import type { Verdict } from '../providers'

type Parts = Pick<Context, 'providers' | 'registry'>

/** A provider that takes so many times as long to predict may still train faster. */
const NEAR = 4

const trainsOn = (choice: ProviderChoice): boolean => choice === 'auto' || TRAINING_PROVIDERS.includes(choice)

/** What was chosen for predicting, as far as it trains. */
export function trainingChoice(chosen: ProviderChoice): ProviderChoice {
  return trainsOn(chosen) ? chosen : 'auto'
}

/**
 * The provider that trains a run which begins with `base`, a model's id or a fresh network's name, and a note where another
 * would predict. Throws `provider/unusable` where the one that was asked for does not train or does not work.
 */
export async function chooseProvider(
  { providers, registry }: Parts,
  base: string,
  choice: ProviderChoice,
  signal?: AbortSignal,
): Promise<{ provider: Provider; note: string | null }> {
  if (!trainsOn(choice))
    throw new FacetError('provider/unusable', `Training runs on cpu, webgpu or cuda, not on ${choice}.`, {
      provider: choice,
    })
  const verdict = await providers.choose(await networkOfBase(registry, base), choice, signal)
  const provider = trainingProvider(verdict, choice)
  const { chosen } = verdict
  const isToldWhy = trialOf(verdict, chosen)?.trains === false
  return { provider, note: isToldWhy ? noteOf('predictsOnly', { chosen, provider }) : null }
}

/** The provider to go on with where one failed, for the reason given. */
export type NextProvider = (failed: Provider, reason: string) => Promise<Provider>

/** Of a run which begins with `base`: one that fails is trusted no more to train it. Null where nobody but the user chooses. */
export function nextProvider(parts: Parts, base: string, choice: ProviderChoice): NextProvider | null {
  if (choice !== 'auto') return null
  return async (failed, reason) => {
    await parts.providers.distrustTraining(await networkOfBase(parts.registry, base), failed, reason)
    const { provider } = await chooseProvider(parts, base, choice)
    return provider === failed ? 'cpu' : provider
  }
}

/** The network that providers are judged by: the base's, and for a fresh one the default model's. */
async function networkOfBase(
  registry: Context['registry'],
  base: string,
): Promise<ReturnType<typeof networkOf>> {
  const found = (await registry.list()).find(({ manifest }) => manifest.id === base)
  return networkOf(found ?? (await registry.find(null)))
}

/**
 * The provider that trains, by a verdict on those that predict. Between GPU providers nobody chose, WebGPU if it predicts about
 * as fast: there alone weights and optimiser stay on the device. On an H200 CUDA predicts in half the time, but a step of
 * MobileNet takes 105 ms with it, with WebGPU 59 (measured).
 */
export function trainingProvider(
  verdict: Pick<Verdict, 'chosen' | 'trials'>,
  choice: ProviderChoice,
): Provider {
  const { chosen, trials } = verdict
  if (chosen === 'cpu') return 'cpu'
  const msOf = (provider: Provider): number => trialOf(verdict, provider)?.ms ?? Infinity
  const others = trials.map(({ provider }) => provider).filter((one) => one !== chosen && one !== 'cpu')
  const isNear = msOf('webgpu') <= NEAR * msOf(chosen) && msOf('webgpu') < msOf('cpu')
  const order: readonly Provider[] = choice === 'auto' && isNear ? ['webgpu', chosen] : [chosen]
  return [...order, ...others].find((one) => trialOf(verdict, one)?.trains) ?? 'cpu'
}

function trialOf({ trials }: Pick<Verdict, 'trials'>, provider: Provider): ProviderTrial | undefined {
  return trials.find((trial) => trial.provider === provider)
}
