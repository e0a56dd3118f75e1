/** @file Residents: a training loop gives the same numbers wherever its weights live, and on WebGPU they stay there. */
import { describe, expect, test } from 'vitest'
import { runInChild } from '../helpers/child'
import { expectAllClose } from '../helpers/allclose'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type train from './regression'

const STEPS = 50

const trainOn = async (provider: 'cpu' | 'webgpu') =>
  runInChild<typeof train>(
    'tests/gpu/regression.ts',
    [provider, STEPS],
    provider === 'webgpu' ? await softwareVulkan() : {},
  )

describe.each(['cpu', ...(hasSoftwareVulkan ? (['webgpu'] as const) : [])] as const)(
  'a linear regression on %s',
  (provider) => {
    test(`learns over ${STEPS} steps, its state where the provider keeps it`, async () => {
      const { losses, end, again, answered, places, before, after, missing, left } = await trainOn(provider)
      const [first = NaN] = losses
      expect(losses).toHaveLength(STEPS)
      expect(end).toBeLessThan(first / 10)
      // A step answers the loss and nothing else: the parameters did not come along.
      expect(answered).toEqual(['loss'])
      expect(new Set(places)).toEqual(new Set([provider === 'webgpu' ? 'device' : 'processor']))
      // What was read first is a copy on a device, and the same graph gives the first loss for it again.
      expect(again).toBeCloseTo(first, 6)
      expect(after.weight?.data).not.toEqual(before.weight?.data)
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort())
      expect(missing).toMatch(/scale1 is neither resident nor fed/)
      expect(left).toEqual([])
    })
  },
)

test.runIf(hasSoftwareVulkan)('WebGPU gives the losses and parameters of the processor', async () => {
  const [cpu, webgpu] = [await trainOn('cpu'), await trainOn('webgpu')]
  expectAllClose(webgpu.losses, cpu.losses, { atol: 1e-7, rtol: 1e-5 })
  for (const [name, { data }] of Object.entries(cpu.after)) {
    expectAllClose(webgpu.after[name]?.data ?? [], data, { atol: 1e-6, rtol: 1e-5 })
  }
})
