/** @file The database of training runs: what is kept of them, several processes at once, and what a killed one leaves. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRuns, RUN_MIGRATIONS } from '../../src/main/store/runs/open'
import type { RunStore } from '../../src/main/store/runs/runs'
import { DEFAULT_TRAIN_SETTINGS, newRun } from '../helpers/training'
import { tamper, temporaryFolder } from './helpers'

function open(folder = temporaryFolder()): RunStore {
  let time = 1000
  const runs = openRuns(folder, () => time++)
  onTestFinished(() => runs.close())
  return runs
}

const row = (epoch: number, loss: number | null = 1 / (epoch + 1)) => ({
  ...{ epoch, loss, cross_entropy: loss, dice: loss, lr: loss === null ? null : 1e-3, seconds: 2, val: null },
})

describe('a run', () => {
  test('is kept with its settings, notes and curves, over a restart', () => {
    const folder = temporaryFolder()
    const first = openRuns(folder, () => 1234)
    const { id } = first.create(newRun('Night'))
    first.update(id, { state: 'running', images: { train: 7, val: 2 } })
    const val = { mean_f1: 0.5, f1: { hair: 0.9, hat: null } as never }
    first.putEpoch(id, { ...row(0, null), val })
    first.putEpoch(id, row(1))
    first.note(id, 'The batch was made smaller.')
    first.update(id, { bestEpoch: 1, seconds: 4.5, steps: 12 })
    first.close()

    expect(open(folder).read(id)).toEqual({
      id,
      name: 'Night',
      base: 'base',
      dataset: '/faces',
      state: 'running',
      settings: DEFAULT_TRAIN_SETTINGS,
      notes: ['all is well', 'The batch was made smaller.'],
      images: { train: 7, val: 2 },
      epochs: [{ ...row(0, null), val }, row(1)],
      bestEpoch: 1,
      model: null,
      problem: null,
      created: 1234,
      seconds: 4.5,
    })
  })

  test('does not repeat a note, nor an epoch that is told again', () => {
    const runs = open()
    const { id } = runs.create(newRun('a'))
    runs.note(id, 'once')
    expect(runs.note(id, 'once').notes).toEqual(['all is well', 'once'])
    expect(runs.putEpoch(id, row(1))).toBe(true)
    expect(runs.putEpoch(id, { ...row(1), seconds: 9 })).toBe(false)
    expect(runs.putEpoch(id, row(2))).toBe(true)
    // Made again after a roll-back: what followed did not happen.
    expect(runs.putEpoch(id, row(1, 7))).toBe(true)
    expect(runs.read(id).epochs).toEqual([row(1, 7)])
  })

  test('is deleted with its curves and folder, and its number is not given again', () => {
    const runs = open()
    const [a, b] = [runs.create(newRun('a')), runs.create(newRun('b'))]
    runs.putEpoch(b.id, row(1))
    writeFileSync(join(runs.folderOf(b.id), 'best.safetensors'), 'weights')
    expect(() => runs.delete(b.id)).toThrow("The training of 'b' is in work already.")
    runs.release(b.id)
    runs.delete(b.id)
    expect(existsSync(runs.folderOf(b.id))).toBe(false)
    expect(() => runs.read(b.id)).toThrow(`no training run ${b.id}`)
    const c = runs.create(newRun('c'))
    expect(c.id).toBeGreaterThan(b.id)
    expect(runs.list().map(({ name }) => name)).toEqual(['c', 'a'])
    expect(a.epochs.concat(c.epochs)).toEqual([])
  })

  test('tells what its steps took', () => {
    const runs = open()
    const { id } = runs.create(newRun('a'))
    runs.create(newRun('b'))
    runs.update(id, { seconds: 90, steps: 60 })
    expect(runs.paces()).toEqual([])
    const val = { mean_f1: 0.5, f1: {} as never }
    // A look of 6 s for one face, 15 s of steps and a look, 15 s of steps.
    runs.putEpoch(id, { ...row(0, null), seconds: 6, val })
    runs.putEpoch(id, { ...row(1), seconds: 27, val })
    runs.putEpoch(id, { ...row(2), seconds: 42 })
    expect(runs.paces()).toEqual([
      { arch: 'mobilenet', settings: DEFAULT_TRAIN_SETTINGS, secondsPerStep: 0.5, secondsPerFace: 6 },
    ])
  })

  test('of hardly more than looks tells nothing of steps', () => {
    const runs = open()
    const { id } = runs.create(newRun('a'))
    const val = { mean_f1: 0.5, f1: {} as never }
    runs.update(id, { steps: 1 })
    runs.putEpoch(id, { ...row(0, null), seconds: 6, val })
    runs.putEpoch(id, { ...row(1), seconds: 11, val })
    expect(runs.paces()).toEqual([])
  })
})

describe('several processes', () => {
  test('write at the same time, each its own run', () => {
    const folder = temporaryFolder()
    const [a, b] = [open(folder), open(folder)]
    const mine = a.create(newRun('mine'))
    const theirs = b.create(newRun('theirs'))
    for (let epoch = 0; epoch < 5; epoch++) {
      a.putEpoch(mine.id, row(epoch))
      b.putEpoch(theirs.id, row(epoch))
    }
    expect(a.list().map(({ name, epochs }) => [name, epochs.length])).toEqual([
      ['theirs', 5],
      ['mine', 5],
    ])
    expect(() => b.take(mine.id)).toThrow("'mine' is in work already")
    expect(a.interruptOrphans()).toEqual([])
    expect(b.read(mine.id).state).toBe('preparing')
    a.update(mine.id, { state: 'paused' })
    a.release(mine.id)
    b.take(mine.id)
  })

  test('killed with -9: nothing stored is lost, and its run is interrupted', async () => {
    const folder = temporaryFolder()
    const jiti = resolve('node_modules/jiti/lib/jiti-cli.mjs')
    const writer = spawn(process.execPath, [jiti, resolve('tests/store/runs-writer.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void writer.kill('SIGKILL'))
    const runs = open(folder)
    let acknowledged = 0
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line)
      if (acknowledged !== 40) continue
      expect(runs.interruptOrphans()).toEqual([])
      writer.kill('SIGKILL')
    }
    if (writer.signalCode === null) await once(writer, 'exit')
    expect(writer.signalCode).toBe('SIGKILL')
    const [run] = runs.interruptOrphans()
    expect(run).toMatchObject({ name: 'written', state: 'interrupted' })
    expect(run?.epochs.slice(0, acknowledged).map(({ epoch, loss }) => [epoch, loss])).toEqual(
      Array.from({ length: acknowledged }, (_, i) => [i + 1, 1 / (i + 2)]),
    )
    runs.take(run?.id ?? 0)
  })
})

describe('opening', () => {
  test('makes a database of strict tables and nothing else', () => {
    const folder = join(temporaryFolder(), '.facet', 'runs')
    openRuns(folder).close()
    expect(readdirSync(folder)).toEqual(['runs.db'])
    tamper(join(folder, 'runs.db'), (database) => {
      expect(database.pragma('user_version', { simple: true })).toBe(RUN_MIGRATIONS.length)
      const tables = database
        .prepare(
          "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'",
        )
        .all()
      expect(tables).toEqual(
        expect.arrayContaining([
          { name: 'run', strict: 1 },
          { name: 'epoch', strict: 1 },
        ]),
      )
    })
  })

  test('refuses a newer schema and another program, and leaves them', () => {
    const folder = temporaryFolder()
    openRuns(folder).close()
    const file = join(folder, 'runs.db')
    tamper(file, (database) => database.pragma(`user_version = ${RUN_MIGRATIONS.length + 1}`))
    expect(() => openRuns(folder)).toThrow('written by a newer Facet')
    tamper(file, (database) => database.pragma('user_version = 1'))
    tamper(file, (database) => database.pragma('application_id = 77'))
    expect(() => openRuns(folder)).toThrow('a database of another program')
    writeFileSync(file, 'these are notes and no database\n'.repeat(200))
    expect(() => openRuns(folder)).toThrow('is damaged')
  })
})
