/** @file A run in work whose provider fails: it goes on with another from its last checkpoint, where Facet chose the provider. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareRun } from '../../../src/main/app/training/prepare'
import type { NextProvider } from '../../../src/main/app/training/provider'
import { chooseFaces } from '../../../src/main/app/training/faces'
import { RunInWork } from '../../../src/main/app/training/work'
import { Loudspeaker } from '../../../src/main/base/events'
import { treeSamples } from '../../../src/main/dataset/samples'
import { Registry } from '../../../src/main/models/registry'
import { openRuns } from '../../../src/main/store/runs/open'
import { readPlan } from '../../../src/main/training/plan'
import type { Events } from '../../../src/shared/api'
import { noteIn } from '../../../src/shared/notes'
import type { TrainingRun } from '../../../src/shared/training'
import { STAND_IN_TRAINER, testPaths } from '../../helpers/app'
import { makeCelebAMask } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { DEFAULT_TRAIN_SETTINGS, newRun } from '../../helpers/training'

/** By its seed, the stand-in dies after pass 2 wherever it is not on the processor. */
const DIES_ON_GPU = 9
const SIDE = 48

/** A run of four passes that begins on WebGPU, to its end. */
async function train(next: NextProvider | null) {
  const folder = await makeFolder()
  const tree = join(folder, 'tree')
  await makeCelebAMask(tree, { ids: [0, 1, 2, 3], side: SIDE })
  const paths = { ...testPaths(join(folder, 'data')), engineEntry: STAND_IN_TRAINER }
  const runs = openRuns(join(folder, 'runs'))
  const settings = { ...DEFAULT_TRAIN_SETTINGS, epochs: 4, input_resolution: SIDE, seed: DIES_ON_GPU }
  const registry = new Registry(paths)
  const model = await registry.find(null)
  const base = { id: model.manifest.id, arch: 'mobilenet', model, notes: [] } as const
  const { id } = runs.create({
    ...{ ...newRun('a run'), dataset: tree, settings },
    ...{ provider: 'webgpu', base: base.id },
  })
  const { samples } = await treeSamples(tree)
  const faces = chooseFaces(samples, 'corrected', Infinity)
  const work = new RunInWork({ paths, events: new Loudspeaker<Events>(), registry, runs }, id, {
    prepare: (preparing) =>
      prepareRun(
        { folder: runs.folderOf(id), base, provider: 'webgpu', settings, faces, others: [] },
        preparing,
      ),
    next,
    provider: null,
    dataset: null,
  })
  const run: TrainingRun = await work.ended
  const { provider } = await readPlan(runs.folderOf(id))
  return { run, provider, progress: work.progress, kept: runs.network(id).provider }
}

test('goes on with the next provider, says so, and keeps what it had', async () => {
  const failed: string[] = []
  const { run, provider, progress, kept } = await train((one, reason) => {
    failed.push(one, reason)
    return Promise.resolve('cpu')
  })
  expect(run).toMatchObject({ state: 'done', problem: null, bestEpoch: 4 })
  expect(run.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4])
  expect(failed).toEqual(['webgpu', expect.stringMatching(/engine.*SIGKILL/i)])
  expect({ provider, kept }).toEqual({ provider: 'cpu', kept: 'cpu' })
  expect(progress.provider).toBe('cpu')
  const note = run.notes.find((one) => one.startsWith('Training with webgpu failed: '))
  expect(note).toMatch(/It goes on from its last checkpoint with cpu\.$/)
  expect(noteIn('ko', note ?? '')).toMatch(/^webgpu\(으\)로 학습하는 데 실패했습니다/)
})

test('stops where the provider was asked for', async () => {
  const { run, provider } = await train(null)
  expect(run).toMatchObject({ state: 'interrupted', bestEpoch: 2 })
  expect(run.problem).toMatch(/engine/i)
  expect(provider).toBe('webgpu')
})
