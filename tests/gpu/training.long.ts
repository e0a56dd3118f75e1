/** @file Training whole networks on WebGPU: a step of each takes a software Vulkan minutes. */
import { ARCHITECTURES } from '../../src/main/segface/config'
import { describeTraining } from './describe_training'

describeTraining(
  [
    ...ARCHITECTURES.map((arch) => ({ arch, scope: 'full', batchNorm: 'running', resolution: 32 }) as const),
    // Larger, so that its smallest map has pixels to take statistics of. At 64 the input of a token's ReLU is zero but for rounding,
    // and opens on one provider alone.
    { arch: 'mobilenet', scope: 'full', batchNorm: 'batch', resolution: 96 },
  ],
  1,
)
