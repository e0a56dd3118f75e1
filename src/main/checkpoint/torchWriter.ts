/** @file Writes PyTorch's zip container, which `torch.load(weights_only=True)` reads: a state dict with plain values beside it. */
import type { DType, Tensor } from '../base/tensor'
import { writeFileAtomic } from '../base/fs'
import { tensorBytes } from '../base/tensor'
import type { Scalar, TensorInfo } from './checkpoint'
import { OP } from './opcodes'
import { ZipWriter } from './zipWriter'

const STORAGE_OF: Readonly<Record<DType, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
}

/** The archive's top folder; torch.load takes any name. */
const FOLDER = 'archive'

/** A tensor with the name it is stored under. */
export interface NamedTensor {
  readonly name: string
  readonly tensor: Tensor
}

/**
 * Writes a checkpoint atomically, with one tensor in memory at a time.
 *
 * @param entries the state dict in order
 * @param options.container the key the state dict lies under, as in a published SegFace checkpoint;
 * without it the file is the bare state dict, and `extra` is not written
 * @param options.extra plain values beside the state dict: `epoch`, `iteration`
 */
export async function writeTorchCheckpoint(
  path: string,
  entries: Iterable<NamedTensor> | AsyncIterable<NamedTensor>,
  options: { container?: string; extra?: Readonly<Record<string, Scalar>> } = {},
): Promise<void> {
  await writeFileAtomic(path, async (handle) => {
    const zip = new ZipWriter(handle)
    const infos: TensorInfo[] = []
    for await (const { name, tensor } of entries) {
      await zip.add(`${FOLDER}/data/${infos.length}`, tensorBytes(tensor))
      infos.push({ name, dtype: tensor.dtype, shape: tensor.shape })
    }
    const pickle = encodePickle(infos, options.container, options.extra ?? {})
    await zip.add(`${FOLDER}/data.pkl`, pickle)
    await zip.add(`${FOLDER}/byteorder`, Buffer.from('little'))
    await zip.add(`${FOLDER}/version`, Buffer.from('3\n'))
    await zip.finish()
  })
}

function encodePickle(
  infos: readonly TensorInfo[],
  container: string | undefined,
  extra: Readonly<Record<string, Scalar>>,
): Uint8Array {
  const root =
    container === undefined
      ? stateDict(infos)
      : dict([
          ...Object.entries(extra).map(([key, value]): [string, Uint8Array] => [key, scalar(value)]),
          [container, stateDict(infos)],
        ])
  return Buffer.concat([opcode(OP.PROTO, 2), root, opcode(OP.STOP)])
}

function stateDict(infos: readonly TensorInfo[]): Uint8Array {
  const items = infos.map((info, index): [string, Uint8Array] => [info.name, tensorView(info, index)])
  return Buffer.concat([orderedDict(), ...setItems(items)])
}

function dict(items: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return Buffer.concat([opcode(OP.EMPTY_DICT), ...setItems(items)])
}

function setItems(items: readonly (readonly [string, Uint8Array])[]): Uint8Array[] {
  return [opcode(OP.MARK), ...items.flatMap(([key, value]) => [text(key), value]), opcode(OP.SETITEMS)]
}

function orderedDict(): Uint8Array {
  return Buffer.concat([globalName('collections', 'OrderedDict'), opcode(OP.EMPTY_TUPLE), opcode(OP.REDUCE)])
}

/** _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks). */
function tensorView({ dtype, shape }: TensorInfo, key: number): Uint8Array {
  const strides: number[] = []
  let elements = 1
  for (const dimension of shape.toReversed()) {
    strides.unshift(elements)
    elements *= dimension
  }
  const storage = tuple([
    text('storage'),
    globalName('torch', STORAGE_OF[dtype]),
    text(String(key)),
    text('cpu'),
    scalar(elements),
  ])
  return Buffer.concat([
    globalName('torch._utils', '_rebuild_tensor_v2'),
    tuple([
      Buffer.concat([storage, opcode(OP.BINPERSID)]),
      scalar(0),
      tuple(shape.map(scalar)),
      tuple(strides.map(scalar)),
      scalar(false),
      orderedDict(),
    ]),
    opcode(OP.REDUCE),
  ])
}

function scalar(value: Scalar): Uint8Array {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'boolean') return opcode(value ? OP.NEWTRUE : OP.NEWFALSE)
  const bytes = Buffer.alloc(9)
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    bytes.writeUInt8(OP.BININT)
    bytes.writeInt32LE(value, 1)
    return bytes.subarray(0, 5)
  }
  if (Number.isSafeInteger(value)) {
    bytes.writeBigInt64LE(BigInt(value), 1)
    return Buffer.concat([opcode(OP.LONG1, 8), bytes.subarray(1)])
  }
  bytes.writeUInt8(OP.BINFLOAT)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value)
  const head = Buffer.alloc(5)
  head.writeUInt8(OP.BINUNICODE)
  head.writeUInt32LE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function tuple(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([opcode(OP.MARK), ...items, opcode(OP.TUPLE)])
}

function globalName(module: string, name: string): Uint8Array {
  return Buffer.concat([opcode(OP.GLOBAL), Buffer.from(`${module}\n${name}\n`)])
}

function opcode(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes)
}
