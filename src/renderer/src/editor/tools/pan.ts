/** @file Pan: the photo follows the hand. A view is never recorded, so there is nothing to bail out of. */
import { newest, type Tool } from '../desk'

export const pan: Tool = (desk, input) => {
  let last = newest(input)
  return {
    state: 'panning',
    move: (next) => {
      const now = newest(next)
      desk.panBy(now.x - last.x, now.y - last.y)
      last = now
    },
    end: () => undefined,
    bail: () => undefined,
  }
}
