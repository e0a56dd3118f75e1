/** @file The page in a browser's address: Back leads to the page before it, and a reload stays where one was. */
import type { Session } from './session.svelte'

const TRAIN = /^#train(?:\/(\d+))?$/

/** Keeps the address and the page in step, from when a workspace is open. */
export function followAddress(session: Session, page: Window): void {
  const written = (): string => {
    if (session.workspace === null || session.page === 'images') return ''
    return session.training.chosen === null ? '#train' : `#train/${session.training.chosen}`
  }
  const apply = (): void => {
    const found = session.workspace === null ? null : TRAIN.exec(page.location.hash)
    const run = session.training.runs.find(({ id }) => id === Number(found?.[1]))
    if (found) session.training.choose(run?.id ?? null)
    session.page = found ? 'train' : 'images'
  }
  const write = (): void => {
    const [hash, before] = [written(), page.location.hash]
    if (hash === before) return
    const address = page.location.pathname + page.location.search + hash
    // A run is part of its page; going back means to the images.
    if (hash !== '' && before !== '') page.history.replaceState(null, '', address)
    else page.history.pushState(null, '', address)
  }
  $effect.root(() => {
    let isApplied = false
    $effect(() => {
      if (!session.ready) return
      // Whoever was quicker has turned to a page already.
      if (!isApplied && page.location.hash !== '') apply()
      isApplied = true
      write()
    })
  })
  page.addEventListener('popstate', apply)
}
