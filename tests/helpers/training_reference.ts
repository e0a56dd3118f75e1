/** @file Holding training steps against numbers recorded from PyTorch, in the format of ../shared/reference/README.md. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect } from 'vitest'
import { toFloat32, type Tensor } from '../../src/main/base/tensor'
import type { Architecture } from '../../src/main/segface/config'
import { plainSteps } from '../../src/main/training/plain_steps'
import type { BatchNorm, Scope, StepLossRow as Losses } from '../../src/shared/training'
import { namedSegFace } from './backbone'
import { namedImage, noise, pickedPositions } from './named_tensors'

interface GradientSample {
  readonly norm: number
  readonly absmax: number
  readonly count: number
  readonly values_f32_b64: string
}

export interface TrainingReference {
  readonly model: Architecture
  readonly resolution: number
  readonly batch: number
  readonly scope: Scope
  readonly batch_norm: BatchNorm
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

/** Cases that the repository has copies of; all of them are in `../shared/reference/training`. */
export const TRAINING_FIXTURES = resolve('tests', 'fixtures', 'training')

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

/** What steps gave. */
export interface Steps {
  /** Before each step, and after the last. */
  readonly losses: readonly Losses[]
  /** Of the first step. */
  readonly gradients: ReadonlyMap<string, Tensor>
  readonly stateDict: ReadonlyMap<string, Tensor>
}

/** How far each kind of number is from the recorded one, in units of what is allowed; 1 and less passes. */
export interface Distances {
  /** Before each step, and after the last. */
  readonly losses: readonly number[]
  readonly norms: number
  readonly gradients: number
  /** The share of the picked parameters beyond 1e-4, of the 2 % allowed. */
  readonly parameters: number
  /** The same of the picked running statistics. */
  readonly running: number
  /** The farthest of both, of the 6e-3 that all must keep. */
  readonly worst: number
}

/** The steps of a reference, on the processor. */
export async function takeSteps(reference: TrainingReference): Promise<Steps> {
  const { batch, resolution, scope, batch_norm: batchNorm, lr, weight_decay: weightDecay } = reference
  const { tag, block } = reference.labels
  const data = namedImage(reference.image, [batch, 3, resolution, resolution])
  const labels = blockLabels(tag, block, batch, resolution)
  const { losses, after, gradients, stateDict } = await plainSteps(
    namedSegFace(reference.model),
    { images: { data, count: batch, resolution }, labels },
    { scope, batchNorm, lr, weightDecay, steps: reference.steps.length },
  )
  const rows = [...losses, after].map(({ crossEntropy: cross_entropy, ...rest }) => ({
    cross_entropy,
    ...rest,
  }))
  return { losses: rows, gradients, stateDict }
}

/** Fails where the steps lack a number that was recorded, or have a gradient where nothing flows. */
export function distances(reference: TrainingReference, steps: Steps): Distances {
  const recorded = [...reference.steps, reference.after]
  expect(steps.losses).toHaveLength(recorded.length)
  const flowing = Object.entries(reference.gradients).flatMap(([name, sample]) =>
    sample === null ? [] : [[name, sample] as const],
  )
  expect([...steps.gradients.keys()].sort()).toEqual(flowing.map(([name]) => name).sort())

  const gradientOf = (name: string) => toFloat32(steps.gradients.get(name) as Tensor)
  const norms = flowing.map(([name, { norm }]) => {
    const actual = Math.sqrt(gradientOf(name).reduce((sum, value) => sum + value * value, 0))
    return Math.abs(actual - norm) / Math.max(NORM_TOLERANCE.relative * norm, NORM_TOLERANCE.absolute)
  })
  const gradients = flowing.flatMap(([name, { absmax, values_f32_b64 }]) => {
    const allowed = Math.max(GRADIENT_TOLERANCE.ofAbsmax * absmax, GRADIENT_TOLERANCE.absolute)
    return differences(gradientOf(name), `grad:${name}`, values_f32_b64).map((each) => each / allowed)
  })
  const ofState = (entries: Readonly<Record<string, string>>, prefix: string): number[] =>
    Object.entries(entries).flatMap(([name, base64]) =>
      // What the network never uses is recorded too, as it was.
      reference.gradients[name] === null
        ? []
        : differences(toFloat32(steps.stateDict.get(name) as Tensor), prefix + name, base64),
    )
  const shareBeyond = (all: readonly number[]): number =>
    all.filter((difference) => !(difference <= PARAMETER_TOLERANCE.most)).length / Math.max(1, all.length)
  const parameters = ofState(reference.params_after, 'param:')
  const running = ofState(reference.running_after ?? {}, 'buf:')
  return {
    losses: steps.losses.map((losses, i) => lossDistance(losses, recorded[i] as Losses)),
    norms: worst(norms),
    gradients: worst(gradients),
    parameters: shareBeyond(parameters) / (1 - PARAMETER_TOLERANCE.share),
    running: shareBeyond(running) / (1 - PARAMETER_TOLERANCE.share),
    worst: worst([...parameters, ...running]) / PARAMETER_TOLERANCE.all,
  }
}

/** Fails where a distance exceeds 1, or the bar that is given for it. */
export function expectWithin(far: Distances, bars: Partial<Distances> = {}): void {
  const strict = {
    losses: far.losses.map(() => 1),
    norms: 1,
    gradients: 1,
    parameters: 1,
    running: 1,
    worst: 1,
  }
  const { losses, ...others } = { ...strict, ...bars }
  far.losses.forEach((loss, i) =>
    expect(loss, `loss ${i + 1} of ${far.losses.length}`).toBeLessThanOrEqual(losses[i] ?? 1),
  )
  for (const [kind, bar] of Object.entries(others)) {
    expect(far[kind as keyof typeof others], kind).toBeLessThanOrEqual(bar)
  }
}

function lossDistance(actual: Losses, recorded: Losses): number {
  const kinds = ['cross_entropy', 'dice', 'total'] as const
  return worst(
    kinds.map((kind) => Math.abs((actual[kind] ?? NaN) / (recorded[kind] ?? NaN) - 1) / LOSS_TOLERANCE),
  )
}

/** The greatest; infinite where one is no number. */
function worst(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, Number.isNaN(value) ? Infinity : value), 0)
}

/** How far a tensor is from what was recorded at the picked positions. */
function differences(data: Float32Array, picks: string, base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return pickedPositions(picks, bytes.length / 4, data.length).map((position, index) =>
    Math.abs((data[position] as number) - bytes.readFloatLE(4 * index)),
  )
}
