/** @file A typed loudspeaker: whoever listens hears each event in order; a listener that throws disturbs nobody. */

export class Loudspeaker<Events> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>()

  /** Subscribes; returns a function that ends the subscription. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(payload as never)
      } catch (error) {
        console.error(`a listener of ${String(event)} failed:`, error)
      }
    }
  }
}
