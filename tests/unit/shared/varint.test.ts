/** @file Varints: known bytes, every size there and back, and what is refused. */
import { describe, expect, test } from 'vitest'
import { VarintReader, VarintWriter } from '../../../src/shared/varint'
import { seeded } from '../../store/strokes'

const read = (...bytes: number[]) => new VarintReader(Uint8Array.from(bytes), 'list').varint()

describe('varints', () => {
  test.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [300, [0xac, 2]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 8]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 15]],
  ])('%i has the bytes of LEB128', (value, bytes) => {
    expect(Array.from(new VarintWriter().varint(value).finish())).toEqual(bytes)
    expect(read(...bytes)).toBe(value)
  })

  test('of every size come back in order, over many doublings of the writer', () => {
    const random = seeded(3)
    const values = Array.from({ length: 20_000 }, () => Math.floor(random(2 ** 32) / 2 ** random(32)))
    const writer = new VarintWriter()
    for (const value of values) writer.varint(value)
    const reader = new VarintReader(writer.finish(), 'list')
    for (const value of values) expect(reader.varint()).toBe(value)
    expect(reader.done).toBe(true)
  })

  test('finish gives a copy', () => {
    const writer = new VarintWriter().varint(1)
    const first = writer.finish()
    writer.varint(2)
    expect(Array.from(first)).toEqual([1])
    expect(Array.from(writer.finish())).toEqual([1, 2])
  })

  test('that end early or pass 32 bits are refused, naming the list', () => {
    expect(() => read()).toThrow('The list is damaged: it ends in the middle of a number.')
    expect(() => read(0x80)).toThrow('middle')
    expect(() => read(0xff, 0xff, 0xff, 0xff, 16)).toThrow('over 32 bits')
    expect(() => read(0x80, 0x80, 0x80, 0x80, 0x80, 1)).toThrow('over 32 bits')
  })

  test('padded with zero groups without end are refused', () => {
    const padded = new Uint8Array(4000).fill(0x80)
    padded[3999] = 0
    expect(() => new VarintReader(padded, 'list').varint()).toThrow('over 32 bits')
  })
})
