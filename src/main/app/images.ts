/** @file The list of a workspace's pictures and a person's verdict on each. */
import type { ImageRow } from '../../shared/answers'
import { naturalSort } from '../imaging/scan'
import type { Context, Handlers } from './app'

export function imageHandlers({
  workspace,
  events,
}: Context): Pick<Handlers, 'images.list' | 'images.review' | 'images.check' | 'images.pin'> {
  function tell(row: ImageRow): ImageRow {
    events.emit('images.changed', { rows: [row] })
    return row
  }

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
    'images.review': ({ image, review }) => tell(workspace.require().store.review(image, review)),
    'images.check': ({ image, parts }) => tell(workspace.require().store.check(image, parts)),
    'images.pin': ({ image, golden }) => tell(workspace.require().store.pin(image, golden)),
  }
}
