/** @file What holds for every network on WebGPU: its logits are the processor's. */
import { describe, expect, it } from 'vitest'
import type { Architecture } from '../../src/main/segface/config'
import { runInChild } from '../helpers/child'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type compare from './network'

/** The least whose deepest map has more than one pixel; a software Vulkan takes minutes for larger ones. */
const RESOLUTION = 64
/** Of the largest logit: both compute in single precision, in another order. */
const TOLERANCE = 1e-4
/** A software Vulkan has large networks to compile, and machines may be busy. */
const TIMEOUT = 900_000

export function describeNetworks(archs: readonly Architecture[]): void {
  describe.runIf(hasSoftwareVulkan)('SegFace on WebGPU', () => {
    it.each(archs)(
      `gives the logits of the processor: %s at ${RESOLUTION}`,
      { timeout: TIMEOUT },
      async (arch) => {
        const { count, difference, largest } = await runInChild<typeof compare>(
          'tests/gpu/network.ts',
          [arch, RESOLUTION],
          await softwareVulkan(),
        )
        expect(count).toBe(19 * RESOLUTION ** 2)
        expect(largest).toBeGreaterThan(0.1)
        expect(difference).toBeLessThan(TOLERANCE * largest)
      },
    )
  })
}
