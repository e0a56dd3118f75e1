/** @file Checkpoints built byte by byte: real zip and pickle bytes, good ones and their broken or hostile twins. */
import { open } from 'node:fs/promises'
import { crc32, deflateRawSync } from 'node:zlib'
import type { Scalar, TensorInfo } from '../../src/main/checkpoint/checkpoint'
import { OP } from '../../src/main/checkpoint/opcodes'
import type { NamedTensor } from '../../src/main/checkpoint/torchWriter'
import type { Tensor } from '../../src/main/base/tensor'
import { elementCount, tensor, tensorBytes } from '../../src/main/base/tensor'

export { writeTorchCheckpoint } from '../../src/main/checkpoint/torchWriter'
export type { NamedTensor }

/** A float32 tensor of the given values, or of 0, 1, 2, … */
export function f32(shape: readonly number[], values?: readonly number[]): Tensor {
  const count = elementCount(shape)
  return tensor('float32', shape, Float32Array.from(values ?? Array.from({ length: count }, (_, i) => i)))
}

/**
 * A whole state dict, one tensor in memory at a time: `value(name, i)` gives element `i` (row-major) of `name`.
 * Feed it to `writeTorchCheckpoint` for a file of any size. Types: float32 and int64.
 */
export function* generateTensors(
  infos: Iterable<TensorInfo>,
  value: (name: string, index: number) => number,
): Generator<NamedTensor> {
  for (const { name, dtype, shape } of infos) {
    const count = elementCount(shape)
    const data = dtype === 'int64' ? new BigInt64Array(count) : new Float32Array(count)
    for (let i = 0; i < count; i++) {
      if (data instanceof Float32Array) data[i] = value(name, i)
      else data[i] = BigInt(value(name, i))
    }
    yield { name, tensor: tensor(dtype, shape, data) }
  }
}

