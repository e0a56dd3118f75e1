/** @file A model that takes some parts from another one runs on WebGPU, which lacks some operators. */
import { expect, test } from 'vitest'
import { runInChild } from '../helpers/child'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type compare from './mixture'

test.runIf(hasSoftwareVulkan)(
  'a mixture gives the logits of the processor',
  { timeout: 300_000 },
  async () => {
    const answer = await runInChild<typeof compare>('tests/gpu/mixture.ts', [], await softwareVulkan())
    expect(answer.difference).toBeLessThan(1e-4)
    expect(answer.toBase).toBeGreaterThan(0.1)
  },
)
