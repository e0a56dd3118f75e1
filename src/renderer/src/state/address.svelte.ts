/** @file The page in a browser's address: Back leads to the page before it, and a reload stays where one was. */
import type { Session } from './session.svelte'

const TRAIN = /^#train(?:\/(\d+))?$/

/** Keeps the address and the page in step, from when the session is ready. */
export function followAddress(session: Session, page: Window): void {
  const shown = (): string => {
    if (session.workspace === null || session.page === 'images') return ''
    return session.training.chosen === null ? '#train' : `#train/${session.training.chosen}`
  }
  /** Shows the page of the address, as far as there is one. */
  const follow = (): void => {
    const found = session.workspace === null ? null : TRAIN.exec(page.location.hash)
    const run = session.training.runs.find(({ id }) => id === Number(found?.[1]))
    if (found) session.training.choose(run?.id ?? null)
    session.page = found ? 'train' : 'images'
  }
  const write = (how: 'push' | 'replace'): void => {
    const [hash, before] = [shown(), page.location.hash]
    if (hash === before) return
    const address = page.location.pathname + page.location.search + hash
    // A run is part of its page: going back from it means to the images.
    const isWithin = hash !== '' && before !== ''
    page.history[how === 'replace' || isWithin ? 'replaceState' : 'pushState'](null, '', address)
  }
  $effect.root(() => {
    let isFirst = true
    $effect(() => {
      if (!session.ready) return
      if (isFirst && page.location.hash !== '') {
        follow()
        write('replace')
      }
      isFirst = false
      write('push')
    })
  })
  page.addEventListener('popstate', () => {
    if (!session.ready) return
    follow()
    write('replace')
  })
}
