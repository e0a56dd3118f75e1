/** @file Objects of unknown classes: read past where they stand beside the tensors, an error where tensors should be; attacks are refused. */
import { describe, expect, it } from 'vitest'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import { OP } from '../../../src/main/checkpoint/opcodes'
import { f32, makeCheckpoint, p, pickle } from '../../helpers/checkpoint'
import { fileOf, refusal } from '../../helpers/checkpoint_refusal'

/** What Python 3.11 with numpy 2.4 and torch 2.13 writes: `base64.b64encode(pickle.dumps(value, protocol))`. */
const RECORDED: readonly (readonly [value: string, protocol: 2 | 5, bytes: string])[] = [
  [
    "argparse.Namespace(lr=1e-4, model='swin_base', out=pathlib.PosixPath('/r'))",
    2,
    'gAJjYXJncGFyc2UKTmFtZXNwYWNlCnEAKYFxAX1xAihYAgAAAGxycQNHPxo24uscQy1YBQAAAG1vZGVscQRYCQAAAHN3aW5fYmFzZXEFWAMAAABvdXRxBmNwYXRobGliClBvc2l4UGF0aApxB1gBAAAAL3EIWAEAAABycQmGcQpScQt1Yi4=',
  ],
  [
    "argparse.Namespace(lr=1e-4, model='swin_base', out=pathlib.PosixPath('/r'))",
    5,
    'gAWVbgAAAAAAAACMCGFyZ3BhcnNllIwJTmFtZXNwYWNllJOUKYGUfZQojAJscpRHPxo24uscQy2MBW1vZGVslIwJc3dpbl9iYXNllIwDb3V0lIwHcGF0aGxpYpSMCVBvc2l4UGF0aJSTlIwBL5SMAXKUhpRSlHViLg==',
  ],
  [
    'numpy.float64(0.5)',
    2,
    'gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpzY2FsYXIKcQBjbnVtcHkKZHR5cGUKcQFYAgAAAGY4cQKJiIdxA1JxBChLA1gBAAAAPHEFTk5OSv////9K/////0sAdHEGYmNfY29kZWNzCmVuY29kZQpxB1gJAAAAAAAAAAAAw6A/cQhYBgAAAGxhdGluMXEJhnEKUnELhnEMUnENLg==',
  ],
  [
    'numpy.float64(0.5)',
    5,
    'gAWVagAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmY4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJDCAAAAAAAAOA/lIaUUpQu',
  ],
  [
    'numpy.array([0.5, 1], dtype=numpy.float32)',
    2,
    'gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECY19jb2RlY3MKZW5jb2RlCnEDWAEAAABicQRYBgAAAGxhdGluMXEFhnEGUnEHh3EIUnEJKEsBSwKFcQpjbnVtcHkKZHR5cGUKcQtYAgAAAGY0cQyJiIdxDVJxDihLA1gBAAAAPHEPTk5OSv////9K/////0sAdHEQYoloA1gJAAAAAAAAPwAAwoA/cRFoBYZxElJxE3RxFGIu',
  ],
  [
    'numpy.array([0.5, 1], dtype=numpy.float32)',
    5,
    'gAWVfAAAAAAAAACME251bXB5Ll9jb3JlLm51bWVyaWOUjAtfZnJvbWJ1ZmZlcpSTlCiWCAAAAAAAAAAAAAA/AACAP5SMBW51bXB5lIwFZHR5cGWUk5SMAmY0lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJLAoWUjAFDlHSUUpQu',
  ],
  [
    "pathlib.PosixPath('/data/run1')",
    2,
    'gAJjcGF0aGxpYgpQb3NpeFBhdGgKcQBYAQAAAC9xAVgEAAAAZGF0YXECWAQAAABydW4xcQOHcQRScQUu',
  ],
  [
    "collections.defaultdict(list, {'f1': [0.5]})",
    2,
    'gAJjY29sbGVjdGlvbnMKZGVmYXVsdGRpY3QKcQBjX19idWlsdGluX18KbGlzdApxAYVxAlJxA1gCAAAAZjFxBF1xBUc/4AAAAAAAAGFzLg==',
  ],
  [
    'datetime.datetime(2026, 11, 27, 9, 30)',
    2,
    'gAJjZGF0ZXRpbWUKZGF0ZXRpbWUKcQBjX2NvZGVjcwplbmNvZGUKcQFYCwAAAAfDqgsbCR4AAAAAcQJYBgAAAGxhdGluMXEDhnEEUnEFhXEGUnEHLg==',
  ],
  ['{1, 2}', 2, 'gAJjX19idWlsdGluX18Kc2V0CnEAXXEBKEsBSwJlhXECUnEDLg=='],
  ["torch.device('cpu')", 2, 'gAJjdG9yY2gKZGV2aWNlCnEAWAMAAABjcHVxAYVxAlJxAy4='],
]

