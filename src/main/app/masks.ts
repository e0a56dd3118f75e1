/** @file The masks of the picture on screen: read, changed by hand, taken back and forth. */
import { userInfo } from 'node:os'
import type { FaceMasks, HistoryState, HistoryStep } from '../../shared/answers'
import type { Context, Handlers } from './app'

export function maskHandlers({
  workspace,
  events,
}: Context): Pick<Handlers, 'masks.open' | 'masks.commit' | 'masks.undo' | 'masks.redo' | 'masks.history'> {
  const author = userName()

  /** Tells other windows that the masks are new, and the list what the image counts as now, where that is. */
  function changed<T extends HistoryState>(face: number, change: () => T): T {
    const { store } = workspace.require()
    const { image } = store.readFace(face).face
    const before = store.image(image).status
    const state = change()
    if (state.status !== before) events.emit('images.changed', { rows: store.rows([image]) })
    events.emit('masks.changed', { image, face, revision: state.revision })
    return state
  }

  return {
    async 'masks.open'({ image }): Promise<FaceMasks> {
      const open = workspace.require()
      const face = await open.faceOf(image)
      const size = await open.sizeOf(image)
      open.showed(image)
      return {
        ...open.store.state(face.id),
        image,
        face: face.id,
        width: face.grid.width,
        height: face.grid.height,
        imageWidth: size.width,
        imageHeight: size.height,
        version: open.store.image(image).version,
        parts: open.store.partMasks(face.id),
      }
    },
    'masks.commit': (request) =>
      changed(request.face, () => workspace.require().store.commit({ ...request, author })),
    'masks.undo': ({ face }): HistoryStep =>
      changed(face, () => workspace.require().store.undo(face, author)),
    'masks.redo': ({ face }): HistoryStep =>
      changed(face, () => workspace.require().store.redo(face, author)),
    'masks.history': ({ face, limit }) => ({ revisions: workspace.require().store.history(face, limit) }),
  }
}

/** Who corrects, for the history; some containers have no such name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'user'
  }
}
