/** @file A run in work when things fail: its provider, the store of runs; and what it makes of being asked twice. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareRun } from '../../../src/main/app/training/prepare'
import type { NextProvider } from '../../../src/main/app/training/provider'
import { chooseFaces } from '../../../src/main/app/training/faces'
import { RunInWork } from '../../../src/main/app/training/work'
import { Loudspeaker } from '../../../src/main/base/events'
import { treeSamples } from '../../../src/main/dataset/samples'
import { Registry } from '../../../src/main/models/registry'
import { openRuns } from '../../../src/main/store/runs/open'
import type { RunStore } from '../../../src/main/store/runs/runs'
import { BEST_FILE, readPlan } from '../../../src/main/training/plan'
import type { Events } from '../../../src/shared/api'
import { noteIn } from '../../../src/shared/notes'
import type { Provider } from '../../../src/shared/terms'
import type { TrainingRun } from '../../../src/shared/training'
import { STAND_IN_TRAINER, testPaths } from '../../helpers/app'
import { makeCelebAMask } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { DEFAULT_TRAIN_SETTINGS, newRun } from '../../helpers/training'

/** By its seed, the stand-in waits after pass 2 for to be asked, or dies then wherever it is not on the processor. */
const [WAITS, DIES_ON_GPU] = [1, 9]
const SIDE = 48

interface Case {
  readonly seed?: number
  readonly next?: NextProvider | null
  readonly provider?: Provider | null
  /** Called after pass 2. */
  readonly act?: (work: RunInWork, runs: RunStore) => void
}

/** A run of four passes that begins on WebGPU, to its end. */
async function train({ seed = DIES_ON_GPU, next = null, provider: given = null, act }: Case) {
  const folder = await makeFolder()
  const tree = join(folder, 'tree')
  await makeCelebAMask(tree, { ids: [0, 1, 2, 3], side: SIDE })
  const paths = { ...testPaths(join(folder, 'data')), engineEntry: STAND_IN_TRAINER }
  const runs = openRuns(join(folder, 'runs'))
  const settings = { ...DEFAULT_TRAIN_SETTINGS, epochs: 4, input_resolution: SIDE, seed }
  const registry = new Registry(paths)
  const model = await registry.find(null)
  const base = { id: model.manifest.id, arch: 'mobilenet', model, notes: [] } as const
  const { id } = runs.create({
    ...{ ...newRun('a run'), dataset: tree, settings },
    ...{ provider: 'webgpu', base: base.id },
  })
  const { samples } = await treeSamples(tree)
  const faces = chooseFaces(samples, 'corrected', Infinity)
  const events = new Loudspeaker<Events>()
  events.on('training.epoch', ({ row }) => row.epoch === 2 && act?.(work, runs))
  const work = new RunInWork({ paths, events, registry, runs }, id, {
    prepare: (preparing) =>
      prepareRun(
        { folder: runs.folderOf(id), base, provider: 'webgpu', settings, faces, others: [] },
        preparing,
      ),
    next,
    provider: given,
    dataset: null,
  })
  const run: TrainingRun = await work.ended
  expect(work.isOver).toBe(true)
  const again = openRuns(join(folder, 'runs'))
  onTestFinished(() => again.close())
  const { provider } = await readPlan(again.folderOf(id))
  return { run, provider, progress: work.progress, runs: again, kept: again.network(id).provider }
}

test('goes on with the next provider, says so, and keeps what it had', async () => {
  const failed: string[] = []
  const next: NextProvider = (one, reason) => {
    failed.push(one, reason)
    return Promise.resolve('cpu')
  }
  const { run, provider, progress, kept } = await train({ next })
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
  const { run, provider } = await train({})
  expect(run).toMatchObject({ state: 'interrupted', bestEpoch: 2 })
  expect(run.problem).toMatch(/engine/i)
  expect(provider).toBe('webgpu')
})

test('is trained by what is chosen when it is taken into work', async () => {
  const { run, provider, kept } = await train({ provider: 'cpu' })
  expect(run).toMatchObject({ state: 'done', problem: null, bestEpoch: 4 })
  expect({ provider, kept }).toEqual({ provider: 'cpu', kept: 'cpu' })
})

test('that is to be ended while it pauses is ended, and stays so when the folder closes meanwhile', async () => {
  const { run } = await train({
    seed: WAITS,
    act: (work) => {
      for (const control of ['pause', 'cancel', 'pause'] as const) void work.ask(control)
    },
  })
  expect(run).toMatchObject({ state: 'cancelled', bestEpoch: 2, problem: null })
  expect(run.model).not.toBeNull()
})

test('whose news cannot be stored any more is over, can be taken into work again, and ends no process', async () => {
  const { run, runs } = await train({ act: (_, store) => store.close(), provider: 'cpu' })
  expect(run).toMatchObject({ state: 'interrupted', problem: expect.stringMatching(/./) as string })
  runs.interruptOrphans()
  expect(runs.read(run.id)).toMatchObject({ state: 'interrupted', epochs: expect.any(Array) as unknown })
  runs.take(run.id)
})

test('whose best weights are damaged can be ended, and says why there is no model', async () => {
  const { run } = await train({
    seed: WAITS,
    act: (work, runs) => {
      writeFileSync(join(runs.folderOf(work.id), BEST_FILE), 'damaged')
      void work.ask('cancel')
    },
  })
  expect(run).toMatchObject({ state: 'cancelled', model: null, problem: null })
  expect(run.notes.at(-1)).toMatch(
    /^No model was made, since the best weights are damaged: .*best\.safetensors/,
  )
})
