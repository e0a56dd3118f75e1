/** @file A writer killed in the middle: every stroke it was told is stored is there, and undo goes back to the start. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../src/main/store/open'
import { createPartMap } from '../../src/shared/mask'
import { applyPatch, isEmptyPatch, settlePatch } from '../../src/shared/patch'
import { addFace, seeded, temporaryFolder } from './helpers'
import { randomStroke } from './strokes'

const JITI = resolve('node_modules/jiti/lib/jiti-cli.mjs')
const WRITER = resolve('tests/store/writer.ts')
const WIDTH = 128
const HEIGHT = 96

/** A workspace with one face and nothing stored. */
function prepare(): { file: string; face: number } {
  const file = join(temporaryFolder(), 'workspace.db')
  const store = openStore(file)
  const { face } = addFace(store, 'a.jpg', WIDTH, HEIGHT)
  store.close()
  return { file, face }
}

function startWriter(file: string, seed: number): ChildProcess {
  const writer = spawn(process.execPath, [JITI, WRITER, file, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void writer.kill('SIGKILL'))
  return writer
}

/** Kills the writer within milliseconds of its `count`-th acknowledged stroke; gives the ids it printed. */
async function killAfter(writer: ChildProcess, count: number, delay: number): Promise<number[]> {
  if (!writer.stdout) throw new Error('the writer has no output')
  const ids: number[] = []
  for await (const line of createInterface({ input: writer.stdout })) {
    if (line === 'open') continue
    ids.push(Number(line))
    if (ids.length === count) setTimeout(() => writer.kill('SIGKILL'), delay)
  }
  if (writer.signalCode === null && writer.exitCode === null) await once(writer, 'exit')
  expect(writer.signalCode).toBe('SIGKILL')
  return ids
}

describe('after kill -9', () => {
  test.each([1, 2, 3, 4, 5, 6])('every acknowledged stroke is there and can be undone, seed %i', async (seed) => {
    const { file, face } = prepare()
    const pick = seeded(seed * 77)
    const acknowledged = await killAfter(startWriter(file, seed), 1 + pick(40), pick(8))

    const store = openStore(file)
    onTestFinished(() => store.close())
    const stored = store.history(face, 10_000).map(({ id }) => id).reverse()
    expect(stored.slice(0, acknowledged.length)).toEqual(acknowledged)
    // One more may have been stored in the moment before it could be told.
    expect(stored.length - acknowledged.length).toBeLessThanOrEqual(1)

    const random = seeded(seed)
    const expected = createPartMap(WIDTH, HEIGHT)
    for (let done = 0; done < stored.length; ) {
      const patch = settlePatch(expected, randomStroke(random, expected, random(18)))
      if (isEmptyPatch(patch)) continue
      applyPatch(expected, patch)
      done++
    }
    expect(store.readFace(face).map).toEqual(expected)

    let undone = 0
    while (store.undo(face).patch) undone++
    expect(undone).toBe(stored.length)
    expect(store.readFace(face).map).toEqual(createPartMap(WIDTH, HEIGHT))
    expect(store.state(face)).toMatchObject({ canUndo: false, canRedo: true, status: 'untouched' })
  }) // prettier-ignore

  test('the workspace is busy while the writer lives, and free at once when it is dead', async () => {
    const { file } = prepare()
    const writer = startWriter(file, 1)
    if (!writer.stdout) throw new Error('the writer has no output')
    await once(writer.stdout, 'data')
    expect(() => openStore(file)).toThrow(`${file} is open in another Facet`)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    openStore(file).close()
  })
})
