/** @file Checkpoint files of given bytes, and how the reader refuses them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { withCheckpoint } from '../../src/main/checkpoint/open'
import { toWire } from '../../src/shared/errors'
import { makeFolder } from './folder'

/** A file of these bytes, gone when the test is. */
export async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await makeFolder(), 'made.pt')
  await writeFile(path, bytes)
  return path
}

/** What opening (and reading all of) a file ends in; it must name the file in one sentence. */
export async function refusal(bytes: Uint8Array): Promise<{ code: string; message: string }> {
  const path = await fileOf(bytes)
  const thrown = await withCheckpoint(path, async (checkpoint) => {
    for (const { name } of checkpoint.tensors) await checkpoint.read(name)
  }).catch((error: unknown) => error)
  const error = toWire(thrown)
  expect(error.message).toContain(path)
  expect(error.message).toMatch(/^[^\n]*\.$/)
  return error
}
