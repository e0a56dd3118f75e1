/** @file Damage inside a zip entry is noticed, and a file whose writer computed no checksums is read all the same. */
import { expect, it } from 'vitest'
import { tensor } from '../../../src/main/base/tensor'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import type { CheckpointOptions } from '../../helpers/checkpoint'
import { f32, makeCheckpoint } from '../../helpers/checkpoint'
import { fileOf, refusal } from '../../helpers/checkpoint_refusal'

const MB = 2 ** 20
const TENSORS = { 'a.weight': f32([4, 8]), 'b.weight': f32([2], [0.25, 0.5]) }

/** The checkpoint with the bytes of its first tensor that hold `value` zeroed. */
function withoutElement(value: number, options: CheckpointOptions = {}): Buffer {
  const bytes = makeCheckpoint(TENSORS, options)
  const element = Buffer.alloc(4)
  element.writeFloatLE(value)
  const at = bytes.indexOf(element)
  expect(at).toBeGreaterThan(0)
  return bytes.fill(0, at, at + 4)
}

it('refuses a damaged tensor and reads the others', async () => {
  const path = await fileOf(withoutElement(7))
  await withCheckpoint(path, async (checkpoint) => {
    for (let times = 0; times < 2; times++) {
      await expect(checkpoint.read('a.weight')).rejects.toMatchObject({
        code: 'checkpoint/malformed',
        message: `${path} cannot be read as a checkpoint: it is damaged: the contents of "made/data/0" do not match their checksum; copy or download it again.`,
      })
    }
    expect(await checkpoint.read('b.weight')).toEqual(TENSORS['b.weight'])
  })
})

it('refuses a part of a storage that is damaged elsewhere', async () => {
  const views = { 'a.weight': { offset: 16, shape: [2, 8], strides: [8, 1] } }
  expect((await refusal(withoutElement(7, { views }))).message).toContain('"made/data/0" do not match')
})

it.each([false, true])(
  'refuses a wrong checksum of any entry that is read (compressed: %s)',
  async (compressed) => {
    for (const read of ['data.pkl', 'byteorder', 'data/0', 'data/1']) {
      const checksum = (entry: string, genuine: number): number =>
        entry === `made/${read}` ? (genuine ^ 1) >>> 0 : genuine
      const { code, message } = await refusal(
        makeCheckpoint(TENSORS, { compressed, checksum, byteOrder: 'little' }),
      )
      expect(code).toBe('checkpoint/malformed')
      expect(message).toContain(`the contents of "made/${read}" do not match their checksum`)
    }
  },
)

// What torch 2.13.0 writes, in the directory as behind the data: CRC 0 for every entry after set_crc32_options(False),
// and for the storages alone under skip_data(), whose bytes are filled in later. torch.load reads both, damaged or not.
it.each<[string, (entry: string, genuine: number) => number]>([
  ['set_crc32_options(False)', () => 0],
  ['skip_data()', (entry, genuine) => (entry.startsWith('made/data/') ? 0 : genuine)],
])('reads a file that was written after %s', async (_, checksum) => {
  for (const compressed of [false, true]) {
    const path = await fileOf(makeCheckpoint(TENSORS, { compressed, checksum, byteOrder: 'little' }))
    await withCheckpoint(path, async (checkpoint) => {
      for (const [name, tensor] of Object.entries(TENSORS)) {
        expect(await checkpoint.read(name)).toEqual(tensor)
      }
    })
  }
})

it('reads parts of a large storage, before and after it was held against its checksum', async () => {
  const large = tensor(
    'uint8',
    [3 * MB],
    Uint8Array.from({ length: 3 * MB }, (_, i) => i % 251),
  )
  const parts = { across: MB - 2, end: 3 * MB - 5, start: 0, again: MB - 2 }
  const views = Object.fromEntries(
    Object.entries(parts).map(([name, offset]) => [name, { key: '0', count: 3 * MB, offset, shape: [5] }]),
  )
  const tensors = Object.fromEntries(Object.keys(parts).map((name) => [name, large]))
  for (const compressed of [false, true]) {
    await withCheckpoint(await fileOf(makeCheckpoint(tensors, { views, compressed })), async (checkpoint) => {
      for (const [name, offset] of Object.entries(parts)) {
        const { data } = await checkpoint.read(name)
        expect(data, name).toEqual(large.data.subarray(offset, offset + 5))
      }
    })
  }
})

it('reads no storage through that is far larger than its file', async () => {
  const bomb = { a: tensor('uint8', [80 * MB], new Uint8Array(80 * MB)) }
  const views = { a: { count: 80 * MB, shape: [1] } }
  const { message } = await refusal(makeCheckpoint(bomb, { views, compressed: true }))
  expect(message).toContain(`declares ${80 * MB} bytes of tensors`)
})
