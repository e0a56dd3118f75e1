/**
 * @file NumPy's .npy arrays, versions 1 to 3, little-endian and in C order.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { FacetError } from '../../shared/errors'
import { openForReading, readAt, writeFileAtomic } from './fs'
import type { DType, Tensor } from './tensor'
import { elementCount, elementSize, parseShape, tensorBytes, tensorFromBytes } from './tensor'

const MAGIC = '\x93NUMPY'

/** NumPy writes some 100 bytes; a header may grow to 2^32, but not for us. */
const MAX_HEADER_BYTES = 65_536

/** The element types read and written, by NumPy's descr. */
const DTYPE_OF = new Map<string, DType>([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<i8', 'int64'],
  ['<i4', 'int32'],
  ['|u1', 'uint8'],
])

/** The header is a Python dict of three known keys; NumPy sorts them, others may not. */
const RE_DESCR = /'descr'\s*:\s*'([^']*)'/
const RE_FORTRAN_ORDER = /'fortran_order'\s*:\s*(True|False)/
const RE_SHAPE = /'shape'\s*:\s*\(([\d\s,]*)\)/

/** The array of an .npy file. Throws `file/unreadable` or `file/malformed`. */
export async function readNpy(path: string): Promise<Tensor> {
  const { handle, size } = await openForReading(path)
  try {
    const start = await readAt(handle, 0, Math.min(size, MAX_HEADER_BYTES))
    const header = parseHeader(path, start)
    const expected = elementCount(header.shape) * elementSize(header.dtype)
    const found = size - header.dataStart
    if (found !== expected) {
      const what = `a ${header.dtype} array of shape [${header.shape.join(', ')}]`
      throw malformed(path, `it declares ${what}, which is ${expected} bytes, but holds ${found}`)
    }
    return tensorFromBytes(header.dtype, header.shape, await readAt(handle, header.dataStart, expected))
  } finally {
    await handle.close()
  }
}

function parseHeader(path: string, start: Uint8Array): { dtype: DType; shape: number[]; dataStart: number } {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength)
  if (start.byteLength < 12 || text.toString('latin1', 0, 6) !== MAGIC) {
    throw malformed(path, 'it does not begin as an .npy file does; write it with numpy.save')
  }
  const version = text.readUInt8(6)
  if (version < 1 || version > 3) throw malformed(path, `it has version ${version}, and 1 to 3 are known`)
  const headerStart = version === 1 ? 10 : 12
  const dataStart = headerStart + (version === 1 ? text.readUInt16LE(8) : text.readUInt32LE(8))
  if (dataStart > start.byteLength) throw malformed(path, 'its header is cut short')

  const header = text.toString('latin1', headerStart, dataStart)
  const descr = RE_DESCR.exec(header)?.[1]
  const order = RE_FORTRAN_ORDER.exec(header)?.[1]
  const shape = parseShape(
    RE_SHAPE.exec(header)?.[1]
      ?.split(',')
      .filter((part) => part.trim() !== '')
      .map(Number),
  )
  if (descr === undefined || order === undefined || shape === undefined) {
    throw malformed(path, 'its header does not say descr, fortran_order and shape')
  }
  const dtype = DTYPE_OF.get(descr)
  if (dtype === undefined) {
    throw malformed(path, `its elements are '${descr}', and ${[...DTYPE_OF.keys()].join(', ')} can be read`)
  }
  if (order === 'True') {
    throw malformed(path, 'it is in Fortran order; save numpy.ascontiguousarray(x) instead')
  }
  return { dtype, shape, dataStart }
}

/** Writes a tensor as an .npy file, atomically. Its dtype must be one that `readNpy` reads. */
export async function writeNpy(path: string, tensor: Tensor): Promise<void> {
  const descr = [...DTYPE_OF].find(([, dtype]) => dtype === tensor.dtype)?.[0]
  if (descr === undefined) {
    throw new FacetError('file/unwritable', `Cannot write ${path}: .npy files here hold no ${tensor.dtype}.`)
  }
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ')
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`
  // Magic, version and length are 10 bytes; the data starts at a multiple of 64, after a newline.
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + '\n'
  const prefix = Buffer.alloc(10)
  prefix.write(`${MAGIC}\x01\x00`, 'latin1')
  prefix.writeUInt16LE(header.length, 8)
  await writeFileAtomic(path, async (handle) => {
    await handle.writeFile(Buffer.concat([prefix, Buffer.from(header, 'latin1')]))
    await handle.writeFile(tensorBytes(tensor))
  })
}

function malformed(path: string, what: string): FacetError {
  return new FacetError('file/malformed', `Cannot read ${path} as an array: ${what}.`, { file: path })
}
