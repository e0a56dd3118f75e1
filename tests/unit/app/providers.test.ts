/** @file Which provider runs a model: by trial in processes of their own, remembered, and never a silent substitute. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Paths } from '../../../src/main/app/deps'
import { Providers } from '../../../src/main/app/providers'
import { Loudspeaker } from '../../../src/main/base/events'
import { networkOf, Registry } from '../../../src/main/models/registry'
import { ladder } from '../../../src/main/runtime/providers'
import type { Events } from '../../../src/shared/api'
import { testPaths } from '../../helpers/app'
import { makeFolder } from '../../helpers/folder'

const FAKE = resolve('tests/helpers/fake_engine.mjs')
/** The providers above the processor on this platform; there are two at least. */
const GPUS = ladder().filter((provider) => provider !== 'cpu')
const [first = 'cuda', second = 'webgpu'] = GPUS

const providersOf = (paths: Paths, version = '1.0.0', events = new Loudspeaker<Events>()) =>
  new Providers({ paths, version }, events)

/** Providers over an engine that does what `outcomes` says; the others are absent. */
async function scripted(outcomes: Readonly<Record<string, number | string>>, dataDir?: string) {
  const absent = Object.fromEntries(ladder().map((provider) => [provider, 'absent']))
  const weights = JSON.stringify({ ...absent, ...outcomes })
  const paths = { ...testPaths(dataDir ?? (await makeFolder())), engineEntry: FAKE }
  return { providers: providersOf(paths), network: { id: 'model', weights, resolution: 256 }, paths }
}

describe('auto', () => {
  test('takes the fastest that computes the right thing, and says why', async () => {
    const { providers, network } = await scripted({ [first]: 'wrong', [second]: 30, cpu: 90 })
    const verdict = await providers.choose(network, 'auto')
    expect(verdict.chosen).toBe(second)
    expect(verdict.why).toContain(`${second} takes 30 ms`)
    expect(verdict.why).toContain(`${first} computes wrong results`)
    expect(verdict.why).toContain('cpu is slower (90 ms)')
    expect(verdict.trials.map(({ provider }) => provider)).toEqual(ladder())
  })

  test('takes the processor where it is faster than what else works', async () => {
    const { providers, network } = await scripted({ [first]: 120, cpu: 90 })
    expect(await providers.choose(network, 'auto')).toMatchObject({
      chosen: 'cpu',
      why: expect.stringContaining(`${first} is slower (120 ms)`),
    })
  })

  test('survives a provider that takes its process down', async () => {
    const { providers, network } = await scripted({ [first]: 'die', [second]: 'failed' })
    const { chosen, why, trials } = await providers.choose(network, 'auto')
    expect([chosen, why.split(';')[0]]).toEqual(['cpu', 'the processor serves'])
    expect(why).toContain(`${first} does not run here; ${second} does not run here`)
    // Where nothing else works, the processor needs no timing.
    expect(trials.map(({ provider }) => provider)).toEqual(GPUS)
    expect(trials[0]).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('code 9 twice') })
  })

  test('is tried once: the verdict is remembered over a restart, for this model alone', async () => {
    const { providers, network, paths } = await scripted({ [first]: 20, cpu: 90 })
    const [verdict, same] = await Promise.all([
      providers.choose(network, 'auto'),
      providers.choose(network, 'auto'),
    ])
    expect(same).toEqual(verdict)
    const later = providersOf({ ...paths, engineEntry: 'no engine at all' })
    expect(await later.choose(network, 'auto')).toEqual(verdict)
    expect(await later.remembered({ ...network, id: 'other' })).toBeNull()
    expect(await later.remembered({ ...network, resolution: 512 })).toBeNull()
    expect(await providersOf(paths, '1.0.1').remembered(network)).toBeNull()
  })

  test('whoever leaves takes nobody along, and does not wait for a provider that hangs', async () => {
    const gate = join(await makeFolder(), 'gate')
    const { providers, network } = await scripted({ [first]: `hang ${gate}`, cpu: 90 })
    const leaving = new AbortController()
    const left = providers.choose(network, 'auto', leaving.signal)
    const stayed = providers.choose(network, 'auto', new AbortController().signal)
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    await writeFile(gate, '')
    expect((await stayed).chosen).toBe(first)
  })

  test('a trial that nobody waits for is given up, and begun anew by the next', async () => {
    const gate = join(await makeFolder(), 'gate')
    const { providers, network } = await scripted({ [first]: `hang ${gate}`, cpu: 90 })
    const leaving = new AbortController()
    const left = providers.choose(network, 'auto', leaving.signal)
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    await writeFile(gate, '')
    await expect
      .poll(() => providers.choose(network, 'auto').catch(() => null))
      .toMatchObject({ chosen: first })
  })

  test('is tried again with other graphics adapters or drivers', async () => {
    const { providers, network } = await scripted({ [first]: 20, cpu: 90 })
    await providers.choose(network, 'auto')
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('VK_ICD_FILENAMES', '/another/driver.json')
    expect(await providers.remembered(network)).toBeNull()
    vi.unstubAllEnvs()
    expect(await providers.remembered(network)).not.toBeNull()
  })

  test('does not wait for a provider that is hopeless', async () => {
    const { providers, network } = await scripted({ [first]: 'slow', cpu: 90 })
    const { chosen, why, trials } = await providers.choose(network, 'auto')
    expect(chosen).toBe('cpu')
    expect(why).toContain(`${first} is far slower than the processor`)
    expect(trials[0]).toMatchObject({
      verdict: 'slow',
      ms: null,
      detail: expect.stringContaining('40 times'),
    })
  })

  test('takes the next best where the chosen one is trusted no more', async () => {
    const { providers, network } = await scripted({ [first]: 20, [second]: 30, cpu: 90 })
    await providers.choose(network, 'auto')
    await providers.distrust(network, second, 'not the one in use')
    expect((await providers.remembered(network))?.chosen).toBe(first)
    await providers.distrust(network, first, 'it crashed')
    const verdict = await providers.remembered(network)
    expect(verdict).toMatchObject({
      chosen: second,
      trials: [{ verdict: 'failed', detail: 'it crashed' }, {}, {}],
    })
  })

  test('that failed in training alone predicts on, and trains no more', async () => {
    const { providers, network } = await scripted({ [first]: 20, [second]: 30, cpu: 90 })
    await providers.choose(network, 'auto')
    await providers.distrustTraining(network, first, 'it crashed.')
    const verdict = await providers.choose(network, 'auto')
    expect(verdict.chosen).toBe(first)
    expect(verdict.trials[0]).toMatchObject({
      ...{ provider: first, verdict: 'works', trains: false, ms: 20 },
      detail: expect.stringMatching(/; it does not train: it crashed\.$/),
    })
    expect(verdict.trials[1]).toMatchObject({ provider: second, trains: true })
  })

  test('is tried again where the remembered verdicts are damaged', async () => {
    const { providers, network, paths } = await scripted({ [first]: 20, cpu: 90 })
    await writeFile(join(paths.dataDir, 'providers.json'), '{"model": {"chosen": "abacus"}}')
    expect(await providers.remembered(network)).toBeNull()
    expect((await providers.choose(network, 'auto')).chosen).toBe(first)
    expect((await providers.remembered(network))?.chosen).toBe(first)
  })

  test('goes on where verdicts cannot be written: they hold until the program ends, which is told once', async () => {
    const { network, paths } = await scripted({ [first]: 20, [second]: 30, cpu: 90 })
    const file = join(paths.dataDir, 'providers.json')
    await mkdir(file) // no write can replace a folder, whoever runs the tests
    const events = new Loudspeaker<Events>()
    const notices: Events['notice'][] = []
    events.on('notice', (notice) => notices.push(notice))
    const providers = providersOf(paths, '1.0.0', events)
    expect((await providers.choose(network, 'auto')).chosen).toBe(first)
    expect((await providers.choose({ ...network, id: 'other' }, 'auto')).chosen).toBe(first)
    await providers.distrust(network, first, 'it crashed')
    expect((await providers.remembered(network))?.chosen).toBe(second)
    expect((await providers.remembered({ ...network, id: 'other' }))?.chosen).toBe(first)
    expect(notices).toEqual([
      {
        level: 'warning',
        message: expect.stringMatching(`^Cannot write ${file}: it is a folder.*again next time`),
      },
    ])
    expect(await providersOf(paths).remembered(network)).toBeNull()
  })

  test('can be cancelled, and then remembers nothing', async () => {
    const { providers, network } = await scripted({ [first]: 20 })
    const controller = new AbortController()
    const judged = providers.judge(network, { signal: controller.signal })
    controller.abort()
    await expect(judged).rejects.toMatchObject({ code: 'cancelled' })
    expect(await providers.remembered(network)).toBeNull()
  })
})

