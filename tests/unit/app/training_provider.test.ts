/** @file Which provider trains, by what is known of those that predict. */
import { expect, test } from 'vitest'
import { trainingProvider } from '../../../src/main/app/training/begin'
import type { ProviderTrial } from '../../../src/shared/answers'
import type { Provider, ProviderChoice } from '../../../src/shared/terms'

const trial = (provider: Provider, trains: boolean): ProviderTrial => ({
  ...{ provider, trains, detail: '', ms: 1 },
  verdict: trains || provider === 'dml' || provider === 'coreml' ? 'works' : 'failed',
})

test.each<[ProviderChoice, Provider, ProviderTrial[], Provider]>([
  ['auto', 'cpu', [trial('webgpu', true), trial('cpu', true)], 'cpu'],
  ['cpu', 'cpu', [], 'cpu'],
  ['auto', 'webgpu', [trial('cuda', false), trial('webgpu', true)], 'webgpu'],
  // The fastest to predict is not the one that keeps its weights where they are learned.
  ['auto', 'cuda', [trial('cuda', true), trial('webgpu', true)], 'webgpu'],
  ['cuda', 'cuda', [trial('cuda', true), trial('webgpu', true)], 'cuda'],
  ['auto', 'cuda', [trial('cuda', true), trial('webgpu', false)], 'cuda'],
  ['auto', 'dml', [trial('dml', false), trial('webgpu', true)], 'webgpu'],
  ['auto', 'coreml', [trial('coreml', false), trial('webgpu', false)], 'cpu'],
])('asked for %s, with %s predicting: %j trains on %s', (choice, chosen, trials, expected) => {
  expect(trainingProvider({ chosen, trials }, choice)).toBe(expected)
})
