/** @file Work on the provider that Facet chose for a model, and on the next best where that one fails in use. */
import type { Provider, ProviderChoice } from '../../shared/terms'
import { toWire } from '../../shared/errors'
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
      const { code, message } = toWire(error)
      const isProvidersFault = code === 'engine/crashed' || code === 'provider/unusable'
      if (!isProvidersFault || choice !== 'auto' || chosen === 'cpu') throw error
      await providers.distrust(network, chosen, message)
      events.emit('notice', { level: 'warning', message: `${message} It is not used any more.` })
    }
  }
}
