/**
 * @file One value as bytes, for HTTP bodies and the engine's pipe: JSON with its typed arrays beside it.
 * Layout, little-endian: uint32 JSON length, JSON, then per array uint32 byte length and its bytes. In the JSON an array
 * stands as `{"$array": n, "type": "Uint8Array"}`.
 */
import { FacetError } from './errors'

const ARRAY_TYPES = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array, Float64Array } as const
type ArrayType = keyof typeof ARRAY_TYPES

function arrayType(value: unknown): ArrayType | null {
  if (!ArrayBuffer.isView(value)) return null
  for (const type of Object.keys(ARRAY_TYPES) as ArrayType[])
    if (value instanceof ARRAY_TYPES[type]) return type
  throw new FacetError('internal', `internal: ${value.constructor.name} cannot cross the wire`)
}

/** True where `value` holds a typed array anywhere, so that plain JSON would not do. */
export function hasArrays(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return true
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(hasArrays)
}

/** The value as one block of bytes; plain objects, lists, strings, numbers, booleans, null and typed arrays only. */
export function encodeWire(value: unknown): Uint8Array<ArrayBuffer> {
  const arrays: Uint8Array[] = []
  const json = JSON.stringify(value, function (this: Record<string, unknown>, key, item: unknown) {
    // The holder's own item: what is passed has been through toJSON, which makes lists of Node's Buffers.
    const held = this[key]
    const type = arrayType(held)
    if (type === null) return item
    const view = held as ArrayBufferView
    arrays.push(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    return { $array: arrays.length - 1, type }
  })
  const head = new TextEncoder().encode(json)
  const total = arrays.reduce((sum, array) => sum + 4 + array.length, 4 + head.length)
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  let position = 0
  for (const block of [head, ...arrays]) {
    view.setUint32(position, block.length, true)
    bytes.set(block, position + 4)
    position += 4 + block.length
  }
  return bytes
}

/** The value again. Arrays are copies, aligned for their type. Throws `request/invalid` for anything malformed. */
export function decodeWire(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Uint8Array[] = []
  for (let position = 0; position < bytes.length;) {
    const length = position + 4 <= bytes.length ? view.getUint32(position, true) : Infinity
    if (position + 4 + length > bytes.length) {
      throw new FacetError(
        'request/invalid',
        `A message of ${bytes.length} bytes is cut short at byte ${position}.`,
      )
    }
    blocks.push(bytes.subarray(position + 4, position + 4 + length))
    position += 4 + length
  }
  const [head, ...arrays] = blocks
  if (!head) throw new FacetError('request/invalid', 'A message is empty.')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head), (_key, item: unknown) =>
      reviveArray(item, arrays),
    )
  } catch (error) {
    if (error instanceof FacetError) throw error
    throw new FacetError('request/invalid', 'A message is not JSON.', {}, { cause: error })
  }
}

function reviveArray(item: unknown, arrays: readonly Uint8Array[]): unknown {
  if (typeof item !== 'object' || item === null || !('$array' in item) || !('type' in item)) return item
  const source = typeof item.$array === 'number' ? arrays[item.$array] : undefined
  const type = item.type
  if (!source || typeof type !== 'string' || !Object.hasOwn(ARRAY_TYPES, type)) {
    throw new FacetError('request/invalid', 'A message names an array that it does not hold.')
  }
  const constructor = ARRAY_TYPES[type as ArrayType]
  if (source.length % constructor.BYTES_PER_ELEMENT !== 0) {
    throw new FacetError(
      'request/invalid',
      `A message's ${type} of ${source.length} bytes has a broken element.`,
    )
  }
  // Not slice(): where the bytes came as Node's Buffer, that would be a view of its pool.
  return new constructor(new Uint8Array(source).buffer)
}