/** Pickle opcodes as bytes; join them with `pickle`, which adds PROTO and STOP. */
export const p = {
  op: (...bytes: number[]): Buffer => Buffer.from(bytes),
  text(value: string): Buffer {
    const head = Buffer.alloc(5)
    head.writeUInt8(OP.BINUNICODE)
    head.writeUInt32LE(Buffer.byteLength(value), 1)
    return Buffer.concat([head, Buffer.from(value)])
  },
  /** Any safe integer, as LONG1 of eight bytes. */
  int(value: number): Buffer {
    const bytes = Buffer.alloc(10)
    bytes.writeUInt8(OP.LONG1)
    bytes.writeUInt8(8, 1)
    bytes.writeBigInt64LE(BigInt(value), 2)
    return bytes
  },
  float(value: number): Buffer {
    const bytes = Buffer.alloc(9)
    bytes.writeUInt8(OP.BINFLOAT)
    bytes.writeDoubleBE(value, 1)
    return bytes
  },
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`, 'latin1'),
  tuple: (...items: Buffer[]): Buffer => Buffer.concat([p.op(OP.MARK), ...items, p.op(OP.TUPLE)]),
  ints: (values: readonly number[]): Buffer => p.tuple(...values.map(p.int)),
  dict: (...keysAndValues: Buffer[]): Buffer =>
    Buffer.concat([p.op(OP.EMPTY_DICT, OP.MARK), ...keysAndValues, p.op(OP.SETITEMS)]),
  reduce: (callee: Buffer, ...args: Buffer[]): Buffer =>
    Buffer.concat([callee, p.tuple(...args), p.op(OP.REDUCE)]),
}

/** A whole pickle of protocol 2. */
export function pickle(...parts: Buffer[]): Buffer {
  return Buffer.concat([p.op(OP.PROTO, 2), ...parts, p.op(OP.STOP)])
}

/** What the pickle says of a tensor, where it should differ from the truth. */
export interface ViewSpec {
  key?: string
  count?: number
  offset?: number
  shape?: readonly number[]
  strides?: readonly number[]
}

export interface CheckpointOptions {
  /** The key the state dict lies under; without it the file is the bare state dict. */
  container?: string
  /** Plain values beside the container. */
  extra?: Readonly<Record<string, Scalar>>
  /** Deflates every entry. */
  compressed?: boolean
  /** Ends in zip64 records, as archives of more than 4 GiB do. */
  zip64?: boolean
  /** The byteorder record; none by default. */
  byteOrder?: 'little' | 'big'
  /** Lies about tensors, by name. */
  views?: Readonly<Record<string, ViewSpec>>
  /** Another data.pkl. */
  pickle?: Buffer
  /** An optimiser state of that many zero bytes, storage `optimizer`: a hole in a sparse file, of which no CRC is computed. */
  optimizerBytes?: number
  /** Keeps only that many bytes of the file. */
  cutTo?: number
  /** The CRC-32 that an entry declares, given the true one. */
  checksum?: Checksum
}

type Checksum = (entry: string, genuine: number) => number

const STORAGE_OF: Readonly<Record<string, string>> = {
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  int64: 'LongStorage',
  uint8: 'ByteStorage',
}

function tensorPickle(key: string, { dtype, shape }: Tensor, lie: ViewSpec): Buffer {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)))
  const storage = p.tuple(
    p.text('storage'),
    p.global('torch', STORAGE_OF[dtype] ?? dtype),
    p.text(lie.key ?? key),
    p.text('cpu'),
    p.int(lie.count ?? elementCount(shape)),
  )
  return p.reduce(
    p.global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.concat([storage, p.op(OP.BINPERSID)]),
    p.int(lie.offset ?? 0),
    p.ints(lie.shape ?? shape),
    p.ints(lie.strides ?? strides),
    p.op(OP.NEWFALSE),
    p.op(OP.NONE),
  )
}

function checkpointPickle(tensors: Readonly<Record<string, Tensor>>, options: CheckpointOptions): Buffer {
  const state = p.dict(
    ...Object.entries(tensors).flatMap(([name, tensor], index) => [
      p.text(name),
      tensorPickle(String(index), tensor, options.views?.[name] ?? {}),
    ]),
  )
  if (options.container === undefined) return pickle(state)
  const extra = Object.entries(options.extra ?? {}).flatMap(([key, value]) => [
    p.text(key),
    typeof value === 'number' ? p.float(value) : p.text(String(value)),
  ])
  const bytes = options.optimizerBytes
  const optimizer = (count: number): Buffer[] => [
    p.text('optimizer'),
    p.dict(p.text('exp_avg'), tensorPickle('optimizer', f32([0]), { count, shape: [count], strides: [1] })),
  ]
  return pickle(
    p.dict(...extra, p.text(options.container), state, ...(bytes === undefined ? [] : optimizer(bytes / 4))),
  )
}

/** A zip entry: its bytes, or a number of zero bytes that are never written. */
export interface ZipEntrySpec {
  name: string
  data: Uint8Array | number
  /** The uncompressed size to declare, where it should be a lie. */
  declared?: number
}

type ZipOptions = Pick<CheckpointOptions, 'compressed' | 'zip64' | 'checksum'>

/** The parts of a zip archive in order; numbers are holes. */
function zipParts(
  entries: readonly ZipEntrySpec[],
  { compressed = false, zip64 = false, checksum = (_, genuine) => genuine }: ZipOptions,
): (Uint8Array | number)[] {
  const parts: (Uint8Array | number)[] = []
  const directory: Buffer[] = []
  let position = 0
  for (const { name, data, declared } of entries) {
    const body = typeof data === 'number' || !compressed ? data : deflateRawSync(data)
    const stored = typeof body === 'number' ? body : body.byteLength
    const header = Buffer.alloc(26)
    header.writeUInt16LE(20, 0)
    header.writeUInt16LE(body === data ? 0 : 8, 4)
    header.writeUInt32LE(checksum(name, typeof data === 'number' ? 0 : crc32(data)), 10)
    header.writeUInt32LE(stored, 14)
    header.writeUInt32LE(declared ?? (typeof data === 'number' ? data : data.byteLength), 18)
    header.writeUInt16LE(Buffer.byteLength(name), 22)
    parts.push(Buffer.concat([Buffer.from('PK\x03\x04'), header, Buffer.from(name)]), body)

    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(position, 10)
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, rest, Buffer.from(name)]),
    )
    position += 30 + Buffer.byteLength(name) + stored
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(zip64 ? 0xffff : entries.length, 8)
  end.writeUInt16LE(zip64 ? 0xffff : entries.length, 10)
  end.writeUInt32LE(zip64 ? 0xffffffff : central.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : position, 16)
  return [...parts, central, ...(zip64 ? [zip64End(entries.length, central.length, position)] : []), end]
}

/** The zip64 end record and its locator. */
function zip64End(entries: number, directoryBytes: number, directoryStart: number): Buffer {
  const record = Buffer.alloc(56 + 20)
  record.write('PK\x06\x06', 'latin1')
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(entries), 24)
  record.writeBigUInt64LE(BigInt(entries), 32)
  record.writeBigUInt64LE(BigInt(directoryBytes), 40)
  record.writeBigUInt64LE(BigInt(directoryStart), 48)
  record.write('PK\x06\x07', 56, 'latin1')
  record.writeBigUInt64LE(BigInt(directoryStart + directoryBytes), 64)
  record.writeUInt32LE(1, 72)
  return record
}

/** A zip archive in memory. */
export function makeZip(entries: readonly ZipEntrySpec[], options: ZipOptions = {}): Buffer {
  return Buffer.concat(
    zipParts(entries, options).map((part) => (typeof part === 'number' ? Buffer.alloc(part) : part)),
  )
}

function checkpointEntries(
  tensors: Readonly<Record<string, Tensor>>,
  options: CheckpointOptions,
): ZipEntrySpec[] {
  const entries: ZipEntrySpec[] = [
    { name: 'made/data.pkl', data: options.pickle ?? checkpointPickle(tensors, options) },
    { name: 'made/version', data: Buffer.from('3\n') },
    ...Object.values(tensors).map((tensor, i) => ({ name: `made/data/${i}`, data: tensorBytes(tensor) })),
  ]
  if (options.byteOrder !== undefined) {
    entries.push({ name: 'made/byteorder', data: Buffer.from(options.byteOrder) })
  }
  if (options.optimizerBytes !== undefined) {
    entries.push({ name: 'made/data/optimizer', data: options.optimizerBytes })
  }
  return entries
}

/** A `.pt` file in memory: `makeCheckpoint({ 'backbone.0.weight': f32([4, 3]) })`. */
export function makeCheckpoint(
  tensors: Readonly<Record<string, Tensor>>,
  options: CheckpointOptions = {},
): Buffer {
  return makeZip(checkpointEntries(tensors, options), options).subarray(0, options.cutTo)
}

/** The same on disk, where `optimizerBytes` takes no space: the file is sparse. */
export async function writeSparseCheckpoint(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: CheckpointOptions = {},
): Promise<void> {
  const handle = await open(path, 'w')
  try {
    let position = 0
    for (const part of zipParts(checkpointEntries(tensors, options), options)) {
      if (typeof part === 'number') position += part
      else position += (await handle.write(part, 0, part.byteLength, position)).bytesWritten
    }
  } finally {
    await handle.close()
  }
}
