/** @file Batch norms' running statistics, moved towards those of each batch as PyTorch's nn.BatchNorm2d moves them. */
import { tensor, toFloat32, type Tensor } from '../base/tensor'
import type { Architecture } from '../segface/config'
import type { StateDict } from '../segface/weights'
import type { NormStatistics } from './stepper'

/** How far they move: torchvision's MobileNetV3 asks for 0.01, the others keep PyTorch's default. */
function momentumOf(arch: Architecture): number {
  return arch === 'mobilenet' ? 0.01 : 0.1
}

/**
 * The tensors of the state dict that change when its norms have seen a batch: statistics, as float32, towards the batch's mean
 * and its unbiased variance, and the count of batches.
 */
export function movedStatistics(
  stateDict: Pick<StateDict, 'get'>,
  arch: Architecture,
  seen: ReadonlyMap<string, NormStatistics>,
): Map<string, Tensor> {
  const momentum = momentumOf(arch)
  const moved = new Map<string, Tensor>()
  const move = (name: string, towards: (channel: number) => number): void => {
    const old = stateDict.get(name)
    if (old === undefined) return
    const data = toFloat32(old).map((value, channel) => (1 - momentum) * value + momentum * towards(channel))
    moved.set(name, tensor('float32', old.shape, data))
  }
  for (const [norm, { mean, variance, count }] of seen) {
    move(`${norm}.running_mean`, (channel) => mean[channel] as number)
    move(`${norm}.running_var`, (channel) => ((variance[channel] as number) * count) / Math.max(1, count - 1))
    const counter = stateDict.get(`${norm}.num_batches_tracked`)
    if (counter?.data instanceof BigInt64Array) {
      const data = counter.data.map((batches) => batches + 1n)
      moved.set(`${norm}.num_batches_tracked`, tensor('int64', counter.shape, data))
    }
  }
  return moved
}
