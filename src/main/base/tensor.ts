/** @file Tensors in memory: element types, shapes, contiguous data, and exact conversions between float widths. */
import { invariant } from '../../shared/assert'

/** Element types by their PyTorch names. */
export type DType =
  'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

/** The arrays that hold elements: `float16` and `bfloat16` as their bits in Uint16Array, `bool` as 0/1 in Uint8Array. */
export type TypedArray =
  Float32Array | Float64Array | Uint16Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** A contiguous row-major tensor; `data.length` is the product of `shape` (1 for a scalar, whose shape is `[]`). */
export interface Tensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray
}

/** How an element type lies in memory. */
const ARRAY_OF: Readonly<Record<DType, TypedArrayConstructor>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

/** Every element type, widest first: an order in which tensors laid end to end stay aligned. */
export const DTYPES: readonly DType[] = [
  'float64',
  'int64',
  'float32',
  'int32',
  'float16',
  'bfloat16',
  'int16',
  'int8',
  'uint8',
  'bool',
]

/** Bytes of one element. */
export function elementSize(dtype: DType): number {
  return ARRAY_OF[dtype].BYTES_PER_ELEMENT
}

/** The number of elements of a shape: the product of its dimensions, 1 for `[]`. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** A tensor over `data` (not copied); it must be the array type of `dtype` and hold exactly the elements of `shape`. */
export function tensor(dtype: DType, shape: readonly number[], data: TypedArray): Tensor {
  invariant(data instanceof ARRAY_OF[dtype], `${data.constructor.name} cannot hold ${dtype}`)
  invariant(
    data.length === elementCount(shape),
    `${data.length} elements cannot have the shape [${shape.join(', ')}]`,
  )
  return { dtype, shape: [...shape], data }
}

/** A tensor from little-endian bytes, which are copied only where they do not lie on an element's boundary. */
export function tensorFromBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  // Not slice(): of Node's Buffer that is a view, as little aligned.
  const aligned = bytes.byteOffset % elementSize(dtype) === 0 ? bytes : new Uint8Array(bytes)
  const length = aligned.byteLength / elementSize(dtype)
  return tensor(dtype, shape, new ARRAY_OF[dtype](aligned.buffer, aligned.byteOffset, length))
}

/** The tensor's little-endian bytes: a view, not a copy. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
}

/**
 * The elements as float32: float16 and bfloat16 widen exactly (subnormals, infinities and NaN included),
 * float64 and int64 round to nearest. A float32 tensor gives its own array, not a copy.
 */
export function toFloat32(tensor: Tensor): Float32Array {
  const { dtype, data } = tensor
  if (data instanceof Float32Array) return data
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number)
  if (data instanceof Uint16Array) return dtype === 'bfloat16' ? widenBfloat16(data) : widenFloat16(data)
  return new Float32Array(data)
}

/** True for the element types of real numbers. */
export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16'
}

/** The reverse of `toFloat32`: the values as a tensor of a floating type, rounded to nearest (not copied for float32). */
export function fromFloat32(dtype: DType, shape: readonly number[], values: Float32Array): Tensor {
  switch (dtype) {
    case 'float32':
      return tensor(dtype, shape, values)
    case 'float64':
      return tensor(dtype, shape, Float64Array.from(values))
    case 'float16':
      return tensor(dtype, shape, toFloat16Bits(values))
    case 'bfloat16':
      return tensor(dtype, shape, toBfloat16Bits(values))
    default:
      throw new Error(`internal: ${dtype} holds no real numbers`)
  }
}

/** The bfloat16 bits nearest to each value, ties to even. */
function toBfloat16Bits(values: Float32Array): Uint16Array {
  const wide = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < wide.length; i++) {
    const word = wide[i] as number
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    // A carry runs on into the exponent, as it should.
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return bits
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) wide[i] = (bits[i] as number) << 16
  return new Float32Array(wide.buffer)
}

/** IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits) to binary32. */
function widenFloat16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length)
  const wide = new Uint32Array(values.buffer)
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] as number
    const sign = (half & 0x8000) << 16
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0) values[i] = (sign < 0 ? -fraction : fraction) * 2 ** -24
    else if (exponent === 0x1f) wide[i] = sign | 0x7f800000 | (fraction << 13)
    else wide[i] = sign | ((exponent + 112) << 23) | (fraction << 13)
  }
  return values
}

/** The float16 bits nearest to each value, ties to even; beyond ±65504 (by half a step) it becomes infinity. */
export function toFloat16Bits(values: Float32Array): Uint16Array {
  const wide = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < wide.length; i++) {
    const word = wide[i] as number
    bits[i] = ((word >>> 16) & 0x8000) | halfMagnitude(word & 0x7fffffff)
  }
  return bits
}

/** float16 bits of the float32 bits of a magnitude. */
function halfMagnitude(magnitude: number): number {
  if (magnitude > 0x7f800000) return 0x7e00 | ((magnitude >>> 13) & 0x1ff) // NaN stays NaN
  if (magnitude >= 0x47800000) return 0x7c00 // 65536 and more
  // A normal float16: rebias the exponent, then round; a carry runs on into the exponent, as it should.
  if (magnitude >= 0x38800000) return roundedShift(magnitude - 0x38000000, 13)
  // A subnormal one counts steps of 2^-24.
  const shift = 126 - (magnitude >>> 23)
  return shift > 24 ? 0 : roundedShift((magnitude & 0x7fffff) | 0x800000, shift)
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const quotient = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient
}

/** A shape from outside: non-negative whole dimensions whose product is still exact; else undefined. */
export function parseShape(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_RANK) return undefined
  const shape: number[] = []
  for (const dimension of value as unknown[]) {
    if (typeof dimension !== 'number' || !Number.isSafeInteger(dimension) || dimension < 0) return undefined
    shape.push(dimension)
  }
  // Without its zeros, so that [2^52, 2^52, 0] is refused too.
  return Number.isSafeInteger(elementCount(shape.filter((dimension) => dimension > 0))) ? shape : undefined
}

/** PyTorch allows 64 dimensions. */
const MAX_RANK = 64
