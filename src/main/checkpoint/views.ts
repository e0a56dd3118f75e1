/** @file Strided views: which elements of a storage they touch, and how they become contiguous. */
import type { DType } from '../base/tensor'
import { elementCount, elementSize } from '../base/tensor'

/** A strided layout; strides in elements. */
export interface Layout {
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

/** How many elements lie between the first and the last that a view touches, both included; 0 for an empty one. */
export function viewSpan({ shape, strides }: Layout): number {
  if (shape.includes(0)) return 0
  return shape.reduce((span, dimension, axis) => span + (dimension - 1) * (strides[axis] ?? 0), 1)
}

/** Whether the view's elements already lie in row-major order without gaps. */
export function isContiguous({ shape, strides }: Layout): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const dimension = shape[axis] ?? 1
    if (dimension !== 1 && strides[axis] !== expected) return false
    expected *= dimension
  }
  return true
}

/** Copies a view's elements into row-major order; `bytes` starts at its first element and covers its span. */
export function makeContiguous(dtype: DType, layout: Layout, bytes: Uint8Array): Uint8Array {
  const size = elementSize(dtype)
  const contiguous = new Uint8Array(elementCount(layout.shape) * size)
  let target = 0
  const copy = (axis: number, source: number): void => {
    const dimension = layout.shape[axis]
    const stride = layout.strides[axis]
    if (dimension === undefined || stride === undefined) {
      for (let byte = 0; byte < size; byte++) contiguous[target++] = bytes[source * size + byte] as number
      return
    }
    for (let i = 0; i < dimension; i++) copy(axis + 1, source + i * stride)
  }
  if (contiguous.byteLength > 0) copy(0, 0)
  return contiguous
}