const TENSORS = { 'a.weight': f32([2, 3]) }

/** The tensor `a.weight` as a pickle describes it. */
const A_WEIGHT = p.reduce(
  p.global('torch._utils', '_rebuild_tensor_v2'),
  Buffer.concat([
    p.tuple(p.text('storage'), p.global('torch', 'FloatStorage'), p.text('0'), p.text('cpu'), p.int(6)),
    p.op(OP.BINPERSID),
  ]),
  p.int(0),
  p.ints([2, 3]),
  p.ints([3, 1]),
  p.op(OP.NEWFALSE),
  p.op(OP.NONE),
)

/** A class of somebody's project. */
const MINE = p.global('mine.net', 'Mine')
const STATE_DICT = p.dict(p.text('a.weight'), A_WEIGHT)

function made(...parts: Buffer[]): Buffer {
  return makeCheckpoint(TENSORS, { pickle: pickle(...parts) })
}

/** Reads a training checkpoint that has `value` beside its state dict, before and behind. */
async function expectReadsBeside(value: Buffer): Promise<void> {
  const root = p.dict(p.text('args'), value, p.text('state_dict'), STATE_DICT, p.text('epoch'), p.int(3))
  await withCheckpoint(await fileOf(made(root)), async (checkpoint) => {
    expect(checkpoint.metadata).toEqual({ epoch: 3 })
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['a.weight'])
    expect(await checkpoint.read('a.weight')).toEqual(TENSORS['a.weight'])
  })
}

describe('beside the tensors', () => {
  it.each(RECORDED)('reads past %s of protocol %i', async (_value, _protocol, bytes) => {
    const whole = Buffer.from(bytes, 'base64')
    await expectReadsBeside(whole.subarray(2, -1)) // PROTO and STOP are the outer pickle's.
  })

  it.each<[string, Buffer]>([
    ['a class as a value', MINE],
    ['a call', p.reduce(MINE, p.text('x'))],
    ['a call of what a call gave', p.reduce(p.reduce(MINE), p.text('x'))],
    ['a call with what is no tuple', Buffer.concat([MINE, p.op(OP.NONE, OP.REDUCE)])],
    ['a new object', Buffer.concat([MINE, p.op(OP.EMPTY_TUPLE, OP.NEWOBJ)])],
    ['a new object of keywords', Buffer.concat([MINE, p.op(OP.EMPTY_TUPLE), p.dict(), p.op(OP.NEWOBJ_EX)])],
    ['attributes', Buffer.concat([p.reduce(MINE), p.dict(p.text('x'), A_WEIGHT), p.op(OP.BUILD)])],
    ['items of a dict', Buffer.concat([p.reduce(MINE), p.text('x'), p.int(1), p.op(OP.SETITEM)])],
    ['items of a list', Buffer.concat([p.reduce(MINE), p.op(OP.MARK), p.int(1), p.int(2), p.op(OP.APPENDS)])],
    ['items of a set', Buffer.concat([p.reduce(MINE), p.op(OP.MARK), p.int(1), p.op(OP.ADDITEMS)])],
    ['an object in an object', p.reduce(MINE, p.dict(p.text('x'), p.reduce(MINE)))],
    ['a nested class', p.global('mine', 'make.<locals>.Inner')],
    ['a name that JavaScript knows', p.global('constructor', '__proto__')],
  ])('reads past %s', async (_, value) => {
    await expectReadsBeside(value)
  })

  it('reads past an object among bare tensors', async () => {
    const path = await fileOf(made(p.dict(p.text('a.weight'), A_WEIGHT, p.text('args'), p.reduce(MINE))))
    await withCheckpoint(path, async (checkpoint) => {
      expect(await checkpoint.read('a.weight')).toEqual(TENSORS['a.weight'])
    })
  })

  it('reads a defaultdict that holds the state dict', async () => {
    const root = Buffer.concat([
      p.reduce(p.global('collections', 'defaultdict'), p.global('__builtin__', 'dict')),
      p.text('model'),
      STATE_DICT,
      p.op(OP.SETITEM),
    ])
    await withCheckpoint(await fileOf(made(root)), async ({ tensors }) => {
      expect(tensors.map(({ name }) => name)).toEqual(['a.weight'])
    })
  })
})