describe('a provider by name', () => {
  test('cpu is taken without a trial', async () => {
    const { network, paths } = await scripted({})
    const providers = providersOf({ ...paths, engineEntry: 'no engine at all' })
    expect(await providers.choose(network, 'cpu')).toEqual({
      chosen: 'cpu',
      why: 'cpu was asked for',
      trials: [],
    })
  })

  test('is not tried again once it is known to work', async () => {
    const { providers, network, paths } = await scripted({ [first]: 20, [second]: 'failed', cpu: 90 })
    const { trials } = await providers.choose(network, 'auto')
    const later = providersOf({ ...paths, engineEntry: 'no engine at all' })
    expect(await later.choose(network, first)).toEqual({
      chosen: first,
      why: `${first} was asked for`,
      trials: [trials[0]],
    })
    await expect(later.choose(network, second)).rejects.toThrow('ended with code')
  })

  test('must work: there is no falling back', async () => {
    const { providers, network } = await scripted({ [first]: 20, [second]: 'wrong' })
    expect((await providers.choose(network, first)).chosen).toBe(first)
    await expect(providers.choose(network, second)).rejects.toMatchObject({
      code: 'provider/unusable',
      message: `${second} is wrong`,
      details: { provider: second },
    })
  })
})

test('on this computer, auto ends on something that works, and what is not built in says so', async () => {
  const paths = testPaths(await makeFolder())
  const network = networkOf(await new Registry(paths).find(null))
  const providers = providersOf(paths)
  const { chosen, why, trials } = await providers.choose(network, 'auto')
  const working = trials.filter(({ verdict }) => verdict === 'works').map(({ provider }) => provider)
  if (working.length === 0) {
    expect(chosen).toBe('cpu')
    expect(why).toMatch(/^the processor serves; /)
  } else expect(working).toContain(chosen)
  const foreign = process.platform === 'win32' ? 'coreml' : 'dml'
  await expect(providers.choose(network, foreign)).rejects.toMatchObject({
    code: 'provider/unusable',
    message: expect.stringMatching(
      new RegExp(`provider ${foreign} is not part of this build.*choose auto or cpu`),
    ),
  })
})
