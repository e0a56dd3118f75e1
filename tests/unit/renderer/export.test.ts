/** @file What the export dialog takes for a folder and a side. */
import { expect, test } from 'vitest'
import type { Backend } from '../../../src/renderer/src/backend'
import { ExportState } from '../../../src/renderer/src/state/export.svelte'
import { Jobs } from '../../../src/renderer/src/state/jobs.svelte'

const backend = { on: () => () => undefined } as unknown as Backend
const dialog = new ExportState(backend, new Jobs(backend))

test.each(['/faces/out', String.raw`C:\faces`, 'd:/faces', String.raw`\\server\faces`])(
  '%s is a whole path',
  (out) => {
    dialog.out = out
    expect([dialog.isRelative, dialog.ready]).toEqual([false, true])
  },
)

test.each(['faces', './faces', '../faces', '~/faces', 'C:faces'])('%s is not', (out) => {
  dialog.out = out
  expect([dialog.isRelative, dialog.ready]).toEqual([true, false])
})

test('a side is a whole number within limits, or left out', () => {
  dialog.out = '/faces'
  const wrong = [-5, 0, 15, 16, 512.5, 8192, 8193, null].map((size) => {
    dialog.size = size
    return dialog.isWrongSize
  })
  expect(wrong).toEqual([true, true, true, false, true, false, true, false])
})