describe('where tensors should be', () => {
  const net = Buffer.concat([MINE, p.op(OP.EMPTY_TUPLE, OP.NEWOBJ), p.dict(), p.op(OP.BUILD)])
  const complex = p.reduce(
    p.global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.concat([
      p.tuple(
        p.text('storage'),
        p.global('torch', 'ComplexFloatStorage'),
        p.text('0'),
        p.text('cpu'),
        p.int(3),
      ),
      p.op(OP.BINPERSID),
    ]),
    p.int(0),
    p.ints([3]),
    p.ints([1]),
  )
  const besides = [p.text('epoch'), p.int(3)]
  it.each<[string, Buffer, string]>([
    ['a whole network', net, 'it is an object of mine.net.Mine, not a dict of tensors'],
    ['a network of the legacy format', Buffer.concat([p.tuple(p.text('module'), MINE, p.text('net.py'), p.text('')), p.op(OP.BINPERSID, OP.EMPTY_TUPLE, OP.NEWOBJ)]), 'it is an object of mine.net.Mine'], // prettier-ignore
    [
      'a network in a dict',
      p.dict(...besides, p.text('model'), net),
      'its "model" is an object of mine.net.Mine',
    ],
    ['only objects by name', p.dict(p.text('a'), net), 'its "a" is an object of mine.net.Mine'],
    ['an object in a state dict', p.dict(p.text('model'), p.dict(p.text('a.weight'), A_WEIGHT, p.text('b.weight'), net)), '"b.weight" is an object of mine.net.Mine, not a tensor'], // prettier-ignore
    ['a tensor of an unknown type', p.dict(p.text('model'), p.dict(p.text('a'), complex)), '"a" is an object of torch.ComplexFloatStorage'], // prettier-ignore
  ])('says of %s what it is and what to do', async (_, root, says) => {
    const { code, message } = await refusal(made(root))
    expect(code).toBe('checkpoint/malformed')
    expect(message).toContain(says)
    expect(message).toContain('save model.state_dict() with torch.save instead.')
  })
})

describe('attacks', () => {
  it.each([
    ['os', 'system'],
    ['os.path', 'exists'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['subprocess', 'Popen'],
    ['sys', 'modules'],
    ['runpy', '_run_code'],
    ['importlib', 'import_module'],
    ['builtins', 'exec'],
    ['builtins', 'str.join'],
    ['__builtin__', 'getattr'],
    ['torch.hub', 'load'],
    ['torch.storage', '_load_from_bytes'],
    ['io', 'open'],
    ['logging', 'os.system'],
    ['argparse', '_os.system'],
    ['mine', '__builtins__.eval'],
  ])('refuses %s.%s wherever it is named', async (module, name) => {
    const global = p.global(module, name)
    const stacked = Buffer.concat([p.text(module), p.text(name), p.op(OP.STACK_GLOBAL)])
    for (const value of [
      p.reduce(global, p.text('ls')),
      global,
      stacked,
      p.reduce(MINE, p.dict(p.text('x'), global)),
    ]) {
      const root = p.dict(p.text('state_dict'), STATE_DICT, p.text('args'), value)
      const { code, message } = await refusal(made(root))
      expect(code).toBe('checkpoint/forbidden')
      expect(message).toContain(`asks to run ${module}.${name}, which no checkpoint needs; nothing was run`)
    }
  })

  it.each<[string, Buffer, string]>([
    ['a name of 2 MB', p.global('mine', 'x'.repeat(2 ** 21)), 'names a global of 2097156 characters'],
    [
      'a name that is a list',
      p.op(OP.EMPTY_LIST, OP.EMPTY_LIST, OP.STACK_GLOBAL),
      'names a global by what is not text',
    ],
    ['a call of a list', p.reduce(p.ints([1])), 'calls what is not a global'],
    [
      'items of a number',
      Buffer.concat([p.int(1), p.int(1), p.op(OP.APPEND)]),
      'appends to what is not a list',
    ],
    [
      'objects without end',
      Buffer.concat([MINE, Buffer.alloc(2 ** 21, Buffer.of(OP.EMPTY_TUPLE, OP.REDUCE))]),
      'runs past',
    ],
  ])('refuses %s', async (_, root, says) => {
    expect(await refusal(made(root))).toMatchObject({
      code: 'checkpoint/malformed',
      message: expect.stringContaining(says),
    })
  })
})
