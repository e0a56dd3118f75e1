/** @file Every gradient rule on WebGPU against the processor, where rules.test.ts holds them against finite differences. */
import { beforeAll, describe, expect, test } from 'vitest'
import { runInChild } from '../helpers/child'
import { GRADIENT_CASES } from '../helpers/gradient_cases'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type compareGradients from './gradients'

/** A device's sine may be off by 2^-11 (WGSL's bound); everything else agrees to 1e-6. */
const TOLERANCE = 5e-4
const TIMEOUT = 600_000

describe.runIf(hasSoftwareVulkan)('on WebGPU, the gradient of', () => {
  let outcomes: Awaited<ReturnType<typeof compareGradients>> = []
  beforeAll(async () => {
    outcomes = await runInChild<typeof compareGradients>('tests/gpu/gradients.ts', [], await softwareVulkan())
  }, TIMEOUT)

  test.each(Object.keys(GRADIENT_CASES))('%s is what the processor gives', (operator) => {
    const cases = outcomes.filter((outcome) => outcome.operator === operator)
    expect(cases.length).toBeGreaterThan(0)
    // What WebGPU lacks itself; no graph of ours has it.
    const isLacking = operator === 'Sum'
    const others = cases.filter(({ difference }) => !(Number(difference) <= TOLERANCE))
    expect(others).toEqual(isLacking ? cases : [])
  })
})
