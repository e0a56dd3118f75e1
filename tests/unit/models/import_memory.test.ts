/** @file A large checkpoint into the registry: in little memory, whatever its optimiser state, and gone at once when it is cancelled. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tensor } from '../../../src/main/base/tensor'
import { importModel } from '../../../src/main/models/importer'
import { Registry } from '../../../src/main/models/registry'
import { testPaths } from '../../helpers/app'
import { writeSparseCheckpoint } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'
import { mobilenetStateDict } from '../../helpers/segface'

const MB = 2 ** 20

test('1.1 GB are imported in a fraction of it, and can be cancelled while they are hashed or copied', async () => {
  const folder = await makeFolder()
  const file = join(folder, 'large.pt')
  // The size of ConvNeXt-B's tensors and of its optimiser state, which is a hole in the file.
  const ballast = Array.from({ length: 32 }, (_, i) => [
    `ballast.${i}`,
    tensor('float32', [2 ** 21], new Float32Array(2 ** 21)),
  ])
  const tensors = { ...Object.fromEntries(mobilenetStateDict()), ...Object.fromEntries(ballast) }
  await writeSparseCheckpoint(file, tensors, { container: 'state_dict_backbone', optimizerBytes: 800 * MB })
  expect((await stat(file)).size).toBeGreaterThan(1050 * MB)

  const registry = new Registry(testPaths(join(folder, 'data')))
  for (const stopAt of [null, 20]) {
    const controller = new AbortController()
    const progress = (done: number): void => {
      if (done === stopAt) controller.abort()
    }
    const importing = importModel(registry, file, { signal: controller.signal, progress })
    if (stopAt === null) setTimeout(() => controller.abort(), 50)
    await expect(importing).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(registry.folder).catch(() => [])).toEqual([])
  }

  const before = process.resourceUsage().maxRSS
  expect((await importModel(registry, file)).manifest.arch).toBe('mobilenet')
  expect((process.resourceUsage().maxRSS - before) * 1024).toBeLessThan(200 * MB)
})
