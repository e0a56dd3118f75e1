/** @file .npy arrays: the bytes NumPy writes are read, ours are those bytes, and what cannot be read says why. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readNpy, writeNpy } from '../../../src/main/base/npy'
import type { Tensor } from '../../../src/main/base/tensor'
import { tensor, tensorBytes } from '../../../src/main/base/tensor'
import { makeFolder } from '../../helpers/folder'

/** An .npy file as NumPy lays it out. */
function npy(header: string, data: Uint8Array, version = 1): Buffer {
  const head = Buffer.alloc(version === 1 ? 10 : 12)
  head.write('\x93NUMPY', 'latin1')
  head.writeUInt8(version, 6)
  if (version === 1) head.writeUInt16LE(header.length, 8)
  else head.writeUInt32LE(header.length, 8)
  return Buffer.concat([head, Buffer.from(header), data])
}

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await makeFolder(), 'x.npy')
  await writeFile(path, bytes)
  return path
}

const ARRAYS: [descr: string, shape: string, array: Tensor][] = [
  ['<f4', '(2, 3)', tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, -0.5))],
  ['<f8', '(1,)', tensor('float64', [1], Float64Array.of(Math.PI))],
  ['<i8', '()', tensor('int64', [], BigInt64Array.of(-(2n ** 62n)))],
  ['<i4', '(0, 4)', tensor('int32', [0, 4], new Int32Array(0))],
  ['|u1', '(3,)', tensor('uint8', [3], Uint8Array.of(0, 128, 255))],
]

it.each(ARRAYS)('reads and writes %s of shape %s', async (descr, shape, array) => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`
  for (const version of [1, 2, 3]) {
    expect(await readNpy(await fileOf(npy(header, tensorBytes(array), version)))).toEqual(array)
  }
  const path = join(await makeFolder(), 'y.npy')
  await writeNpy(path, array)
  expect(await readNpy(path)).toEqual(array)
  const bytes = await readFile(path)
  expect((bytes.length - array.data.byteLength) % 64).toBe(0)
  expect(bytes[bytes.length - array.data.byteLength - 1]).toBe(0x0a)
})

const DATA = new Uint8Array(24)
it.each<[string, Buffer, string]>([
  ['no magic', Buffer.from('PK not an array'), 'numpy.save'],
  ['another version', npy('', DATA, 9), 'version 9'],
  ['a header cut short', npy('x'.repeat(60_000), DATA).subarray(0, 100), 'cut short'],
  ['no header', npy('{}', DATA), 'does not say'],
  ['objects', npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", DATA), "'|O'"],
  [
    'Fortran order',
    npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", DATA),
    'ascontiguousarray',
  ],
  [
    'a huge shape',
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1e9, 9), }", DATA),
    'does not say',
  ],
  [
    'too little data',
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 9), }", DATA),
    'but holds 24',
  ],
])('refuses %s', async (_, bytes, says) => {
  const path = await fileOf(bytes)
  await expect(readNpy(path)).rejects.toMatchObject({
    code: 'file/malformed',
    message: expect.stringContaining(says),
  })
  await expect(readNpy(path)).rejects.toThrow(path)
})

it('writes no type that it could not read', async () => {
  const path = join(await makeFolder(), 'z.npy')
  const array = tensor('bfloat16', [1], new Uint16Array(1))
  await expect(writeNpy(path, array)).rejects.toMatchObject({ code: 'file/unwritable' })
})
