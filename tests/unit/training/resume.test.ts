/** @file Where a run goes on: its checkpoint read back, older and damaged ones too, and steps counted anew for another batch. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tensor } from '../../../src/main/base/tensor'
import { withCheckpoint } from '../../../src/main/checkpoint/open'
import { writeSafetensors } from '../../../src/main/checkpoint/safetensors'
import { BEST_FILE, CHECKPOINT_FILE, type Plan } from '../../../src/main/training/plan'
import { resumedState } from '../../../src/main/training/resume'
import { bestOfCheckpoint, bestSize, readProgress, writeState } from '../../../src/main/training/state'
import type { Progress } from '../../../src/main/training/state'
import { makeFolder } from '../../helpers/folder'
import { DEFAULT_TRAIN_SETTINGS } from '../../helpers/training'

const EPOCHS = 6
const row = (epoch: number) => ({
  ...{ epoch, loss: 1, cross_entropy: 1, dice: 1, lr: 1e-3, seconds: epoch, val: null },
})

/** Of 12 faces to learn from: six steps an epoch in pairs, twelve of one each. */
const PLAN: Plan = {
  format: 1,
  arch: 'mobilenet',
  weights: [],
  provider: 'cpu',
  settings: { ...DEFAULT_TRAIN_SETTINGS, train_bs: 2, epochs: EPOCHS },
  samples: Array.from({ length: 14 }, (_, n) => ({
    ...{ name: `${n}`, id: null, picture: `${n}.jpg`, labels: null },
    use: n < 12 ? ('train' as const) : ('val' as const),
  })),
  previews: [],
}

/** A checkpoint of one learned tensor whose mean is 4, and one that moved. */
async function checkpointAt(step: number, size: Progress['size'] = { batch: 2, resolution: 256 }) {
  const folder = await makeFolder()
  const numbers = (value: number): Float32Array => new Float32Array(3).fill(value)
  await writeState(folder, new Map([['weight', [3]]]), {
    ...{ step, seconds: 9, slowed: 1, epochs: [row(0), row(1), row(2)], bestEpoch: null, size },
    learned: new Map([['weight', { parameter: numbers(1), m: numbers(2), v: numbers(3), mean: numbers(4) }]]),
    moved: new Map([['norm', tensor('float32', [1], Float32Array.of(5))]]),
  })
  return folder
}

test.each([
  { batch: 2, step: 15 },
  // The third epoch is half over: two whole ones of twelve steps, and six.
  { batch: 1, step: 30 },
  { batch: 4, step: 7 },
])('step 15 of pairs is step $step of $batch faces each', async ({ batch, step }) => {
  const folder = await checkpointAt(15)
  const state = await resumedState(folder, PLAN, batch)
  expect(state?.step).toBe(step)
  expect(state?.learned.get('weight')?.mean[0]).toBe(4)
})

test('a run that is over stays over, and one that has not begun is at its start', async () => {
  const over = await checkpointAt(6 * EPOCHS)
  expect((await resumedState(over, PLAN, 1))?.step).toBe(12 * EPOCHS)
  expect(await resumedState(await makeFolder(), PLAN, 1)).toBeNull()
})

test('a checkpoint of before the size was kept is resumed as it stands', async () => {
  const folder = await checkpointAt(15)
  const file = join(folder, CHECKPOINT_FILE)
  const tensors = new Map([['weight', tensor('float32', [3], new Float32Array(3))]])
  for (const prefix of ['m:', 'v:', 'mean:'])
    tensors.set(`${prefix}weight`, tensor('float32', [3], new Float32Array(3)))
  const stored = await withCheckpoint(file, ({ metadata }) =>
    Promise.resolve(JSON.parse(String(metadata.progress)) as Record<string, unknown>),
  )
  delete stored.size
  await writeSafetensors(file, tensors, { progress: JSON.stringify(stored) })
  expect(await readProgress(folder)).toMatchObject({ step: 15, size: null })
  expect((await resumedState(folder, PLAN, 1))?.step).toBe(15)
  expect(await bestOfCheckpoint(folder)).toBe(2)
  expect(await bestSize(folder)).toBeNull()
})

test('the averaged weights of a checkpoint become the best, with the size of its steps', async () => {
  const folder = await checkpointAt(15, { batch: 1, resolution: 96 })
  expect(await bestOfCheckpoint(folder)).toBe(2)
  expect(await bestSize(folder)).toEqual({ batch: 1, resolution: 96 })
  const read = await withCheckpoint(join(folder, BEST_FILE), async (best) =>
    Promise.all(
      best.tensors.map(async ({ name }) => [name, ...Array.from((await best.read(name)).data, Number)]),
    ),
  )
  expect(read.sort()).toEqual([
    ['norm', 5],
    ['weight', 4, 4, 4],
  ])
  expect(await bestOfCheckpoint(await checkpointAt(0))).toBeNull()
  expect(await bestOfCheckpoint(await makeFolder())).toBeNull()
})

test('a checkpoint that does not say where it stands is called damaged', async () => {
  const folder = await makeFolder()
  const file = join(folder, CHECKPOINT_FILE)
  const tensors = new Map([['weight', tensor('float32', [1], new Float32Array(1))]])
  for (const progress of ['', '{"step":-1}']) {
    await writeSafetensors(file, tensors, { progress })
    await expect(readProgress(folder)).rejects.toMatchObject({
      code: 'checkpoint/malformed',
      message: expect.stringContaining('does not say where its training stood'),
    })
  }
  await writeFile(file, 'no checkpoint')
  await expect(resumedState(folder, PLAN, 2)).rejects.toMatchObject({
    code: expect.stringMatching(/^checkpoint/),
  })
})
