/** @file On WebGPU, logits are ended where they are: with the processor's labels and confidence, on grids of any size. */
import { describe, expect, test } from 'vitest'
import { runInChild } from '../helpers/child'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type endPictures from './labels'
import type { Ends } from './labels'

/** The network's own size, others whose pixels are no multiple of four, and one too large for the device. */
const GRIDS = [
  [64, 64],
  [95, 81],
  [31, 17],
  [1400, 1300],
].map(([width = 0, height = 0]) => ({ width, height }))
/** Pixels between two classes may fall to either. */
const UNDECIDED = 2e-3

const endOn = async (provider: 'cpu' | 'webgpu') =>
  runInChild<typeof endPictures>(
    'tests/gpu/labels.ts',
    [provider, GRIDS],
    provider === 'webgpu' ? await softwareVulkan() : {},
  )

describe.runIf(hasSoftwareVulkan)('pictures on WebGPU', { timeout: 600_000 }, () => {
  test('get the labels and the confidence of the processor, one by one and two at once', async () => {
    const [found, expected] = [await endOn('webgpu'), await endOn('cpu')]
    for (const [n, { width, height }] of GRIDS.entries()) {
      const [ours, theirs] = [found[n], expected[n]]
      const differing = (part: keyof Ends, by: number): number => {
        expect(ours?.[part]).toHaveLength(width * height)
        expect(theirs?.[part]).toHaveLength(width * height)
        return (
          ours?.[part].filter((value, i) => Math.abs(value - (theirs?.[part][i] ?? 0)) > by).length ?? NaN
        )
      }
      expect(new Set(ours?.labels).size).toBeGreaterThan(1)
      expect(differing('labels', 0)).toBeLessThanOrEqual(UNDECIDED * width * height)
      expect(differing('second', 0)).toBeLessThanOrEqual(UNDECIDED * width * height)
      expect(differing('confidence', 1)).toBe(0)
    }
  })
})
