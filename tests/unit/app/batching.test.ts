/** @file How many pictures run at once, by what each took. */
import { describe, expect, test } from 'vitest'
import { Batching } from '../../../src/main/app/batching'

const MANY = 1000

/** The sizes that are tried on a GPU which takes each picture of `msOf(size)`, the first run of a size a second longer. */
function sizesTried(msOf: (size: number) => number): number[] {
  const batching = Batching.of(undefined, MANY, true)
  const sizes: number[] = []
  for (let run = 0; run < 40; run++) {
    const { size } = batching
    batching.took(msOf(size) + (sizes.at(-1) === size ? 0 : 1000))
    sizes.push(size)
  }
  return sizes.filter((size, i) => size !== sizes[i - 1])
}

describe('pictures at once', () => {
  test.each([
    ['what somebody asked for', 5, MANY, true, 5],
    ['one on a processor', undefined, MANY, false, 1],
    ['one in a small folder', undefined, 10, true, 1],
  ])('are %s, whatever the times', (_, asked, pictures, isGpu, size) => {
    const batching = Batching.of(asked, pictures, isGpu)
    for (const ms of [50, 20, 10, 5, 2, 1]) batching.took(ms)
    expect(batching.size).toBe(size)
    expect(batching.retreat()).toBe(false)
  })

  test.each([
    ['as many as may be, where each doubling helps', (size: number) => 40 / size, [1, 2, 4, 8]],
    [
      'those before the doubling that did not help',
      (size: number) => (size <= 2 ? 40 / size : 20),
      [1, 2, 4, 2],
    ],
    ['one, where more take longer', (size: number) => 40 * size, [1, 2, 1]],
    ['one, where more gain next to nothing', (size: number) => 40 - size, [1, 2, 1]],
  ])('on a GPU are %s', (_, msOf, sizes) => {
    expect(sizesTried(msOf)).toEqual(sizes)
  })

  test('are half as many from the size on that failed', () => {
    const batching = Batching.of(undefined, MANY, true)
    for (const ms of [1000, 40, 40]) batching.took(ms)
    expect(batching.size).toBe(2)
    for (const ms of [1000, 20, 20]) batching.took(ms)
    expect(batching.size).toBe(4)
    expect(batching.retreat()).toBe(true)
    for (const ms of [20, 2, 1, 1, 1]) batching.took(ms)
    expect(batching.size).toBe(2)
    expect(batching.retreat()).toBe(false)
  })
})
