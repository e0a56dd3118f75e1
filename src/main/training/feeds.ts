/** @file Faces as a network is fed with them: normalised pictures or cached taps, and labels. */
import { at } from '../../shared/assert'
import { CLASS_NAMES } from '../../shared/labels'
import type { Array32 } from '../runtime/session'
import { normalise } from '../segface/preprocess'
import type { Face } from './augment'
import { STEP } from './step_graph'
import type { StepFeeds } from './stepper'

const CLASSES = CLASS_NAMES.length

/** `image` [N, 3, R, R], `labels` [N, R, R] and `checked` [N, 19, 1] of a batch. */
export function pictureFeeds(faces: readonly Face[]): StepFeeds {
  const { side } = at(faces, 0)
  return {
    [STEP.image]: joined(faces.map(({ rgb }) => ({ data: normalise(rgb), shape: [1, 3, side, side] }))),
    ...labelFeeds(faces),
  }
}

/** The taps of each face [1, C, h, w] as those of a batch [N, C, h, w], `labels` and `checked`. */
export function tapFeeds(taps: readonly StepFeeds[], faces: readonly Face[]): StepFeeds {
  const names = Object.keys(at(taps, 0))
  const each = names.map((name) => [name, joined(taps.map((one) => one[name] as Array32))] as const)
  return { ...Object.fromEntries(each), ...labelFeeds(faces) }
}

function labelFeeds(faces: readonly Face[]): StepFeeds {
  const { side } = at(faces, 0)
  const data = new Int32Array(faces.length * side ** 2)
  const checked = new Float32Array(faces.length * CLASSES)
  faces.forEach((face, n) => {
    data.set(face.labels, n * side ** 2)
    for (let part = 1; part < CLASSES; part++)
      checked[n * CLASSES + part] = ((face.checked ?? 0) >>> (part - 1)) & 1
  })
  return {
    [STEP.labels]: { data, shape: [faces.length, side, side] },
    [STEP.checked]: { data: checked, shape: [faces.length, CLASSES, 1] },
  }
}

/** Arrays [1, …] one behind the other. */
function joined(arrays: readonly Array32[]): Array32 {
  const first = at(arrays, 0)
  const shape = [arrays.length, ...first.shape.slice(1)]
  if (arrays.length === 1) return { data: first.data, shape }
  const data = new Float32Array(first.data.length * arrays.length)
  arrays.forEach((array, n) => data.set(array.data, n * first.data.length))
  return { data, shape }
}
