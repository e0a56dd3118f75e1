/**
 * @file Batch norms brought near new photos before the first step: their running statistics, which are those of the photos
 * that the base model learned from, move towards those of the faces at hand. No label is looked at. Li et al., Revisiting Batch
 * Normalization For Practical Domain Adaptation (https://arxiv.org/abs/1603.04779).
 */
import type { Provider } from '../../shared/terms'
import { tensor, toFloat32, type Tensor } from '../base/tensor'
import { encodeFor } from '../runtime/encode'
import { GraphBuilder } from '../onnx/graph'
import { pruneGraph } from '../onnx/prune'
import { createSession } from '../runtime/session'
import type { BatchStatistics } from '../segface/layers'
import { constantParameters, requireTensor, type StateDict } from '../segface/weights'
import type { Face } from './augment'
import { pictureFeeds } from './feeds'
import { fedTaps, outputStatistics, STEP, type StepOptions } from './step_graph'

export interface AdaptOptions extends Pick<StepOptions, 'arch' | 'resolution' | 'batch'> {
  /** How far the statistics move, from 0 (not at all) to 1 (all the way). */
  readonly share: number
}

/**
 * The running statistics (`….running_mean`, `….running_var`, float32) after they moved by `share` towards those of `faces`,
 * which come in batches, each normalised by its own statistics as in training; fewer than a batch are one batch. Empty for a
 * network without batch norms, without faces, and for a share of 0.
 */
export async function adaptedNorms(
  stateDict: StateDict,
  faces: AsyncIterable<Face>,
  { arch, resolution, batch, share }: AdaptOptions,
  provider: Provider,
): Promise<Map<string, Tensor>> {
  const adapted = new Map<string, Tensor>()
  if (share === 0) return adapted
  const { graph, norms } = statisticsGraph(stateDict, { arch, resolution, batch })
  if (norms.length === 0) return adapted
  const session = await createSession(encodeFor(provider, graph), provider)
  const sums = new Map(norms.map((norm) => [norm, new Moments()]))
  try {
    for await (const group of batchesOf(faces, batch)) {
      const { image } = pictureFeeds(group)
      const outputs = await session.run(image === undefined ? {} : { [STEP.image]: image })
      for (const [norm, moments] of sums) {
        const [mean, variance] = [outputs[STEP.batchMean(norm)], outputs[STEP.batchVariance(norm)]]
        if (mean && variance) moments.add(mean.data, variance.data)
      }
    }
  } finally {
    await session.release()
  }
  for (const [norm, moments] of sums) {
    if (moments.batches === 0) continue
    const move = (name: string, towards: Float64Array): void => {
      const old = requireTensor(stateDict, name, [towards.length])
      const data = toFloat32(old).map((value, c) => (1 - share) * value + share * (towards[c] as number))
      adapted.set(name, tensor('float32', old.shape, data))
    }
    move(`${norm}.running_mean`, moments.mean())
    move(`${norm}.running_var`, moments.variance())
  }
  return adapted
}

/** The backbone normalising by its batch; outputs: mean and variance of each of its batch norms. */
function statisticsGraph(
  stateDict: StateDict,
  options: Pick<StepOptions, 'arch' | 'resolution' | 'batch'>,
): { graph: ReturnType<typeof pruneGraph>; norms: readonly string[] } {
  const g = new GraphBuilder(`norms_${options.arch}`)
  const measured: BatchStatistics[] = []
  const context = {
    g,
    parameter: constantParameters(g, stateDict),
    batchStatistics: (each: BatchStatistics) => void measured.push(each),
  }
  fedTaps(context, stateDict, { ...options, scope: 'full' })
  outputStatistics(g, measured)
  return { graph: pruneGraph(g.finish()), norms: measured.map(({ norm }) => norm) }
}

/** Faces in groups of `size`, filled up with the first ones where they do not go into it. */
async function* batchesOf(faces: AsyncIterable<Face>, size: number): AsyncIterable<readonly Face[]> {
  const first: Face[] = []
  let group: Face[] = []
  for await (const face of faces) {
    if (first.length < size) first.push(face)
    group.push(face)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length === 0) return
  for (let n = 0; group.length < size; n++) group.push(first[n % first.length] as Face)
  yield group
}

/** Mean and variance per channel of all batches together, from those of each; batches are of one size. */
class Moments {
  batches = 0
  #mean = new Float64Array()
  #square = new Float64Array()

  add(mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    if (this.batches === 0) {
      this.#mean = new Float64Array(mean.length)
      this.#square = new Float64Array(mean.length)
    }
    this.batches++
    for (let c = 0; c < mean.length; c++) {
      const m = mean[c] as number
      this.#mean[c] = (this.#mean[c] as number) + m
      this.#square[c] = (this.#square[c] as number) + m * m + (variance[c] as number)
    }
  }

  mean(): Float64Array {
    return this.#mean.map((sum) => sum / this.batches)
  }

  /** E[x²] - E[x]², where the batches' means differ more than the variance within them. */
  variance(): Float64Array {
    return this.#square.map((sum, c) =>
      Math.max(0, sum / this.batches - ((this.#mean[c] as number) / this.batches) ** 2),
    )
  }
}
