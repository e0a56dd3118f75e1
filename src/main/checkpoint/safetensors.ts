/**
 * @file safetensors files: a JSON header of names, types, shapes and byte ranges, then the data.
 * Format: https://huggingface.co/docs/safetensors
 */
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { readAt, writeFileAtomic } from '../base/fs'
import type { DType, Tensor } from '../base/tensor'
import { DTYPES, elementCount, elementSize, parseShape, tensorBytes, tensorFromBytes } from '../base/tensor'
import type { Checkpoint, TensorInfo, TensorSource } from './checkpoint'
import { malformed, missingTensor, tensorSource } from './checkpoint'
import { MAX_SAFETENSORS_HEADER_BYTES } from './limits'

const NAME_OF_DTYPE = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
} as const satisfies Record<DType, string>

const DTYPE_OF_NAME = new Map(DTYPES.map((dtype): [string, DType] => [NAME_OF_DTYPE[dtype], dtype]))

const METADATA_KEY = '__metadata__'

const tensorEntry = z.object({
  dtype: z.string(),
  shape: z.array(z.number()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
})
const metadataEntry = z.record(z.string(), z.string())

/** A tensor of the file: its bytes `begin` to `end` lie after the header. */
interface Located extends TensorInfo {
  readonly begin: number
  readonly end: number
}

/** Opens a safetensors file; only its header is read. Throws `checkpoint/malformed`. */
export async function openSafetensors(
  path: string,
  handle: FileHandle,
  fileSize: number,
): Promise<Checkpoint> {
  const length = Number(Buffer.from(await readAt(handle, 0, 8)).readBigUInt64LE())
  if (length > MAX_SAFETENSORS_HEADER_BYTES || length > fileSize - 8) {
    throw malformed(path, `its header declares ${length} bytes, in a file of ${fileSize}`)
  }
  const dataStart = 8 + length
  const header = parseHeader(path, await readAt(handle, 8, length))
  const metadata = metadataEntry.safeParse(header[METADATA_KEY] ?? {})
  if (!metadata.success) throw malformed(path, `its ${METADATA_KEY} is not a table of strings`)
  const tensors = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, entry]) => locate(path, name, entry))
  checkRanges(path, tensors, fileSize - dataStart)

  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  return {
    path,
    format: 'safetensors',
    tensors: tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    metadata: metadata.data,
    async read(name) {
      const found = byName.get(name)
      if (found === undefined) throw missingTensor(path, name)
      const bytes = await readAt(handle, dataStart + found.begin, found.end - found.begin)
      return tensorFromBytes(found.dtype, found.shape, bytes)
    },
    close: () => handle.close(),
  }
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch (error) {
    throw malformed(path, 'its header is not a JSON object', error)
  }
}

function locate(path: string, name: string, entry: unknown): Located {
  const parsed = tensorEntry.safeParse(entry)
  const shape = parsed.success ? parseShape(parsed.data.shape) : undefined
  if (!parsed.success || shape === undefined) throw malformed(path, `its header describes "${name}" wrongly`)
  const dtype = DTYPE_OF_NAME.get(parsed.data.dtype)
  if (dtype === undefined) {
    const known = [...DTYPE_OF_NAME.keys()].join(', ')
    throw malformed(path, `tensor "${name}" has the type ${parsed.data.dtype}, and ${known} can be read`)
  }
  const [begin, end] = parsed.data.data_offsets
  const size = elementCount(shape) * elementSize(dtype)
  if (end - begin !== size) {
    throw malformed(path, `tensor "${name}" has ${end - begin} bytes, and its type and shape need ${size}`)
  }
  return { name, dtype, shape, begin, end }
}

/** The format demands that the tensors fill the data from its start to its end, without holes or overlaps. */
function checkRanges(path: string, tensors: readonly Located[], dataBytes: number): void {
  let position = 0
  for (const { name, begin, end } of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      throw malformed(path, `tensor "${name}" starts at byte ${begin} of the data instead of ${position}`)
    }
    position = end
  }
  if (position > dataBytes) {
    throw malformed(path, `its tensors need ${position} bytes and it has ${dataBytes}: it was cut short`)
  }
  if (position < dataBytes) {
    throw malformed(path, `its tensors cover ${position} of its ${dataBytes} bytes of data`)
  }
}

/**
 * Writes tensors as a safetensors file, atomically, with one tensor in memory at a time.
 *
 * @param source an open checkpoint, or tensors by name; its order is kept in the header, while the data goes
 * widest element first, so that every tensor is aligned for readers that map the file
 * @param metadata strings for the header's `__metadata__`
 * @param options as for `writeFileAtomic`
 */
export async function writeSafetensors(
  path: string,
  source: TensorSource | ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
  options: { readonly flush?: boolean } = {},
): Promise<void> {
  const tensors = source instanceof Map ? tensorSource(source) : (source as TensorSource)
  const located = layOut(tensors.tensors)
  const header = encodeHeader(located, metadata)
  await writeFileAtomic(
    path,
    async (handle) => {
      await handle.writeFile(header)
      for (const { name, begin, end } of located.toSorted((a, b) => a.begin - b.begin)) {
        const bytes = tensorBytes(await tensors.read(name))
        if (bytes.byteLength !== end - begin) {
          const sizes = `${bytes.byteLength} bytes instead of ${end - begin}`
          throw new FacetError('internal', `Cannot write ${path}: tensor "${name}" gave ${sizes}.`)
        }
        await handle.writeFile(bytes)
      }
    },
    options,
  )
}

function layOut(tensors: readonly TensorInfo[]): Located[] {
  const begins = new Map<TensorInfo, number>()
  let position = 0
  for (const info of tensors.toSorted((a, b) => DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype))) {
    begins.set(info, position)
    position += elementCount(info.shape) * elementSize(info.dtype)
  }
  return tensors.map((info) => {
    const begin = begins.get(info) ?? 0
    const { name, dtype, shape } = info
    return { name, dtype, shape, begin, end: begin + elementCount(shape) * elementSize(dtype) }
  })
}

function encodeHeader(located: readonly Located[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const entries = located.map(({ name, dtype, shape, begin, end }): [string, unknown] => {
    return [name, { dtype: NAME_OF_DTYPE[dtype], shape, data_offsets: [begin, end] }]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries([[METADATA_KEY, metadata], ...entries])))
  // Spaces at its end let the data start at a multiple of 8.
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ')
  header.writeBigUInt64LE(BigInt(header.length - 8))
  json.copy(header, 8)
  return header
}
