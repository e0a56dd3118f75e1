/** @file Training with the real engine, on a few small faces: it learns, and deaths with -9 cost at most the epoch in work. */
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { keepBest } from '../../src/main/app/training/keep'
import { RunInWork } from '../../src/main/app/training/work'
import { Loudspeaker } from '../../src/main/base/events'
import { Registry } from '../../src/main/models/registry'
import { openRuns } from '../../src/main/store/runs/open'
import { readProgress } from '../../src/main/training/state'
import type { Events } from '../../src/shared/api'
import type { EpochRow, TrainingSummary } from '../../src/shared/training'
import { suiteFolder, testPaths } from '../helpers/app'
import { makeCelebAMask } from '../helpers/celebamask'
import { CLI, runNode, type Ended, type RunOptions } from '../helpers/cli'

const SHIPPED = 'segface-mobilenet-by-facet'
const SIDE = 64
/** Two steps an epoch: the validation face is looked at after so many epochs. */
const LOOK = 10
/** Some ten seconds of work each, on a computer that may have other things to do. */
const PATIENCE_MS = 240_000

let folder: Awaited<ReturnType<typeof suiteFolder>>
const at = (...parts: string[]): string => join(folder.path, ...parts)

beforeAll(async () => {
  folder = await suiteFolder()
  const partition = '00000 0\n00001 0\n00002 0\n00003 0\n00004 1\n'
  await makeCelebAMask(at('tree'), { ids: [0, 1, 2, 3, 4], side: SIDE, partition, alike: true })
  await mkdir(at('data'))
})

afterAll(() => folder.remove())

function train(
  name: string,
  epochs: number,
  flags: readonly string[] = [],
  options: RunOptions = {},
): Promise<Ended> {
  const about = ['--data-dir', at('data'), '--json', 'train', at('tree'), '--model', SHIPPED, '--name', name]
  const how = ['--epochs', String(epochs), '--input_resolution', String(SIDE), '--train_bs', '2']
  const plain = ['--provider', 'cpu', '--ema', '0', '--preserve', 'none']
  return runNode(CLI, [...about, ...how, ...plain, ...flags], { timeout: PATIENCE_MS, ...options })
}

function parse({ code, stdout, stderr }: Ended): TrainingSummary {
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as TrainingSummary
}

/** What was stored of the newest run; interrupts those whose process is gone. */
function stored() {
  const runs = openRuns(at('data', 'runs'))
  try {
    runs.interruptOrphans()
    return runs.list()[0] ?? expect.fail('no run')
  } finally {
    runs.close()
  }
}

test('learns, and its model is scored like any other', { timeout: PATIENCE_MS }, async () => {
  const answer = parse(await train('Learned', 20))
  const [first = 0] = answer.loss
  expect(answer.loss.at(-1)).toBeLessThan(0.9 * first)
  expect(answer).toMatchObject({ model: 'learned', epochs: 20, steps: 40, best_epoch: expect.any(Number) })
  const { epochs, seconds } = stored()
  expect(epochs.filter(({ val }) => val !== null).map(({ epoch }) => epoch)).toEqual([0, LOOK, 2 * LOOK])
  expect(seconds).toBeGreaterThan(0)
  const test = ['test', at('tree'), '--model', 'learned', '--provider', 'cpu', '--limit', '1']
  const { code, stdout, stderr } = await runNode(CLI, ['--data-dir', at('data'), '--json', ...test])
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ images: 1, resolution: SIDE })
})

test(
  'a Facet that is killed with -9 has lost nothing that it told, and goes on',
  { timeout: PATIENCE_MS },
  async () => {
    let told = 0
    const killed = await train('Killed', 30, [], {
      onStderr(child, text) {
        told = Math.max(told, ...Array.from(text.matchAll(/epoch (\d+)/g), ([, epoch]) => Number(epoch)))
        if (told >= LOOK + 2) child.kill('SIGKILL')
      },
    })
    expect(killed.code).toBeNull()
    const run = stored()
    expect(run).toMatchObject({ name: 'Killed', state: 'interrupted', model: null })
    expect(run.epochs.length).toBeGreaterThan(told)
    const answer = parse(await train('Killed', 30, ['--resume']))
    expect(answer).toMatchObject({ model: 'killed', epochs: 30 })
    expect(stored().epochs.slice(0, LOOK + 1)).toEqual(run.epochs.slice(0, LOOK + 1))
  },
)

