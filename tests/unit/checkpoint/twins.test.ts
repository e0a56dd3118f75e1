/** @file Checkpoints built byte by byte: what the reader takes from good ones, and where lies, cuts and attacks end. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tensor, type Tensor } from '../../../src/main/base/tensor'
import type { Checkpoint } from '../../../src/main/checkpoint/checkpoint'
import { openCheckpoint, withCheckpoint } from '../../../src/main/checkpoint/open'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { OP } from '../../../src/main/checkpoint/opcodes'
import type { CheckpointOptions } from '../../helpers/checkpoint'
import { f32, makeCheckpoint, makeZip, p, pickle } from '../../helpers/checkpoint'
import { fileOf, refusal } from '../../helpers/checkpoint_refusal'
import { makeFolder } from '../../helpers/folder'

const TENSORS = { 'a.weight': f32([2, 3]), 'a.count': tensor('int64', [], BigInt64Array.of(7n)) }

async function useCheckpoint(
  options: CheckpointOptions,
  use: (checkpoint: Checkpoint) => Promise<void>,
): Promise<void> {
  await withCheckpoint(await fileOf(makeCheckpoint(TENSORS, options)), use)
}

it.each<[string, CheckpointOptions]>([
  ['stored', {}],
  ['compressed', { compressed: true }],
  ['zip64', { zip64: true }],
  ['little-endian by its own word', { byteOrder: 'little' }],
  ['under state_dict_backbone', { container: 'state_dict_backbone' }],
  ['under state_dict', { container: 'state_dict' }],
  ['under model', { container: 'model' }],
])('reads a checkpoint that is %s', async (_, options) => {
  await useCheckpoint(options, async (checkpoint) => {
    expect(checkpoint.tensors).toEqual([
      { name: 'a.weight', dtype: 'float32', shape: [2, 3] },
      { name: 'a.count', dtype: 'int64', shape: [] },
    ])
    expect(await checkpoint.read('a.weight')).toEqual(TENSORS['a.weight'])
    expect(await checkpoint.read('a.count')).toEqual(TENSORS['a.count'])
  })
})

it('takes plain values as metadata, and no optimiser tensor', async () => {
  const options = { container: 'model', extra: { epoch: 299, arch: 'swin_base' }, optimizerBytes: 64 }
  await useCheckpoint(options, async (checkpoint) => {
    expect(checkpoint.metadata).toEqual({ epoch: 299, arch: 'swin_base' })
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['a.weight', 'a.count'])
    await expect(checkpoint.read('exp_avg')).rejects.toMatchObject({ code: 'checkpoint/missing-tensor' })
  })
})

it('makes views contiguous, whether stored or compressed', async () => {
  const views = { 'a.weight': { offset: 1, shape: [2, 2], strides: [1, 3] } }
  for (const compressed of [false, true]) {
    await useCheckpoint({ views, compressed }, async (checkpoint) => {
      expect(await checkpoint.read('a.weight')).toEqual(f32([2, 2], [1, 4, 2, 5]))
    })
  }
})

describe.each([
  ['PyTorch', (tensors: Record<string, Tensor>) => fileOf(makeCheckpoint(tensors))],
  [
    'safetensors',
    async (tensors: Record<string, Tensor>) => {
      const path = join(await makeFolder(), 'made.safetensors')
      await writeSafetensors(path, new Map(Object.entries(tensors)))
      return path
    },
  ],
])("a wrapper's prefix, in a file of %s,", (_format, write) => {
  it.each(['module.', '_orig_mod.', 'model.', '_orig_mod.module.', 'module._orig_mod.', 'model._orig_mod.'])(
    '%s is taken from every name',
    async (prefix) => {
      const path = await write({ [`${prefix}a`]: f32([1], [3]), [`${prefix}b.module.c`]: f32([2]) })
      await withCheckpoint(path, async (checkpoint) => {
        expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['a', 'b.module.c'])
        expect(await checkpoint.read('a')).toEqual(f32([1], [3]))
        await expect(checkpoint.read('c')).rejects.toMatchObject({ code: 'checkpoint/missing-tensor' })
      })
    },
  )

  it('stays where only some names have it', async () => {
    await withCheckpoint(await write({ 'module.a': f32([1]), b: f32([1]) }), async ({ tensors }) => {
      expect(tensors.map(({ name }) => name)).toEqual(['module.a', 'b'])
    })
  })
})

it('reads a safetensors file without tensors', async () => {
  const path = join(await makeFolder(), 'empty.safetensors')
  await writeSafetensors(path, new Map())
  await withCheckpoint(path, async ({ tensors }) => expect(tensors).toEqual([]))
})

it.each<[string, Uint8Array, string]>([
  ['a JPEG', Buffer.from('\xff\xd8\xff\xe0\x00\x10JFIF', 'latin1'), 'it is a picture (JPEG), not a model'],
  ['a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'it is a picture (PNG)'],
  ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'packed with gzip; unpack it first'],
  [
    'an ONNX model',
    Buffer.from([8, 8, 0x12, 7, ...Buffer.from('pytorch')]),
    'it is an ONNX model, and here only a file of tensors will do; name the .pt or .safetensors file',
  ],
  ['Keras', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'a Keras model'],
  [
    'a zip of pictures',
    makeZip(['1', '2', '3', '4'].map((name) => ({ name: `faces/${name}.jpg`, data: Buffer.from(name) }))),
    'not one that torch.save wrote; it holds faces/1.jpg, faces/2.jpg, faces/3.jpg.',
  ],
])('says what %s is', async (_what, bytes, says) => {
  expect(await refusal(bytes)).toMatchObject({
    code: 'checkpoint/malformed',
    message: expect.stringContaining(says),
  })
})

it('refuses a file cut at any byte', async () => {
  const whole = makeCheckpoint(TENSORS)
  for (let cutTo = 0; cutTo < whole.length; cutTo += 7) {
    const { code } = await refusal(makeCheckpoint(TENSORS, { cutTo }))
    expect(code, `cut to ${cutTo} of ${whole.length} bytes`).toBe('checkpoint/malformed')
  }
})

it('refuses a legacy file cut at any byte', async () => {
  const whole = await readFile(join(import.meta.dirname, '../../fixtures/checkpoints/legacy_format.pt'))
  for (let cutTo = 0; cutTo < whole.length; cutTo += 7) {
    const { code } = await refusal(whole.subarray(0, cutTo))
    expect(code, `cut to ${cutTo} of ${whole.length} bytes`).toBe('checkpoint/malformed')
  }
})

it.each<[string, CheckpointOptions, string]>([
  ['a storage offset past its end', { views: { 'a.weight': { offset: 1 } } }, 'covers elements 1 to 6'],
  ['strides past its end', { views: { 'a.weight': { strides: [4, 1] } } }, 'covers elements 0 to 6'],
  ['a storage that is shorter than declared', { views: { 'a.weight': { count: 7 } } }, 'needs 28 bytes'],
  ['a storage that is not there', { views: { 'a.weight': { key: '9' } } }, 'storage 9, which is missing'],
  [
    'a storage described in two ways',
    { views: { 'a.count': { key: '0' } } },
    'describes storage 0 in two ways',
  ],
  ['huge dimensions', { views: { 'a.weight': { shape: [2 ** 40, 2 ** 40] } } }, 'a tensor that cannot be'],
  ['negative dimensions', { views: { 'a.weight': { shape: [-2, -3] } } }, 'a tensor that cannot be'],
  ['negative strides', { views: { 'a.weight': { strides: [3, -1] } } }, 'a tensor that cannot be'],
  ['a negative offset', { views: { 'a.weight': { offset: -1 } } }, 'a tensor that cannot be'],
  [
    'a view expanded without end',
    { views: { 'a.weight': { shape: [2 ** 30, 2 ** 10], strides: [0, 0] } } },
    'no honest checkpoint',
  ],
  ['big-endian bytes', { byteOrder: 'big' }, 'not little-endian'],
])('refuses %s', async (_, options, says) => {
  const error = await refusal(makeCheckpoint(TENSORS, options))
  expect(error).toMatchObject({ code: 'checkpoint/malformed', message: expect.stringContaining(says) })
})

it.each([
  ['os', 'system'],
  ['builtins', 'eval'],
  ['torch.storage', '_load_from_bytes'],
  ['__builtin__', 'constructor'],
])('runs nothing of %s.%s and names it', async (module, name) => {
  const call = p.reduce(p.global(module, name), p.text('touch pwned'))
  const error = await refusal(makeCheckpoint({}, { pickle: pickle(p.dict(p.text('a'), call)) }))
  expect(error.code).toBe('checkpoint/forbidden')
  expect(error.message).toContain(`${module}.${name}`)
})

it.each<[string, Buffer, string]>([
  ['opcodes without end', Buffer.alloc(2 ** 21, OP.EMPTY_DICT), 'runs past'],
  ['marks without end', Buffer.alloc(2 ** 21, OP.MARK), 'runs past'],
  ['an unknown opcode', pickle(p.op(0xff)), '0xff at byte 2'],
  ['an empty stack', pickle(p.op(OP.APPENDS)), 'a mark that it never set'],
  ['a memo never stored', pickle(p.op(OP.BINGET, 3)), 'recalls memo 3'],
  ['an integer of 2^31 bytes', pickle(p.op(OP.LONG4, 0, 0, 0, 0x80)), 'an integer of 2147483648 bytes'],
  ['a text longer than the file', pickle(p.op(OP.BINUNICODE, 0xff, 0xff, 0xff, 0xff)), 'cut short'],
  ['a call of text', pickle(p.reduce(p.text('os.system'), p.text('ls'))), 'calls what is not a global'],
  ['a call of a type', pickle(p.reduce(p.global('torch', 'FloatStorage'), p.int(1))), 'only a type'],
  ['a newer protocol', Buffer.from([OP.PROTO, 6, OP.STOP]), 'protocol 6'],
  ['no dict at its top', pickle(p.ints([1, 2])), 'no dict of tensors'],
  ['a dict without tensors', pickle(p.dict(p.text('epoch'), p.int(3))), 'no tensors by name'],
])('refuses a pickle with %s', async (_, bytes, says) => {
  const error = await refusal(makeCheckpoint({}, { pickle: bytes }))
  expect(error).toMatchObject({ code: 'checkpoint/malformed', message: expect.stringContaining(says) })
})

it('ends on a dict that holds itself, and on deep nesting', async () => {
  const self = pickle(p.op(OP.EMPTY_DICT, OP.BINPUT, 0), p.text('state_dict'), p.op(OP.BINGET, 0, OP.SETITEM))
  expect((await refusal(makeCheckpoint({}, { pickle: self }))).message).toContain('no tensors by name')

  const deep = pickle(p.op(OP.EMPTY_TUPLE), Buffer.alloc(500_000, OP.TUPLE1))
  expect((await refusal(makeCheckpoint({}, { pickle: deep }))).message).toContain('no dict of tensors')
})

it('keeps its sentence on one short line, whatever the names in the file', async () => {
  const name = `a\n\u001b[31m${'b'.repeat(10_000)}`
  const { message } = await refusal(
    makeCheckpoint({ [name]: f32([1]) }, { views: { [name]: { offset: 1 } } }),
  )
  expect(message.length).toBeLessThan(1000)
})

it('refuses an entry that occurs twice', async () => {
  const data = pickle(p.dict())
  const twice = makeZip([
    { name: 'made/data.pkl', data },
    { name: 'made/data.pkl', data },
  ])
  expect((await refusal(twice)).message).toContain('holds "made/data.pkl" twice')
})

it('inflates no further than what an entry declares', async () => {
  const bomb = { name: 'made/data.pkl', data: Buffer.alloc(2 ** 24), declared: 1000 }
  expect((await refusal(makeZip([bomb], { compressed: true }))).message).toContain('too many bytes')
  const lie = { name: 'made/data.pkl', data: Buffer.alloc(10), declared: 2 ** 31 }
  expect((await refusal(makeZip([lie], { compressed: true }))).message).toContain('declares 2147483648 bytes')
})

it.each<[string, string, string]>([
  ['an empty file', '', 'empty'],
  ['a web page', '\n<HTML><body>Not found</body></HTML>', 'web page'],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n', 'of 5 bytes'],
  ['a plain pickle', '\x80\x04N.', 'plain Python pickle'],
  ['another zip', makeZip([{ name: 'a.txt', data: Buffer.from('a') }]).toString('latin1'), 'data.pkl'],
  ['anything else', 'hello, world', '68656c6c6f2c2077'],
])('says of %s what it is', async (_, content, says) => {
  expect((await refusal(Buffer.from(content, 'latin1'))).message).toContain(says)
})

it('says that a file is not there', async () => {
  const path = join(await makeFolder(), 'none.pt')
  await expect(openCheckpoint(path)).rejects.toMatchObject({
    code: 'file/unreadable',
    message: `Cannot read ${path}: there is no such file or folder.`,
  })
})
