/** @file What holds for training on WebGPU: losses, gradients and what a network sees are the processor's. */
import { describe, expect, it } from 'vitest'
import { runInChild } from '../helpers/child'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type compareTraining from './training'
import type { Case } from './training'

/** A software Vulkan has thousands of kernels to compile, and machines may be busy. */
const TIMEOUT = 1_200_000

export function describeTraining(cases: readonly Case[], steps: number): void {
  describe.runIf(hasSoftwareVulkan)('training on WebGPU', { timeout: TIMEOUT }, () => {
    it.each(cases)(
      'gives losses, gradients and labels of the processor: $arch, scope $scope, batch norm $batchNorm, at $resolution',
      async (each) => {
        const { tensors, zeros, loss, gradient, labels } = await runInChild<typeof compareTraining>(
          'tests/gpu/training.ts',
          [each, steps],
          await softwareVulkan(),
        )
        expect(loss).toBeLessThan(1e-5)
        expect(gradient.difference, gradient.name).toBeLessThan(5e-3)
        expect(labels).toBeLessThan(1e-3)
        expect(zeros).toBeLessThan(tensors / 2)
      },
    )
  })
}
