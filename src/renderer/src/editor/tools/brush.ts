/** @file Brush and eraser: every sample of the pointer joined into one stroke, one edit. */
import { asksToErase, type Desk, type Gesture, type PointerInput } from '../desk'
import { BrushPath } from '../stamp'

/** `eraser` erases always, `brush` with the right button or Alt. */
export function paintWith(name: 'brush' | 'eraser') {
  return (desk: Desk, input: PointerInput): Gesture | null => {
    const { document } = desk
    if (!document) return null
    const erase = name === 'eraser' || asksToErase(input)
    const ink = desk.mixInk(erase)
    if (!ink) return null
    const path = new BrushPath(document.map)
    const size = desk.brushSize
    const draw = ({ samples, pen }: PointerInput): void => {
      for (const sample of samples) {
        const { x, y } = desk.toMask(sample)
        const width = pen ? Math.max(1, Math.round(size * sample.pressure)) : size
        path.extend(x, y, width, (row, start, end) => document.paint(row, start, end, ink))
      }
    }
    document.begin()
    draw(input)
    return {
      state: 'painting',
      move: draw,
      end: () => desk.commit(erase ? 'eraser' : 'brush'),
      bail: () => document.bail(),
    }
  }
}
