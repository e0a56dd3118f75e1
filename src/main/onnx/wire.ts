/**
 * @file Protobuf's wire format: a writer that copies large byte fields once, and a reader that trusts no length.
 * Reference: https://protobuf.dev/programming-guides/encoding/
 */
import { FacetError } from '../../shared/errors'

/** How a field's bytes are delimited. Groups (3, 4) are obsolete and refused. */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** A varint has seven bits a byte, so 64 bits take at most ten. */
const MAX_VARINT_BYTES = 10

/** Collects fields of one message; nested messages are written first and joined by reference. */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = []
  #length = 0

  /** An int32, int64, bool or enum field. Negative numbers take ten bytes, as the format says. */
  int(field: number, value: number): void {
    this.#tag(field, VARINT)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
  }

  float(field: number, value: number): void {
    this.#tag(field, FIXED32)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.#push(bytes)
  }

  string(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value))
  }

  /** A bytes field, kept by reference until `finish`. */
  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(BigInt(value.length))
    this.#push(value)
  }

  /** A nested message. */
  message(field: number, write: (nested: MessageWriter) => void): void {
    const nested = new MessageWriter()
    write(nested)
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(BigInt(nested.#length))
    for (const chunk of nested.#chunks) this.#chunks.push(chunk)
    this.#length += nested.#length
  }

  /** The message's bytes. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length)
    let offset = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset)
      offset += chunk.length
    }
    return bytes
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt(field * 8 + wireType))
  }

  #varint(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    this.#push(Uint8Array.from(bytes))
  }

  #push(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#length += bytes.length
  }
}

/** One field as it stands in the bytes: its number, and either an integer or a run of bytes. */
export class Field {
  constructor(
    readonly number: number,
    private readonly content: bigint | Uint8Array,
    private readonly wireType: number,
  ) {}

  /** A varint as a number; throws where it is no varint or beyond 2^53. */
  int(): number {
    if (typeof this.content !== 'bigint') return malformed(`field ${this.number} is not an integer`)
    const value = Number(BigInt.asIntN(64, this.content))
    return Number.isSafeInteger(value)
      ? value
      : malformed(`field ${this.number} holds ${this.content}, beyond 2^53`)
  }

  /** The bytes of a length-delimited field: a view, not a copy. */
  bytes(): Uint8Array {
    if (this.wireType !== LENGTH_DELIMITED || typeof this.content === 'bigint') {
      return malformed(`field ${this.number} is not a run of bytes`)
    }
    return this.content
  }

  string(): string {
    return new TextDecoder().decode(this.bytes())
  }

  float(): number {
    if (this.wireType !== FIXED32 || typeof this.content === 'bigint') {
      return malformed(`field ${this.number} is not a float`)
    }
    return new DataView(this.content.buffer, this.content.byteOffset, 4).getFloat32(0, true)
  }

  /** A nested message's fields. */
  fields(): Iterable<Field> {
    return readFields(this.bytes())
  }

  /** Repeated integers, packed in one field or one of several. */
  int64s(): readonly bigint[] {
    if (typeof this.content === 'bigint') return [BigInt.asIntN(64, this.content)]
    const cursor = new Cursor(this.bytes())
    const values: bigint[] = []
    while (!cursor.atEnd) values.push(BigInt.asIntN(64, cursor.varint()))
    return values
  }

  /** `int64s` as numbers; throws beyond 2^53. */
  ints(): readonly number[] {
    return this.int64s().map((value) => {
      const number = Number(value)
      return Number.isSafeInteger(number)
        ? number
        : malformed(`field ${this.number} holds ${value}, beyond 2^53`)
    })
  }

  /** Repeated fixed-width numbers (float or double), packed or one, as their little-endian bytes. */
  fixed(width: 4 | 8): Uint8Array {
    if (typeof this.content === 'bigint' || this.content.length % width !== 0) {
      return malformed(`field ${this.number} is not a list of ${width}-byte numbers`)
    }
    return this.content
  }
}

/** The fields of a message in their order; throws `file/malformed` where a length runs past the end. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  const cursor = new Cursor(bytes)
  while (!cursor.atEnd) {
    const tag = Number(cursor.varint())
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (number < 1 || tag > 0xffff_ffff) malformed(`a field has the number ${number}`)
    switch (wireType) {
      case VARINT:
        yield new Field(number, cursor.varint(), wireType)
        break
      case FIXED64:
        yield new Field(number, cursor.take(8), wireType)
        break
      case LENGTH_DELIMITED:
        yield new Field(number, cursor.take(Number(cursor.varint())), wireType)
        break
      case FIXED32:
        yield new Field(number, cursor.take(4), wireType)
        break
      default:
        malformed(`field ${number} has the wire type ${wireType}`)
    }
  }
}

/** A position in bytes that cannot leave them. */
class Cursor {
  #offset = 0
  constructor(private readonly data: Uint8Array) {}

  get atEnd(): boolean {
    return this.#offset >= this.data.length
  }

  take(length: number): Uint8Array {
    const left = this.data.length - this.#offset
    if (length > left)
      malformed(`a field of ${length} bytes starts where ${left} are left; the file may be cut short`)
    this.#offset += length
    return this.data.subarray(this.#offset - length, this.#offset)
  }

  varint(): bigint {
    let value = 0n
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.data[this.#offset++]
      if (byte === undefined) return malformed('it ends inside a number; the file may be cut short')
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return value
    }
    return malformed(`a number is longer than ${MAX_VARINT_BYTES} bytes`)
  }
}

/** The file will never parse: what is wrong with it. */
export function malformed(problem: string): never {
  throw new FacetError('file/malformed', `This is not a readable ONNX model: ${problem}.`)
}
