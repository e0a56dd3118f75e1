/** @file Windows that slide over pictures, as convolution and pooling have them: and what each place of one sees. */
import { at } from '../../../shared/assert'
import type { GraphBuilder, Value } from '../../onnx/graph'
import { Pad, Slice } from '../../onnx/ops/shape'
import type { Step } from '../rule'

/** A window sliding over a picture: how it steps and what surrounds the picture, in both axes [vertical, horizontal]. */
export interface Window {
  readonly kernel: Pair
  readonly strides: Pair
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
}
export type Pair = readonly [number, number]

export function windowOf({ operands }: Step, kernel: readonly number[]): Window {
  const dilations = operands.ints('dilations', [1, 1])
  if (dilations.some((dilation) => dilation !== 1)) operands.fail('is differentiated without dilations only')
  return {
    kernel: [at(kernel, 0), at(kernel, 1)],
    strides: operands.ints('strides', [1, 1]) as Pair,
    pads: operands.ints('pads', [0, 0, 0, 0]) as Window['pads'],
  }
}

/** x [N, C, H, W] with what surrounds it. */
export function surrounded(g: GraphBuilder, x: Value, { pads: [top, left, bottom, right] }: Window): Value {
  return top + left + bottom + right === 0 ? x : Pad(g, x, [0, 0, top, left, 0, 0, bottom, right])
}

/** What each place (row, column) of the window sees of a surrounded picture: [N, C, height, width], row by row. */
export function views(
  g: GraphBuilder,
  x: Value,
  { kernel, strides }: Window,
  [height, width]: Pair,
): Value[] {
  const whole = kernel[0] === 1 && kernel[1] === 1 && at(strides, 0) === 1 && at(strides, 1) === 1
  if (whole) return [x]
  return Array.from({ length: kernel[0] * kernel[1] }, (_, place) => {
    const [row, column] = [Math.floor(place / kernel[1]), place % kernel[1]]
    return Slice(g, x, {
      starts: [row, column],
      ends: [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1],
      axes: [2, 3],
      steps: [...strides],
    })
  })
}
