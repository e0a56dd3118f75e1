/** @file Unsigned LEB128 integers up to 2^32 - 1: the numbers of run-lengths and patches. */
import { FacetError } from './errors'

/** A byte list that grows by doubling; `varint` appends one number in 1 to 5 bytes. */
export class VarintWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  /** Appends `value`, an integer in 0..2^32-1. */
  varint(value: number): this {
    if (this.#length + 5 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
    return this
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Reads varints in order; refuses numbers over 32 bits or 5 bytes and reading past the end. */
export class VarintReader {
  #position = 0
  constructor(
    readonly bytes: Uint8Array,
    readonly what: string,
  ) {}

  get done(): boolean {
    return this.#position >= this.bytes.length
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.#position++]
      if (byte === undefined) throw this.#broken('it ends in the middle of a number')
      value += (byte & 0x7f) * scale
      if (value > 0xffffffff || scale > 0x80 ** 4) throw this.#broken('it holds a number over 32 bits')
      if (byte < 0x80) return value
    }
  }

  #broken(found: string): FacetError {
    return new FacetError('file/malformed', `The ${this.what} is damaged: ${found}.`, { what: this.what })
  }
}
