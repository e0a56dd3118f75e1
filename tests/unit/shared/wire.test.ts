/** @file The wire form: values with arrays there and back, and malformed messages refused. */
import { describe, expect, test } from 'vitest'
import { FacetError, fromWire, toWire } from '../../../src/shared/errors'
import { decodeWire, encodeWire, hasArrays } from '../../../src/shared/wire'
import { seeded, type Random } from '../../store/strokes'

const ARRAYS = [Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array, Float64Array]

function randomValue(random: Random, depth = 0): unknown {
  const choice = random(depth > 3 ? 6 : 9)
  if (choice === 0) return null
  if (choice === 1) return random(2) === 0
  if (choice === 2) return random(1000) / 8 - 40
  if (choice === 3) return ['', '귀걸이', 'a"b\\c', '\u2028', '$array'][random(5)]
  if (choice < 6) {
    const type = ARRAYS[random(ARRAYS.length)] ?? Uint8Array
    return type.from(Array.from({ length: random(7) }, () => random(256)))
  }
  const items = Array.from({ length: random(4) }, () => randomValue(random, depth + 1))
  return choice < 8 ? Object.fromEntries(items.map((item, i) => [`key${i}`, item])) : items
}

describe('a message', () => {
  test.each(Array.from({ length: 80 }, (_, i) => i + 1))('comes back as it was, seed %i', (seed) => {
    const value = randomValue(seeded(seed))
    const bytes = encodeWire(value)
    expect(decodeWire(bytes)).toEqual(value)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeWire(shifted.subarray(3))).toEqual(value)
  })

  test('takes only the bytes an array shows of its buffer', () => {
    const whole = Float32Array.of(1, 2, 3, 4)
    expect(decodeWire(encodeWire({ part: whole.subarray(1, 3) }))).toEqual({ part: Float32Array.of(2, 3) })
  })

  test("takes Node's Buffers as the bytes they are", () => {
    expect(decodeWire(encodeWire({ patch: Buffer.from('abc') }))).toEqual({
      patch: Uint8Array.of(97, 98, 99),
    })
    expect(decodeWire(encodeWire(Buffer.from('')))).toEqual(new Uint8Array(0))
  })

  test('gives arrays of their own', () => {
    const bytes = encodeWire([Uint8Array.of(7)])
    const before = bytes.slice()
    const [array] = decodeWire(bytes) as [Uint8Array]
    array[0] = 9
    expect(bytes).toEqual(before)
  })

  test('knows whether plain JSON would do', () => {
    expect(hasArrays({ a: [1, { b: new Uint8Array(1) }] })).toBe(true)
    expect(hasArrays(new Float32Array(0))).toBe(true)
    expect(hasArrays({ a: [1, { b: 'x' }], c: null })).toBe(false)
  })

  test('with an array of another kind is our mistake, said at once', () => {
    expect(() => encodeWire({ a: new BigInt64Array(1) })).toThrow('BigInt64Array')
  })
})

/** A message with this JSON and these blocks. */
function message(json: string, ...blocks: number[][]): Uint8Array {
  const parts = [[...new TextEncoder().encode(json)], ...blocks]
  return Uint8Array.from(parts.flatMap((part) => [part.length, 0, 0, 0, ...part]))
}

describe('refused as request/invalid:', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['half a length', Uint8Array.of(1, 0)],
    ['a length past the end', Uint8Array.of(9, 0, 0, 0, 123)],
    ['a length of 4 GB', Uint8Array.of(255, 255, 255, 255, 123)],
    ['no JSON', message('{')],
    ['an empty head', message('')],
    ['broken UTF-8', Uint8Array.of(3, 0, 0, 0, 34, 0xff, 34)],
    ['an array that is not there', message('{"$array":0,"type":"Uint8Array"}')],
    ['an array of a negative place', message('{"$array":-1,"type":"Uint8Array"}', [1])],
    ['an array of a broken place', message('{"$array":0.5,"type":"Uint8Array"}', [1])],
    ['an array of a named place', message('{"$array":"length","type":"Uint8Array"}', [1])],
    ['an unknown type', message('{"$array":0,"type":"BigInt64Array"}', [1])],
    ['an inherited type', message('{"$array":0,"type":"constructor"}', [1])],
    ['a type that is no word', message('{"$array":0,"type":[1]}', [1])],
    ['a broken element', message('{"$array":0,"type":"Float32Array"}', [1, 2, 3, 4, 5])],
  ])('%s', (_, bytes) => {
    expect(() => decodeWire(bytes)).toThrow(expect.objectContaining({ code: 'request/invalid' }))
  })

  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    'or a value, when bytes are changed, seed %i',
    (seed) => {
      const random = seeded(seed)
      const bytes = encodeWire({ list: randomValue(random), array: Float64Array.of(1, 2) })
      for (let change = 0; change < 30; change++) {
        const broken = bytes.slice(0, random(3) === 0 ? random(bytes.length) : bytes.length)
        if (broken.length > 0) broken[random(broken.length)] = random(256)
        try {
          decodeWire(broken)
        } catch (error) {
          expect(error).toBeInstanceOf(FacetError)
          expect(error).toMatchObject({ code: 'request/invalid' })
        }
      }
    },
  )
})

test('errors cross as data and come back', () => {
  const error = new FacetError('store/busy', 'a.db is open elsewhere.', { file: 'a.db', tries: 3 })
  const wire = decodeWire(encodeWire(toWire(error))) as ReturnType<typeof toWire>
  expect(fromWire(wire)).toMatchObject({
    code: 'store/busy',
    message: 'a.db is open elsewhere.',
    details: { tries: 3 },
  })
  expect(toWire(new TypeError('x is undefined'))).toEqual({
    code: 'internal',
    message: 'x is undefined',
    details: {},
  })
  expect(toWire('text')).toMatchObject({ code: 'internal', message: 'text' })
  expect(fromWire({ code: 'toString', message: 5 })).toMatchObject({
    code: 'internal',
    message: '5',
    details: {},
  })
})
