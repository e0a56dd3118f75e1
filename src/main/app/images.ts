/** @file The list of a workspace's pictures and a person's verdict on each. */
import { naturalSort } from '../imaging/scan'
import type { Context, Handlers } from './app'

export function imageHandlers({
  workspace,
  events,
}: Context): Pick<Handlers, 'images.list' | 'images.review'> {
  return {
    'images.list'() {
      const rows = new Map(
        workspace
          .require()
          .store.listRows()
          .map((row) => [row.name, row]),
      )
      return { rows: naturalSort([...rows.keys()]).flatMap((name) => rows.get(name) ?? []) }
    },
    'images.review'({ image, review }) {
      const row = workspace.require().store.review(image, review)
      events.emit('images.changed', { rows: [row] })
      return row
    },
  }
}
