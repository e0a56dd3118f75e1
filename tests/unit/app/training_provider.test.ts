/** @file Which provider trains, by what is known of those that predict. */
import { expect, test } from 'vitest'
import { trainingProvider } from '../../../src/main/app/training/provider'
import type { ProviderTrial } from '../../../src/shared/answers'
import type { Provider, ProviderChoice } from '../../../src/shared/terms'

const trial = (provider: Provider, trains: boolean, ms = 10): ProviderTrial => ({
  ...{ provider, trains, detail: '', ms },
  verdict: 'works',
})
const CPU = trial('cpu', true, 100)

test.each<[ProviderChoice, Provider, ProviderTrial[], Provider]>([
  ['auto', 'cpu', [trial('webgpu', true, 200), CPU], 'cpu'],
  ['cpu', 'cpu', [], 'cpu'],
  ['auto', 'webgpu', [trial('cuda', false), trial('webgpu', true), CPU], 'webgpu'],
  // The fastest to predict is not the one that keeps its weights where they are learned,
  ['auto', 'cuda', [trial('cuda', true), trial('webgpu', true, 20), CPU], 'webgpu'],
  // unless that is another device, or slower than the processor.
  ['auto', 'cuda', [trial('cuda', true), trial('webgpu', true, 90), CPU], 'cuda'],
  ['auto', 'cuda', [trial('cuda', true, 60), trial('webgpu', true, 110), CPU], 'cuda'],
  ['cuda', 'cuda', [trial('cuda', true)], 'cuda'],
  ['auto', 'cuda', [trial('cuda', true), trial('webgpu', false), CPU], 'cuda'],
  ['auto', 'webgpu', [trial('cuda', true, 20), trial('webgpu', false), CPU], 'cuda'],
  ['auto', 'dml', [trial('dml', false), trial('webgpu', true), CPU], 'webgpu'],
  ['auto', 'coreml', [trial('coreml', false), trial('webgpu', false), CPU], 'cpu'],
])('asked for %s, with %s predicting: %j trains on %s', (choice, chosen, trials, expected) => {
  expect(trainingProvider({ chosen, trials }, choice)).toBe(expected)
})
