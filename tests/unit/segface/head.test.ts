/** @file A head of 11 classes, as LaPa's and Helen's checkpoints have: one channel a token, in the order of the tokens. */
import { expect, test } from 'vitest'
import { buildSegFace } from '../../../src/main/segface/network'
import { maxDifference } from '../../helpers/allclose'
import { namedImage } from '../../helpers/named_tensors'
import { runOne } from '../../helpers/run_graph'
import { mobilenetStateDict } from '../../helpers/segface'

const SIDE = 64
const PIXELS = SIDE * SIDE
const image = namedImage('image', [1, 3, SIDE, SIDE])

test('gives a channel for each token, and follows their order in the checkpoint', async () => {
  const stateDict = mobilenetStateDict(11)
  const graph = buildSegFace(stateDict, { resolution: SIDE })
  expect(graph.outputs.map(({ shape }) => shape)).toEqual([[1, 11, SIDE, SIDE]])
  const logits = (await runOne(graph, { image })) as Float32Array

  // The transformer treats tokens alike: in another order they give the same maps in that order.
  const entries = [...stateDict]
  const isToken = ([name]: readonly [string, unknown]) => name.endsWith('_token.weight')
  const tokens = entries.filter(isToken)
  const turned = [...tokens.slice(3), ...tokens.slice(0, 3)]
  const other = new Map(entries.map((entry) => (isToken(entry) ? (turned.shift() ?? entry) : entry)))
  const moved = (await runOne(buildSegFace(other, { resolution: SIDE }), { image })) as Float32Array
  const expected = Float32Array.from([...logits.subarray(3 * PIXELS), ...logits.subarray(0, 3 * PIXELS)])
  expect(maxDifference(moved, expected)).toBeLessThan(1e-4)
  expect(maxDifference(moved, logits)).toBeGreaterThan(0.1)
})
