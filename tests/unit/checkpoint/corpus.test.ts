/** @file Every checkpoint of the corpus that PyTorch made: the good are met value by value, the broken and hostile end in one clear sentence. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { toWire } from '../../../src/shared/errors'
import type { Tensor } from '../../../src/main/base/tensor'
import { elementCount, toFloat32 } from '../../../src/main/base/tensor'
import { openCheckpoint, withCheckpoint } from '../../../src/main/checkpoint/open'
import { SHARED } from '../../helpers/shared'

const CORPUS = join(import.meta.dirname, '../../fixtures/checkpoints')

const expectedTensor = z.object({
  shape: z.array(z.number()),
  dtype: z.string(),
  values: z.array(z.number()),
})
const expectedCheckpoint = z.object({
  state_dict: z.record(z.string(), expectedTensor),
  epoch: z.number().optional(),
  iteration: z.number().optional(),
})
const EXPECTED = z
  .record(z.string(), expectedCheckpoint)
  .parse(JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8')))

/** The first 24 values as doubles, exactly as they are stored. */
function firstValues(tensor: Tensor): number[] {
  const wide = tensor.dtype === 'float64' ? tensor.data : toFloat32(tensor)
  return Array.from(wide.slice(0, 24), Number)
}

describe('good checkpoints', () => {
  for (const [file, expected] of Object.entries(EXPECTED)) {
    it(`reads ${file}`, async () => {
      await withCheckpoint(join(CORPUS, file), async (checkpoint) => {
        expect(checkpoint.tensors.map(({ name }) => name)).toEqual(Object.keys(expected.state_dict))
        for (const [name, { shape, dtype: recorded, values }] of Object.entries(expected.state_dict)) {
          const tensor = await checkpoint.read(name)
          // The recorder widened the one bool tensor before it noted its type; the file has a BoolStorage.
          const dtype = name === 'bool' ? 'bool' : recorded
          expect(tensor).toMatchObject({ shape, dtype })
          expect(tensor.data).toHaveLength(elementCount(shape))
          expect(firstValues(tensor)).toEqual(values)
        }
        expect(checkpoint.metadata.epoch).toBe(expected.epoch)
        expect(checkpoint.metadata.iteration).toBe(expected.iteration)
      })
    })
  }

  it('says which tensor is not there', async () => {
    await withCheckpoint(join(CORPUS, 'bare_state_dict.pt'), async (checkpoint) => {
      await expect(checkpoint.read('b.weight')).rejects.toMatchObject({
        code: 'checkpoint/missing-tensor',
        message: expect.stringContaining('"b.weight"'),
      })
    })
  })
})

describe('broken and hostile checkpoints', () => {
  const cases: [file: string, code: string, says: string][] = [
    ['broken_missing_storage.pt', 'checkpoint/malformed', 'needs storage 0, which is missing'],
    ['broken_pickle_bytes.pt', 'checkpoint/malformed', 'pickle'],
    ['broken_short_storage.pt', 'checkpoint/malformed', 'needs 48 bytes of storage 0, which has 24'],
    ['broken_truncated.pt', 'checkpoint/malformed', 'cut short'],
    ['hostile_html_error_page.pt', 'checkpoint/malformed', 'web page'],
    ['hostile_lfs_pointer.pt', 'checkpoint/malformed', 'Git LFS pointer to the file of 1102518358 bytes'],
    ['hostile_not_a_zip.pt', 'checkpoint/malformed', 'download it again'],
    ['hostile_os_system.pt', 'checkpoint/forbidden', 'system'],
    ['hostile_zip_bomb.pt', 'checkpoint/malformed', 'needs 48 bytes of storage 0, which has 67108864'],
  ]
  for (const [file, code, says] of cases) {
    it(`refuses ${file}`, async () => {
      const path = join(CORPUS, file)
      const error = toWire(await openCheckpoint(path).catch((thrown: unknown) => thrown))
      expect(error.code).toBe(code)
      expect(error.message).toContain(path)
      expect(error.message).toContain(says)
      expect(error.message).toMatch(/^[^\n]*\.$/)
    })
  }
})

const model = join(SHARED, 'models/segface_mobilenet.pt')
if (!existsSync(model)) console.info('left out: reading ../shared/models/segface_mobilenet.pt')
describe.runIf(existsSync(model))('the trained MobileNet', () => {
  it('opens, and every tensor is finite', async () => {
    await withCheckpoint(model, async (checkpoint) => {
      expect(checkpoint.tensors).toHaveLength(431)
      for (const { name } of checkpoint.tensors) {
        expect(toFloat32(await checkpoint.read(name)).every(Number.isFinite), name).toBe(true)
      }
    })
  })
})
