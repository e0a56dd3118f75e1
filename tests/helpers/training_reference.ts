/** @file Holding training steps against numbers recorded from PyTorch, in the format of ../shared/reference/README.md. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Tensor } from '../../src/main/base/tensor'
import { plainSteps } from '../../src/main/training/plain_steps'
import type { Scope } from '../../src/shared/training'
import { namedImage, namedTensor, noise, pickedPositions } from './named_tensors'

interface Losses {
  readonly cross_entropy: number
  readonly dice: number
  readonly total: number
}

interface GradientSample {
  readonly norm: number
  readonly absmax: number
  readonly count: number
  readonly values_f32_b64: string
}

export interface TrainingReference {
  readonly model: string
  readonly resolution: number
  readonly batch: number
  readonly scope: Scope
  readonly batch_norm: 'running' | 'batch'
  readonly lr: number
  readonly weight_decay: number
  readonly image: string
  readonly labels: { readonly tag: string; readonly block: number }
  readonly steps: readonly Losses[]
  readonly after: Losses
  readonly gradients: Readonly<Record<string, GradientSample | null>>
  readonly params_after: Readonly<Record<string, string>>
  readonly running_after?: Readonly<Record<string, string>>
}

/** Names and shapes of a network's tensors: of a file in ../shared/reference/forward. */
export type StateDictList = readonly (readonly [name: string, shape: readonly number[], dtype: string])[]

export function readTrainingReference(file: string): TrainingReference {
  return JSON.parse(readFileSync(file, 'utf8')) as TrainingReference
}

/** Square blocks of classes [batch, R, R]. */
export function blockLabels(tag: string, block: number, batch: number, resolution: number): Int32Array {
  const side = Math.ceil(resolution / block)
  const classes = Array.from(noise(tag, batch * side ** 2), (u) =>
    Math.min(Math.floor(((u + 1) / 2) * 19), 18),
  )
  return Int32Array.from({ length: batch * resolution ** 2 }, (_, i) => {
    const [n, y, x] = [
      Math.floor(i / resolution ** 2),
      Math.floor(i / resolution) % resolution,
      i % resolution,
    ]
    return classes[n * side ** 2 + Math.floor(y / block) * side + Math.floor(x / block)] as number
  })
}

const LOSS_TOLERANCE = 1e-4
const NORM_TOLERANCE = { relative: 1e-3, absolute: 1e-6 }
const GRADIENT_TOLERANCE = { ofAbsmax: 1e-3, absolute: 1e-7 }
const PARAMETER_TOLERANCE = { most: 1e-4, share: 0.98, all: 6e-3 }

/** How far each kind of number is from the recorded one, in units of what is allowed; 1 and less passes. */
export interface Distances {
  losses: number
  norms: number
  gradients: number
  /** Share of the picked parameters beyond 1e-4, of the 2 % allowed. */
  parameters: number
  worstParameter: number
  running: number
}

export async function distancesTo(
  reference: TrainingReference,
  stateDict: StateDictList,
): Promise<Distances> {
  const { batch, resolution, scope, batch_norm: batchNorm, lr, weight_decay: weightDecay } = reference
  const { tag, block } = reference.labels
  const result = await plainSteps(
    new Map(stateDict.map(([name, shape]) => [name, namedTensor(name, shape)])),
    namedImage(reference.image, [batch, 3, resolution, resolution]),
    blockLabels(tag, block, batch, resolution),
    { batch, resolution },
    { scope, batchNorm, lr, weightDecay, steps: reference.steps.length },
  )
  const far: Distances = { losses: 0, norms: 0, gradients: 0, parameters: 0, worstParameter: 0, running: 0 }
  const worse = (kind: keyof Distances, distance: number): void => {
    far[kind] = Math.max(far[kind], Number.isNaN(distance) ? Infinity : distance)
  }

  const recorded = [...reference.steps, reference.after]
  const losses = [...result.losses, result.after]
  expect(losses).toHaveLength(recorded.length)
  losses.forEach(({ crossEntropy, dice, total }, i) => {
    const { cross_entropy, dice: recordedDice, total: recordedTotal } = recorded[i] as Losses
    for (const [actual, expected] of [[crossEntropy, cross_entropy], [dice, recordedDice], [total, recordedTotal]] as const) {
      worse('losses', Math.abs(actual - expected) / (LOSS_TOLERANCE * Math.abs(expected)))
    }
  }) // prettier-ignore

  expect([...result.gradients.keys()].sort()).toEqual(
    Object.keys(reference.gradients).filter((name) => reference.gradients[name] !== null).sort(),
  ) // prettier-ignore
  for (const [name, { data }] of result.gradients) {
    const sample = reference.gradients[name] as GradientSample
    const gradient = data as Float32Array
    const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0))
    worse('norms', Math.abs(norm - sample.norm) / Math.max(NORM_TOLERANCE.relative * sample.norm, NORM_TOLERANCE.absolute))
    const allowed = Math.max(GRADIENT_TOLERANCE.ofAbsmax * sample.absmax, GRADIENT_TOLERANCE.absolute)
    for (const [actual, expected] of picked(gradient, `grad:${name}`, sample.values_f32_b64)) {
      worse('gradients', Math.abs(actual - expected) / allowed)
    }
  } // prettier-ignore

  let [count, beyond] = [0, 0]
  const compare = (entries: Readonly<Record<string, string>>, prefix: string, each: (difference: number) => void) => {
    for (const [name, base64] of Object.entries(entries)) {
      const { data } = result.stateDict.get(name) as Tensor
      for (const [actual, expected] of picked(data as Float32Array, prefix + name, base64)) each(Math.abs(actual - expected))
    }
  } // prettier-ignore

  compare(reference.params_after, 'param:', (difference) => {
    count++
    if (difference > PARAMETER_TOLERANCE.most) beyond++
    worse('worstParameter', difference / PARAMETER_TOLERANCE.all)
  })
  far.parameters = beyond / count / (1 - PARAMETER_TOLERANCE.share)
  compare(reference.running_after ?? {}, 'buf:', (difference) =>
    worse('running', difference / PARAMETER_TOLERANCE.most),
  )
  return far
}

/** Pairs of what a tensor holds and what was recorded at the picked positions. */
function picked(data: Float32Array, picks: string, base64: string): (readonly [number, number])[] {
  const bytes = Buffer.from(base64, 'base64')
  return pickedPositions(picks, bytes.length / 4, data.length).map(
    (position, index) => [data[position] as number, bytes.readFloatLE(4 * index)] as const,
  )
}
