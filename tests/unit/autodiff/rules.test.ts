/** @file Every gradient rule against finite differences, on the processor. */
import { describe, expect, test } from 'vitest'
import { RULES } from '../../../src/main/autodiff/reverse'
import { differencesOf, gradientGraph } from '../../helpers/finite_differences'
import { caseInputs, GRADIENT_CASES } from '../../helpers/gradient_cases'
import { runGraph } from '../../helpers/run_graph'
import { maxDifference } from '../../helpers/allclose'

/** Central differences of single-precision numbers are off by about 1e-4 at a step of 1e-2. */
const TOLERANCE = 3e-3

test('every rule has a case, every case a rule', () => {
  expect(Object.keys(GRADIENT_CASES).sort()).toEqual(Object.keys(RULES).sort())
})

describe.each(Object.entries(GRADIENT_CASES))('%s', (_, cases) => {
  test.each(cases.map((each) => [each.title, each] as const))('%s', async (_title, gradientCase) => {
    const values = caseInputs(gradientCase)
    const graph = gradientGraph(gradientCase)
    const outputs = await runGraph(graph, Object.fromEntries(values.map((data, i) => [`x${i}`, data])))
    const expected = await differencesOf(gradientCase, values)
    expected.forEach((differences, index) => {
      const actual = outputs[`d${index}`] as Float32Array
      expect(actual).toHaveLength(differences.length)
      const scale = Math.max(1, ...differences.map(Math.abs))
      expect(maxDifference(actual, differences), `input ${index}`).toBeLessThanOrEqual(TOLERANCE * scale)
    })
  })
})
