/** @file The switch of 8 bits in the window: it shows what predictions do, not only what was once asked for. */
import { expect, test } from 'vitest'
import { Jobs } from '../../../src/renderer/src/state/jobs.svelte'
import { PrecisionState } from '../../../src/renderer/src/state/precision.svelte'
import { SettingsState } from '../../../src/renderer/src/state/settings.svelte'
import type { PrecisionCheck } from '../../../src/shared/answers'
import { DEFAULT_SETTINGS } from '../../../src/shared/settings'
import { answering } from './answering'

const CHECK: PrecisionCheck = {
  ...{ pictures: 3, own: true, changed: 0.001, worst: 0.002, ms: { float: 600, int8: 300 } },
  offered: true,
}

test.each([
  ['on where they are asked for and offered', ['swin'], CHECK, true],
  ['off where nobody asked', [], CHECK, false],
  ['off where the check does not offer them', ['swin'], { ...CHECK, offered: false }, false],
  ['off where nothing was found out on this computer', ['swin'], null, false],
])('is %s', async (_, int8, check, isUsed) => {
  const { backend } = answering({
    'settings.read': () => ({ ...DEFAULT_SETTINGS, int8 }),
    'models.precision': () => ({ gains: true, check }),
  })
  const settings = new SettingsState(backend)
  await settings.read(['en'])
  const precision = new PrecisionState(backend, new Jobs(backend), settings)
  await precision.recall('swin')
  expect(precision.isUsed('swin')).toBe(isUsed)
})
