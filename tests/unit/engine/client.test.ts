/** @file The engine's client: order, cancelling, and a process that dies under it, by a scripted engine and by the built one. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EngineClient, type SubmitOptions } from '../../../src/main/engine/client'
import { Registry, networkOf } from '../../../src/main/models/registry'
import { testPaths } from '../../helpers/app'
import { makeFolder } from '../../helpers/folder'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

const FAKE = resolve('tests/helpers/fake_engine.mjs')

function makeClient(entry: string, node = process.execPath): { client: EngineClient; restarts: string[] } {
  const restarts: string[] = []
  const client = new EngineClient({ entry, node, onRestart: (message) => restarts.push(message) })
  onTestFinished(() => client.close())
  return { client, restarts }
}

/** A job of the scripted engine; answers what the engine says of it. */
async function job(client: EngineClient, picture: string, options?: SubmitOptions): Promise<string> {
  const network = { weights: 'none', resolution: 256 }
  const request = { network, provider: 'cpu', picture, grid: { width: 1, height: 1 } } as const
  const answer: unknown = await client.submit('predict', request, options)
  return (answer as { picture: string }).picture
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function untilDead(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid) && tries < 1000; tries++) await new Promise((wake) => setTimeout(wake, 10))
  expect(isAlive(pid)).toBe(false)
}

describe('the queue', () => {
  test('goes by priority, and by the order of asking among equals', async () => {
    const { client } = makeClient(FAKE)
    const gate = join(await makeFolder(), 'gate')
    const [started, done]: string[][] = [[], []]
    const ask = (picture: string, priority: number): Promise<void> =>
      job(client, picture, { priority, onStart: () => started?.push(picture) }).then(
        (answer) => void done?.push(answer),
      )
    const all = [ask(`hang ${gate}`, 10), ask('c1', 2), ask('d', 10), ask('a', 0), ask('c2', 2), ask('b', 1)]
    expect(client.queued).toBe(5)
    expect(started).toEqual([`hang ${gate}`])
    await writeFile(gate, '')
    await Promise.all(all)
    expect(done).toEqual([`hang ${gate}`, 'a', 'b', 'c1', 'c2', 'd'])
    expect(started).toEqual(done)
  })

  test('goes on where a listener throws: that is no fault of the engine', async () => {
    const { client, restarts } = makeClient(FAKE)
    const onStart = (): void => {
      throw new Error('the listener is broken')
    }
    expect(await job(client, 'a', { onStart })).toBe('a')
    const { pid } = client
    expect(await job(client, 'b')).toBe('b')
    expect([client.pid, restarts]).toEqual([pid, []])
  })

  test('lets a waiting job be cancelled, and drops the answer of one in work', async () => {
    const { client } = makeClient(FAKE)
    const gate = join(await makeFolder(), 'gate')
    const [inWork, waiting] = [new AbortController(), new AbortController()]
    const first = job(client, `hang ${gate}`, { signal: inWork.signal })
    const second = job(client, 'second', { signal: waiting.signal })
    const third = job(client, 'third')
    waiting.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    inWork.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    expect(client.queued).toBe(1)
    await writeFile(gate, '')
    expect(await third).toBe('third')
    await expect(job(client, 'late', { signal: waiting.signal })).rejects.toMatchObject({ code: 'cancelled' })
  })

  test("passes on a job's own error and goes on", async () => {
    const { client, restarts } = makeClient(FAKE)
    await expect(job(client, 'fail')).rejects.toMatchObject({
      code: 'image/unreadable',
      message: 'fail is broken',
      details: { file: 'fail' },
    })
    expect(await job(client, 'next')).toBe('next')
    expect(restarts).toEqual([])
  })
})

