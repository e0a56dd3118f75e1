/** @file Resize: Alt and the right button dragged sideways change the brush's diameter under the hand. */
import { newest, type Tool } from '../desk'

export const resize: Tool = (desk, input) => {
  const from = newest(input).x
  const size = desk.brushSize
  return {
    state: 'resizing',
    // The ring's edge keeps its distance from the hand: the diameter grows by twice the way.
    move: (next) => {
      desk.brushSize = size + (2 * (newest(next).x - from)) / desk.maskScale
    },
    end: () => undefined,
    bail: () => {
      desk.brushSize = size
    },
  }
}
