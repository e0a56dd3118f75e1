/** @file Work on the provider that Facet chose for a model, and on the next best where that one fails in use. */
import type { Provider, ProviderChoice } from '../../shared/terms'
import { noteOf } from '../../shared/notes'
import { toWire, type WireError } from '../../shared/errors'
import type { NetworkRef } from '../engine/protocol'
import type { Context } from './app'

/**
 * Calls `work` with the provider of `choice`. One that Facet chose and that fails is trusted no more, which is told, and
 * `work` is called again with the next best; what it did by then is its own to remember. Throws `provider/unusable` where
 * the one that was asked for does not work, and what `work` throws otherwise.
 */
export async function onProvider<T>(
  { providers, events }: Pick<Context, 'providers' | 'events'>,
  network: NetworkRef & { readonly id: string },
  choice: ProviderChoice,
  signal: AbortSignal,
  work: (provider: Provider) => Promise<T>,
): Promise<T> {
  for (;;) {
    const { chosen } = await providers.choose(network, choice, signal)
    try {
      return await work(chosen)
    } catch (error) {
      if (!(await distrusts({ providers, events }, network, choice, chosen, toWire(error)))) throw error
    }
  }
}

/** True for an error that another provider may not give. */
export function isProvidersFault({ code }: WireError): boolean {
  return code === 'engine/crashed' || code === 'provider/unusable'
}

/** True where the error is the fault of `provider` and Facet chose that: it is trusted no more for the model, which is told. */
export async function distrusts(
  { providers, events }: Pick<Context, 'providers' | 'events'>,
  network: NetworkRef & { readonly id: string },
  choice: ProviderChoice,
  provider: Provider,
  error: WireError,
): Promise<boolean> {
  if (!isProvidersFault(error) || choice !== 'auto' || provider === 'cpu') return false
  await providers.distrust(network, provider, error.message)
  events.emit('notice', { level: 'warning', message: noteOf('notUsedAnyMore', { reason: error.message }) })
  return true
}