describe('an engine that dies', () => {
  test('is started again, its job tried again and the queue intact', async () => {
    const { client, restarts } = makeClient(FAKE)
    const mark = join(await makeFolder(), 'died')
    const all = [job(client, `die once ${mark}`), job(client, 'x'), job(client, 'y')]
    expect(await Promise.all(all)).toEqual([`die once ${mark}`, 'x', 'y'])
    expect(restarts).toEqual([
      'The engine was ended by SIGKILL and was started again; nothing that you stored is lost.',
    ])
  })

  test.each([
    ['die', 'ended with code 7'],
    ['babble', 'was ended by SIGKILL'],
  ])('twice by the same job (%s) gives that job up and no other', async (picture, how) => {
    const { client, restarts } = makeClient(FAKE)
    const [bad, good] = [job(client, picture), job(client, 'good')]
    await expect(bad).rejects.toMatchObject({
      code: 'engine/crashed',
      message: `The engine ${how} twice while predicting ${picture}; that job was given up.`,
    })
    expect(await good).toBe('good')
    expect(restarts).toHaveLength(2)
  })

  test('while its job was cancelled does not do that job again', async () => {
    const { client } = makeClient(FAKE)
    const never = join(await makeFolder(), 'never')
    const controller = new AbortController()
    const dropped = job(client, `hang ${never}`, { signal: controller.signal })
    const next = job(client, 'next')
    controller.abort()
    await expect(dropped).rejects.toMatchObject({ code: 'cancelled' })
    process.kill(client.pid ?? 0, 'SIGKILL')
    // Would wait for the file for ever, were it tried again.
    expect(await next).toBe('next')
  })

  test('while it has nothing to do is started for the next job, without a word', async () => {
    const { client, restarts } = makeClient(FAKE)
    await job(client, 'first')
    const pid = client.pid ?? 0
    process.kill(pid, 'SIGKILL')
    await untilDead(pid)
    expect(await job(client, 'second')).toBe('second')
    expect(client.pid).not.toBe(pid)
    expect(restarts).toEqual([])
  })

  test('because it cannot be started says so', async () => {
    const { client } = makeClient(FAKE, join(await makeFolder(), 'no-such-node'))
    await expect(job(client, 'a')).rejects.toMatchObject({
      code: 'engine/crashed',
      message: expect.stringContaining('could not be started'),
    })
  })
})

test('closing ends the process and cancels what was asked', async () => {
  const { client, restarts } = makeClient(FAKE)
  const never = join(await makeFolder(), 'never')
  const all = [job(client, `hang ${never}`), job(client, 'waiting')]
  const pid = client.pid ?? 0
  expect(isAlive(pid)).toBe(true)
  client.close()
  for (const one of all) await expect(one).rejects.toMatchObject({ code: 'cancelled' })
  await untilDead(pid)
  await expect(job(client, 'late')).rejects.toMatchObject({ code: 'cancelled' })
  expect(restarts).toEqual([])
})

test('the built engine, killed in the middle of a prediction, gives the same masks after all', async () => {
  const folder = await makeFolder()
  const paths = testPaths(join(folder, 'data'))
  const { weights, resolution } = networkOf(await new Registry(paths).find(null))
  const picture = join(folder, 'a.jpg')
  await writeJpeg(picture, await drawPortrait(96, 64))
  const request = {
    network: { weights, resolution },
    provider: 'cpu',
    picture,
    grid: { width: 48, height: 32 },
  } as const
  const { client, restarts } = makeClient(paths.engineEntry)
  const undisturbed = await client.submit('predict', request)
  const both = Promise.all([client.submit('predict', request), client.submit('predict', request)])
  process.kill(client.pid ?? 0, 'SIGKILL')
  expect(undisturbed.labels).toHaveLength(48 * 32)
  expect(new Set(undisturbed.labels).size).toBeGreaterThan(1)
  for (const { labels } of await both) expect(labels).toEqual(undisturbed.labels)
  expect(restarts).toHaveLength(1)
  const broken = { ...request, picture: join(folder, 'none.jpg') }
  await expect(client.submit('predict', broken)).rejects.toMatchObject({
    code: 'file/unreadable',
    message: expect.stringContaining('none.jpg'),
  })
})
