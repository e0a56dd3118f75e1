/** @file A cursor over bytes that never reads past their end. */

/** Reads numbers and slices one after the other; where the bytes end too soon it throws what `shortError` makes. */
export class ByteReader {
  position = 0
  private readonly view: DataView

  constructor(
    private readonly bytes: Uint8Array,
    private readonly shortError: (position: number) => Error,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Steps over `length` bytes and gives the position where they begin. */
  private take(length: number): number {
    const start = this.position
    if (length > this.bytes.byteLength - start) throw this.shortError(start)
    this.position = start + length
    return start
  }

  uint8(): number {
    return this.view.getUint8(this.take(1))
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true)
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true)
  }

  /** An unsigned 64-bit length; beyond 2^53 it is not exact, and larger than any file. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true))
  }

  /** A big-endian double, as pickle stores its floats. */
  float64BigEndian(): number {
    return this.view.getFloat64(this.take(8), false)
  }

  /** The next `length` bytes: a view, not a copy. */
  slice(length: number): Uint8Array {
    const start = this.take(length)
    return this.bytes.subarray(start, start + length)
  }

  /** The bytes up to the next newline, which is stepped over. */
  line(): Uint8Array {
    const end = this.bytes.indexOf(0x0a, this.position)
    if (end < 0) throw this.shortError(this.position)
    const line = this.slice(end - this.position)
    this.position += 1
    return line
  }
}
