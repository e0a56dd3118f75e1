/** @file Whole training runs on WebGPU: they see and learn what runs on the processor do. */
import { describe, expect, test } from 'vitest'
import { runInChild } from '../helpers/child'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type runTraining from './run'

const STEPS = 2
/** A software Vulkan has thousands of kernels to compile, and machines may be busy. */
const TIMEOUT = 1_200_000

describe.runIf(hasSoftwareVulkan)('a training run on WebGPU', { timeout: TIMEOUT }, () => {
  test.each(['decoder', 'full'] as const)(
    'sees and learns what one on the processor does, scope %s',
    async (scope) => {
      const run = async (provider: 'cpu' | 'webgpu') =>
        runInChild<typeof runTraining>('tests/gpu/run.ts', [provider, scope, STEPS], await softwareVulkan())
      const [found, expected] = [await run('webgpu'), await run('cpu')]
      expect(found.end).toMatchObject({ end: 'paused', steps: STEPS })
      expect(Math.abs(found.loss - expected.loss) / expected.loss).toBeLessThan(1e-4)
      const different = expected.labels.filter((label, pixel) => label !== found.labels[pixel]).length
      expect(expected.labels.length).toBeGreaterThan(0)
      expect(different / expected.labels.length).toBeLessThan(1e-2)
    },
  )
})
