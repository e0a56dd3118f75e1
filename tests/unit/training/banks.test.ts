/** @file Tensors in banks: each is found again, in numbers and in a graph, whatever its shape and wherever a bank ends. */
import { describe, expect, test } from 'vitest'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Identity } from '../../../src/main/onnx/ops/elementwise'
import { banksOf, pack, putTogether, takeOut, unpack } from '../../../src/main/training/banks'
import { runGraph } from '../../helpers/run_graph'

const SHAPES = [
  ['a', [2, 3]],
  ['b', [4]],
  ['c', []],
  ['large', [5, 5]],
  ['d', [1, 2, 1]],
  ['e', [10]],
] as const
let next = 0
const TENSORS = new Map(
  SHAPES.map(([name, shape]) => [
    name as string,
    Float32Array.from({ length: shape.reduce((a: number, b: number) => a * b, 1) }, () => next++),
  ]),
)
const banks = banksOf('bank', SHAPES, 12)
const tensorOf = (name: string) => TENSORS.get(name) ?? new Float32Array()

describe('banks', () => {
  test('hold at most so much, but for a tensor that is larger', () => {
    expect(banks.map(({ name, size, tensors }) => [name, size, tensors.map((each) => each.name)])).toEqual([
      ['bank0', 11, ['a', 'b', 'c']],
      ['bank1', 25, ['large']],
      ['bank2', 12, ['d', 'e']],
    ])
  })

  test('give each tensor back', () => {
    const found = new Map(banks.flatMap((bank) => [...unpack(bank, pack(bank, tensorOf))]))
    expect(found).toEqual(TENSORS)
  })

  test('refuse a tensor of another size', () => {
    const [bank] = banks
    expect(bank && (() => pack(bank, () => new Float32Array(3)))).toThrow(/a has 3 numbers/)
  })

  test('give each tensor in a graph, by its name, and take them again', async () => {
    const g = new GraphBuilder('banks')
    const values = new Map(
      banks.flatMap((bank) => takeOut(g, bank, g.input(bank.name, 'float32', [bank.size]))),
    )
    const valueOf = (name: string) => {
      const value = values.get(name)
      if (!value) throw new Error(name)
      return value
    }
    for (const [name, shape] of SHAPES) {
      expect(valueOf(name).shape).toEqual(shape)
      g.output(`of ${name}`, Identity(g, valueOf(name)))
    }
    for (const bank of banks) g.output(`again ${bank.name}`, putTogether(g, bank, valueOf))
    const feeds = Object.fromEntries(banks.map((bank) => [bank.name, pack(bank, tensorOf)]))
    const outputs = await runGraph(g.finish(), feeds)
    for (const [name, data] of TENSORS) expect(outputs[`of ${name}`]).toEqual(data)
    for (const { name } of banks) expect(outputs[`again ${name}`]).toEqual(feeds[name])
  })
})
