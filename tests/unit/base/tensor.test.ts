/** @file Tensors in memory: conversions between float widths over every float16, and shapes from outside. */
import { describe, expect, it } from 'vitest'
import {
  elementCount,
  fromFloat32,
  parseShape,
  tensor,
  tensorBytes,
  tensorFromBytes,
  toFloat16Bits,
  toFloat32,
} from '../../../src/main/base/tensor'

/** The value of float16 bits by IEEE 754's own formula. */
function float16Value(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

const ALL_BITS = Uint16Array.from({ length: 65_536 }, (_, bits) => bits)
const ALL_VALUES = toFloat32(tensor('float16', [65_536], ALL_BITS))

describe('float16', () => {
  it('widens every value exactly, subnormals, infinities and signed zeros included', () => {
    const wrong = ALL_BITS.filter((bits) => !Object.is(ALL_VALUES[bits], float16Value(bits)))
    expect([...wrong]).toEqual([])
  })

  it('narrows every one of its own values back to its bits, and NaN to a NaN', () => {
    const narrowed = toFloat16Bits(ALL_VALUES)
    const isNaNBits = (bits: number): boolean => (bits & 0x7fff) > 0x7c00
    const wrong = ALL_BITS.filter((bits) => {
      const back = narrowed[bits] as number
      return isNaNBits(bits) ? !isNaNBits(back) : back !== bits
    })
    expect([...wrong]).toEqual([])
  })

  it('rounds to nearest, and ties to even', () => {
    const wrong = ALL_BITS.subarray(0, 0x7bff).filter((bits) => {
      const step = float16Value(bits + 1) - float16Value(bits)
      const middle = float16Value(bits) + step / 2
      const [below, tie, above] = toFloat16Bits(
        Float32Array.of(middle - step / 64, middle, middle + step / 64),
      )
      return below !== bits || tie !== bits + (bits % 2) || above !== bits + 1
    })
    expect([...wrong]).toEqual([])
  })

  it('becomes infinity from half a step past 65504, and zero up to half the smallest', () => {
    const values = Float32Array.of(65519.996, 65520, 1e30, -1e30, 2 ** -25, -(2 ** -26))
    expect([...toFloat16Bits(values)]).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 0x8000])
  })
})

it('widens bfloat16 exactly and rounds float64 and int64 to the nearest float32', () => {
  const bfloat = tensor('bfloat16', [4], Uint16Array.of(0x3f80, 0xc040, 0x0001, 0x7f80))
  expect([...toFloat32(bfloat)]).toEqual([1, -3, 2 ** -133, Infinity])
  expect([...toFloat32(tensor('float64', [2], Float64Array.of(0.1, 1 + 2 ** -25)))]).toEqual([
    Math.fround(0.1),
    1,
  ])
  expect([...toFloat32(tensor('int64', [2], BigInt64Array.of(-7n, 2n ** 24n + 1n)))]).toEqual([-7, 2 ** 24])
})

it('narrows back to every floating type: bfloat16 to the nearest, ties to even, NaN to a NaN', () => {
  const bits = ALL_BITS.filter((each) => (each & 0x7fff) <= 0x7f80)
  const values = toFloat32(tensor('bfloat16', [bits.length], bits))
  expect(fromFloat32('bfloat16', [bits.length], values).data).toEqual(bits)
  const between = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 3.4e38, -NaN)
  const [down, up, above, beyond, nan] = fromFloat32('bfloat16', [5], between).data
  expect([down, up, above, beyond]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80])
  expect(Number(nan) & 0x7fff).toBeGreaterThan(0x7f80)

  const one = Float32Array.of(0.1)
  expect(fromFloat32('float32', [1], one).data).toBe(one)
  expect(fromFloat32('float64', [1], one).data).toEqual(Float64Array.of(Math.fround(0.1)))
  expect(fromFloat32('float16', [1], one)).toEqual(tensor('float16', [1], toFloat16Bits(one)))
  expect(() => fromFloat32('int64', [1], one)).toThrow('int64 holds no real numbers')
})

it('takes bytes that do not lie on an element boundary', () => {
  const source = tensor('float32', [2], Float32Array.of(1.5, -2))
  const shifted = new Uint8Array(9)
  shifted.set(tensorBytes(source), 1)
  expect(tensorFromBytes('float32', [2], shifted.subarray(1))).toEqual(source)
  expect(tensorFromBytes('float32', [2], Buffer.from(shifted.buffer, 1))).toEqual(source)
})

it('refuses data that does not fill the shape or is of another type', () => {
  expect(() => tensor('float32', [3], new Float32Array(2))).toThrow('2 elements cannot have the shape [3]')
  expect(() => tensor('int64', [2], new Float32Array(2))).toThrow('Float32Array cannot hold int64')
  expect(elementCount([])).toBe(1)
})

it('takes shapes of whole dimensions whose product is exact', () => {
  expect(parseShape([])).toEqual([])
  expect(parseShape([2, 0, 3])).toEqual([2, 0, 3])
  for (const wrong of [null, 3, ['2'], [-1], [1.5], [NaN], [2 ** 40, 2 ** 40], [2 ** 40, 2 ** 40, 0]]) {
    expect(parseShape(wrong)).toBeUndefined()
  }
  expect(parseShape(Array(65).fill(1))).toBeUndefined()
})
