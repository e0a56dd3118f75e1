/** @file `facet step`: optimisation steps on arrays of files, to be held against other frameworks. */
import type { Tensor } from '../base/tensor'
import { toFloat32 } from '../base/tensor'
import { readTensors } from '../checkpoint/overlay'
import { writeSafetensors } from '../checkpoint/safetensors'
import { plainSteps } from '../training/plain_steps'
import { isLearned } from '../training/step_graph'
import type { StepLosses } from '../training/stepper'
import type { GradientSize, StepLossRow } from '../../shared/training'
import { readImages, readLabels } from './arrays'
import { recogniseIn } from './networks'
import type { Jobs } from './protocol'

/** Errors as for reading the files, as for `recognise`, and as for `plainSteps`. */
export async function step({
  weights,
  images: imageFile,
  labels: labelFile,
  settings,
  output,
  gradients: gradientFile,
}: Jobs['step']['request']): Promise<Jobs['step']['answer']> {
  await recogniseIn(weights)
  const images = await readImages(imageFile)
  const labels = await readLabels(labelFile, images)
  const stateDict = await readTensors([weights])
  const result = await plainSteps(stateDict, { images, labels }, settings)

  if (output !== null) await writeSafetensors(output, result.stateDict)
  if (gradientFile !== null) await writeSafetensors(gradientFile, result.gradients)
  const learned = [...stateDict.keys()].filter((name) => isLearned(name, settings.scope))
  return {
    steps: result.losses.map(rowOf),
    after: rowOf(result.after),
    gradients: Object.fromEntries(
      learned.map((name) => [name, sizeOf(result.gradients.get(name) ?? null)] as const),
    ),
  }
}

function rowOf({ crossEntropy, dice, total }: StepLosses): StepLossRow {
  return { cross_entropy: crossEntropy, dice, total }
}

function sizeOf(gradient: Tensor | null): GradientSize | null {
  if (gradient === null) return null
  let [squares, absmax] = [0, 0]
  for (const value of toFloat32(gradient)) {
    squares += value * value
    absmax = Math.max(absmax, Math.abs(value))
  }
  return { norm: Math.sqrt(squares), absmax }
}
