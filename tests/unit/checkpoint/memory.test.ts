/** @file Memory stays small whatever a checkpoint's size: optimiser states are never read, bombs never inflated, lies never allocated. */
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openCheckpoint, withCheckpoint } from '../../../src/main/checkpoint/open'
import { f32, makeCheckpoint, writeSparseCheckpoint } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'

const MB = 2 ** 20

/** By how much `action` raises the process's peak memory, in bytes. */
async function peakGrowth(action: () => Promise<void>): Promise<number> {
  const before = process.resourceUsage().maxRSS
  await action()
  return (process.resourceUsage().maxRSS - before) * 1024
}

it('reads three tensors of a 1 GB checkpoint in far less memory', async () => {
  // A sparse file, so large that no earlier peak of this process could hide that it was read.
  const path = join(await makeFolder(), 'large.pt')
  const tensors = { a: f32([64, 64]), b: f32([64]), c: f32([]) }
  await writeSparseCheckpoint(path, tensors, { container: 'state_dict_backbone', optimizerBytes: 1024 * MB })
  expect((await stat(path)).size).toBeGreaterThan(1024 * MB)

  const growth = await peakGrowth(() =>
    withCheckpoint(path, async (checkpoint) => {
      expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
      for (const [name, tensor] of Object.entries(tensors)) {
        expect(await checkpoint.read(name)).toEqual(tensor)
      }
    }),
  )
  expect(growth).toBeLessThan(64 * MB)
})

it('refuses bombs and lies without allocating what they declare', async () => {
  const bomb = join(import.meta.dirname, '../../fixtures/checkpoints/hostile_zip_bomb.pt')
  const expanded = join(await makeFolder(), 'expanded.pt')
  const views = { a: { shape: [1024, MB], strides: [0, 0] } }
  await writeFile(expanded, makeCheckpoint({ a: f32([1]) }, { views }))

  const growth = await peakGrowth(async () => {
    await expect(openCheckpoint(bomb)).rejects.toThrow('which has 67108864')
    await expect(openCheckpoint(expanded)).rejects.toThrow('no honest checkpoint')
  })
  expect(growth).toBeLessThan(32 * MB)
})

it('holds a part of a large storage against the checksum of all of it, in little memory', async () => {
  const path = join(await makeFolder(), 'large.pt')
  const bytes = 256 * MB
  const views = { a: { key: 'optimizer', count: bytes / 4, offset: 4 * MB } }
  await writeSparseCheckpoint(
    path,
    { a: f32([64]) },
    // An optimiser's state is stored in a container only.
    { container: 'model', views, optimizerBytes: bytes, checksum: (_, genuine) => genuine || 1 },
  )
  const growth = await peakGrowth(() =>
    withCheckpoint(path, async (checkpoint) => {
      await expect(checkpoint.read('a')).rejects.toThrow('"made/data/optimizer" do not match their checksum')
    }),
  )
  expect(growth).toBeLessThan(32 * MB)
})
