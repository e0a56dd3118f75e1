/** @file Training with the real engine, on a few small faces: it learns, and deaths with -9 cost at most the epoch in work. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RunInWork } from '../../src/main/app/training/work'
import { Loudspeaker } from '../../src/main/base/events'
import { Registry } from '../../src/main/models/registry'
import { openRuns } from '../../src/main/store/runs/open'
import type { Events } from '../../src/shared/api'
import type { EpochRow, TrainingSummary } from '../../src/shared/training'
import { suiteFolder, testPaths } from '../helpers/app'
import { makeCelebAMask } from '../helpers/celebamask'
import { CLI, runNode, type Ended, type RunOptions } from '../helpers/cli'

const SHIPPED = 'segface-mobilenet-by-facet'
const SIDE = 64
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
  const how = [
    '--epochs',
    String(epochs),
    '--input_resolution',
    String(SIDE),
    '--provider',
    'cpu',
    '--ema',
    '0',
  ]
  return runNode(CLI, [...about, ...how, '--preserve', 'none', ...flags], options)
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

test('learns a few faces, and its model predicts them better', { timeout: PATIENCE_MS }, async () => {
  const answer = parse(await train('Learned', 2))
  const [first = 0] = answer.loss
  expect(answer.loss.at(-1)).toBeLessThan(0.9 * first)
  const { epochs } = stored()
  const [before] = epochs
  expect(Math.max(...answer.val_mean_f1.map((value) => value ?? 0))).toBeGreaterThan(
    before?.val?.mean_f1 ?? 1,
  )
  const score = async (model: string): Promise<number> => {
    const test = ['test', at('tree'), '--model', model, '--split', 'train', '--resolution', String(SIDE)]
    const { stdout } = await runNode(CLI, ['--data-dir', at('data'), '--json', ...test, '--provider', 'cpu'])
    return (JSON.parse(stdout) as { mean_f1: number }).mean_f1
  }
  expect(await score('learned')).toBeGreaterThan(await score(SHIPPED))
})

test(
  'a Facet that is killed with -9 has lost nothing that it told, and goes on',
  { timeout: PATIENCE_MS },
  async () => {
    let told = 0
    const killed = await train('Killed', 3, [], {
      onStderr(child, text) {
        told = Math.max(told, ...Array.from(text.matchAll(/epoch (\d+)/g), ([, epoch]) => Number(epoch)))
        if (told >= 2) child.kill('SIGKILL')
      },
    })
    expect(killed.code).toBeNull()
    const run = stored()
    expect(run).toMatchObject({ name: 'Killed', state: 'interrupted', model: null })
    expect(run.epochs.length).toBeGreaterThan(told)
    const answer = parse(await train('Killed', 3, ['--resume']))
    expect(answer).toMatchObject({ model: 'killed', epochs: 3 })
    expect(stored().epochs.slice(0, told + 1)).toEqual(run.epochs.slice(0, told + 1))
  },
)

test(
  'an engine that is killed with -9 is started again, and at most the epoch in work is lost',
  { timeout: PATIENCE_MS },
  async () => {
    const paused = await train('Engine', 3, [], {
      onStderr: (child, text) => void (/epoch 1/.test(text) && child.kill('SIGKILL')),
    })
    expect(paused.code).toBeNull()
    const runs = openRuns(at('data', 'runs'))
    onTestFinished(() => runs.close())
    runs.interruptOrphans()
    const { id } = runs.list()[0] ?? expect.fail('no run')
    runs.take(id)
    const events = new Loudspeaker<Events>()
    const paths = testPaths(at('data'))
    const work = new RunInWork({ paths, events, registry: new Registry(paths), runs }, id, null)
    const rows: EpochRow[] = []
    let killed: readonly EpochRow[] | null = null
    events.on('training.epoch', ({ row }) => {
      rows.push(row)
      if (rows.length !== 2 || work.pid === undefined) return
      killed = runs.read(id).epochs
      process.kill(work.pid, 'SIGKILL')
    })
    const run = await work.ended
    expect(run).toMatchObject({ state: 'done', model: 'engine' })
    expect(run.notes.join('\n')).toContain('was ended by SIGKILL and was started again')
    const before = (killed ?? []) as readonly EpochRow[]
    expect(before.length).toBeGreaterThan(2)
    // The last one may have been told before its checkpoint was written.
    expect(run.epochs.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3])
  },
)
