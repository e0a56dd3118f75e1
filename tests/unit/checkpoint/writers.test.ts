/** @file Checkpoints that we write and read again: PyTorch's container and safetensors, and where the latter's reader refuses. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../../src/main/base/tensor'
import { tensor } from '../../../src/main/base/tensor'
import { openCheckpoint, withCheckpoint } from '../../../src/main/checkpoint/open'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { f32, generateTensors, writeTorchCheckpoint } from '../../helpers/checkpoint'
import { makeFolder } from '../../helpers/folder'

/** Every element type, an empty tensor and a scalar, in an order that does not suit alignment. */
const TENSORS = new Map<string, Tensor>([
  ['bool', tensor('bool', [3], Uint8Array.of(1, 0, 1))],
  ['weight', f32([2, 2], [0.5, -1, 2 ** -140, Infinity])],
  ['count', tensor('int64', [], BigInt64Array.of(-(2n ** 60n)))],
  ['empty', f32([0, 4])],
  ['double', tensor('float64', [1], Float64Array.of(Math.PI))],
  ['half', tensor('float16', [1], Uint16Array.of(0x3c00))],
  ['bfloat', tensor('bfloat16', [1], Uint16Array.of(0x3f80))],
  ['int', tensor('int32', [1], Int32Array.of(-5))],
  ['short', tensor('int16', [1], Int16Array.of(-5))],
  ['char', tensor('int8', [1], Int8Array.of(-5))],
  ['byte', tensor('uint8', [1], Uint8Array.of(250))],
])

async function expectTensors(path: string, expected: ReadonlyMap<string, Tensor>): Promise<void> {
  await withCheckpoint(path, async (checkpoint) => {
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual([...expected.keys()])
    for (const [name, tensor] of expected) expect(await checkpoint.read(name), name).toEqual(tensor)
  })
}

describe('PyTorch', () => {
  it('keeps names, types, shapes and values, and the plain values beside them', async () => {
    const path = join(await makeFolder(), 'model.pt')
    const entries = Array.from(TENSORS, ([name, tensor]) => ({ name, tensor }))
    const extra = { epoch: 299, lr: 1e-4, big: 2 ** 40, arch: 'mobilenet', best: true }
    await writeTorchCheckpoint(path, entries, { container: 'state_dict_backbone', extra })
    await expectTensors(path, TENSORS)
    await withCheckpoint(path, async ({ metadata }) => expect(metadata).toEqual(extra))

    await writeTorchCheckpoint(path, entries)
    await expectTensors(path, TENSORS)
    expect(await readdir(dirname(path))).toEqual(['model.pt'])
  })

  it('writes what a function generates', async () => {
    const path = join(await makeFolder(), 'made.pt')
    const infos = [{ name: 'a', dtype: 'float32', shape: [2, 2] } as const]
    await writeTorchCheckpoint(
      path,
      generateTensors(infos, (name, index) => name.length + index),
    )
    await expectTensors(path, new Map([['a', f32([2, 2], [1, 2, 3, 4])]]))
  })

  it('leaves the old file where writing fails', async () => {
    const path = join(await makeFolder(), 'model.pt')
    await writeFile(path, 'old')
    const failing = (function* () {
      yield { name: 'a', tensor: f32([1]) }
      throw new Error('the engine stopped')
    })()
    await expect(writeTorchCheckpoint(path, failing)).rejects.toThrow('the engine stopped')
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(dirname(path))).toEqual(['model.pt'])
  })
})

describe('safetensors', () => {
  it('keeps names in order, types, shapes, values and metadata', async () => {
    const path = join(await makeFolder(), 'weights.safetensors')
    await writeSafetensors(path, TENSORS, { arch: 'mobilenet' })
    await expectTensors(path, TENSORS)
    await withCheckpoint(path, async ({ format, metadata }) => {
      expect(format).toBe('safetensors')
      expect(metadata).toEqual({ arch: 'mobilenet' })
    })
  })

  it('aligns every tensor to its element', async () => {
    const path = join(await makeFolder(), 'weights.safetensors')
    await writeSafetensors(path, TENSORS)
    const bytes = await readFile(path)
    const headerBytes = Number(bytes.readBigUInt64LE())
    expect(headerBytes % 8).toBe(0)
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
      string,
      { data_offsets: [number, number] }
    >
    for (const [name, { data }] of TENSORS) {
      expect((header[name]?.data_offsets[0] ?? NaN) % data.BYTES_PER_ELEMENT, name).toBe(0)
    }
  })

  it('converts an open checkpoint, streaming', async () => {
    const folder = await makeFolder()
    const source = join(import.meta.dirname, '../../fixtures/checkpoints/training_checkpoint.pt')
    const target = join(folder, 'weights.safetensors')
    await withCheckpoint(source, async (checkpoint) => {
      await writeSafetensors(target, checkpoint, { from: 'training_checkpoint.pt' })
      const tensors = new Map<string, Tensor>()
      for (const { name } of checkpoint.tensors) tensors.set(name, await checkpoint.read(name))
      await expectTensors(target, tensors)
    })
  })

  const f32Entry = (shape: number[], data_offsets: number[]): object => ({
    dtype: 'F32',
    shape,
    data_offsets,
  })
  it.each<[string, string | object, number, string]>([
    ['a header that is not JSON', '{"a":', 0, 'not a JSON object'],
    ['a wrong entry', { a: { dtype: 'F32' } }, 0, 'describes "a" wrongly'],
    ['an unknown type', { a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1, 'type F8_E4M3'],
    ['a size that does not match', { a: f32Entry([2], [0, 4]) }, 4, 'has 4 bytes'],
    ['an overlap', { a: f32Entry([2], [0, 8]), b: f32Entry([1], [4, 8]) }, 8, 'starts at byte 4'],
    ['a hole', { a: f32Entry([1], [0, 4]), b: f32Entry([1], [8, 12]) }, 12, 'starts at byte 8'],
    ['data that is cut short', { a: f32Entry([4], [0, 16]) }, 12, 'cut short'],
    ['data that nothing names', { a: f32Entry([1], [0, 4]) }, 12, 'cover 4 of its 12 bytes'],
    ['a negative range', { a: f32Entry([1], [-4, 0]) }, 4, 'describes "a" wrongly'],
    ['a huge shape', { a: f32Entry([2 ** 40, 2 ** 40], [0, 4]) }, 4, 'describes "a" wrongly'],
    ['metadata that is no text', { __metadata__: { epoch: 3 } }, 0, 'table of strings'],
  ])('refuses %s', async (_, header, dataBytes, says) => {
    const path = join(await makeFolder(), 'broken.safetensors')
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    await writeFile(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]))
    await expect(openCheckpoint(path)).rejects.toMatchObject({
      code: 'checkpoint/malformed',
      message: expect.stringContaining(says),
    })
  })
})