test(
  'an engine that is killed with -9 is started again, and at most the epoch in work is lost',
  { timeout: PATIENCE_MS },
  async () => {
    const paused = await train('Engine', 30, [], {
      onStderr: (child, text) => void (/epoch 12/.test(text) && child.kill('SIGKILL')),
    })
    expect(paused.code).toBeNull()
    const runs = openRuns(at('data', 'runs'))
    onTestFinished(() => runs.close())
    runs.interruptOrphans()
    const { id } = runs.list()[0] ?? expect.fail('no run')
    runs.take(id)
    const events = new Loudspeaker<Events>()
    const paths = testPaths(at('data'))
    const work = new RunInWork({ paths, events, registry: new Registry(paths), runs }, id, {
      prepare: null,
      next: null,
      provider: null,
      dataset: null,
    })
    const rows: EpochRow[] = []
    let killed: readonly EpochRow[] | null = null
    events.on('training.epoch', ({ row }) => {
      rows.push(row)
      if (rows.length !== LOOK || work.pid === undefined) return
      killed = runs.read(id).epochs
      process.kill(work.pid, 'SIGKILL')
    })
    const run = await work.ended
    expect(run).toMatchObject({ state: 'done', model: 'engine' })
    expect(run.notes.join('\n')).toContain('was ended by SIGKILL and was started again')
    const before = (killed ?? []) as readonly EpochRow[]
    expect(before.length).toBeGreaterThan(2 * LOOK)
    // What was learned since the last checkpoint is learned again.
    expect(run.epochs.slice(0, 2 * LOOK + 1)).toEqual(before.slice(0, 2 * LOOK + 1))
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 31 }, (_, epoch) => epoch))
  },
)

test('Ctrl+C before the first look keeps what was learned by then', { timeout: PATIENCE_MS }, async () => {
  const stopped = await train('Early', 30, [], {
    onStderr: (child, text) => void (/epoch 3/.test(text) && child.kill('SIGINT')),
  })
  const { best_epoch: kept, epochs, ...answer } = parse(stopped)
  expect(answer).toMatchObject({ model: 'early', steps: expect.any(Number) })
  expect(kept).toBe(epochs)
  expect(epochs).toBeGreaterThanOrEqual(3)
  expect(epochs).toBeLessThan(LOOK)
  expect(stored()).toMatchObject({ state: 'cancelled', bestEpoch: kept })
})

test(
  'killed before the first look, its first epochs are there; a photo that is gone fails it, and what it has is kept',
  { timeout: PATIENCE_MS },
  async () => {
    const killed = await train('Gone', 30, [], {
      onStderr: (child, text) => void (/epoch 3/.test(text) && child.kill('SIGKILL')),
    })
    expect(killed.code).toBeNull()
    const photo = at('tree', 'CelebA-HQ-img', '1.jpg')
    await rename(photo, `${photo}.away`)
    const failed = await train('Gone', 30, ['--resume'])
    await rename(`${photo}.away`, photo)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/--resume goes on[^]*1\.jpg/)

    const runs = openRuns(at('data', 'runs'))
    onTestFinished(() => runs.close())
    const { id, ...run } = runs.list()[0] ?? expect.fail('no run')
    expect(run).toMatchObject({ state: 'failed', bestEpoch: null, model: null })
    const { step = 0 } = (await readProgress(runs.folderOf(id))) ?? {}
    expect(step).toBeGreaterThanOrEqual(2)
    const kept = await keepBest({ runs, registry: new Registry(testPaths(at('data'))) }, id)
    expect(kept).toMatchObject({ model: 'gone', bestEpoch: step / 2 })
  },
)
