/** @file The ladder of providers on a real WebGPU that is right but hopelessly slow, that dies, and that computes wrongly. */
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { engineOptions } from '../../src/main/app/engine'
import { Providers } from '../../src/main/app/providers'
import { Loudspeaker } from '../../src/main/base/events'
import { runAlone } from '../../src/main/engine/client'
import { testPaths } from '../helpers/app'
import { runInChild } from '../helpers/child'
import { makeFolder } from '../helpers/folder'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { hasSoftwareVulkan, softwareVulkan } from '../helpers/software_vulkan'
import type wrongInOwnLayout from './own_layout'

/** A software Vulkan prepares every kernel anew, and machines may be busy. */
const TIMEOUT = 600_000
/** The shipped model, as small as it goes. */
const NETWORK = {
  id: 'segface-mobilenet-by-facet',
  weights: resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors'),
  resolution: 64,
}

/** Child processes of this one, by id. */
async function children(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task')
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  )
  return lists.join(' ').split(' ').filter(Boolean).map(Number)
}

describe.runIf(hasSoftwareVulkan)('the ladder, with a software Vulkan', { timeout: TIMEOUT }, () => {
  beforeEach(async () => {
    for (const [name, value] of Object.entries(await softwareVulkan())) vi.stubEnv(name, value)
    return () => void vi.unstubAllEnvs()
  })
  const makeProviders = async () => {
    const paths = testPaths(await makeFolder())
    return { paths, providers: new Providers({ paths, version: '0.0.0-test' }, new Loudspeaker()) }
  }

  test('takes the processor, and says how much slower WebGPU is', async () => {
    const { providers } = await makeProviders()
    const { chosen, why, trials } = await providers.judge(NETWORK, { timeAll: true })
    expect(chosen).toBe('cpu')
    expect(why).toMatch(/^cpu takes \d+ ms; .*webgpu is far slower than the processor/)
    expect(trials.find(({ provider }) => provider === 'webgpu')).toMatchObject({
      verdict: 'slow',
      detail: expect.stringMatching(/^takes \d+ times as long as the processor/),
    })
    expect(await providers.remembered(NETWORK)).toMatchObject({ chosen })
  })

  test('uses WebGPU where it is asked for by name: all operators, the network and its masks are right', async () => {
    const { paths, providers } = await makeProviders()
    const { chosen, trials } = await providers.choose(NETWORK, 'webgpu')
    expect(chosen).toBe('webgpu')
    expect(trials[0]?.trains).toBe(true)
    expect(trials[0]?.detail).toMatch(
      /^\d+ operators and the network differ from the processor by \S+e-\d at most$/,
    )

    const picture = join(paths.dataDir, 'face.jpg')
    await writeJpeg(picture, await drawPortrait(96, 80))
    const [ours, theirs] = [await predict('cpu'), await predict('webgpu')]
    const different = ours.filter((label, pixel) => label !== theirs[pixel]).length
    expect(theirs).toHaveLength(96 * 80)
    expect(different).toBeLessThan(0.001 * ours.length)

    async function predict(provider: 'cpu' | 'webgpu') {
      const { weights, resolution } = NETWORK
      const request = { network: { weights, resolution }, provider, picture, grid: { width: 96, height: 80 } }
      return (await runAlone(engineOptions(paths), 'predict', request)).labels
    }
  })

  test('survives WebGPU taking its process down', async () => {
    const { providers } = await makeProviders()
    const before = await children()
    let isOver = false
    const trial = providers.choose(NETWORK, 'webgpu').finally(() => (isOver = true))
    const failed = expect(trial).rejects.toMatchObject({
      code: 'provider/unusable',
      message: expect.stringContaining('ended by SIGKILL twice'),
    })
    while (!isOver) {
      for (const child of await children()) if (!before.includes(child)) process.kill(child, 'SIGKILL')
      await new Promise((wake) => setTimeout(wake, 50))
    }
    await failed
  })

  test('would not take WebGPU in its own layout, which computes some convolutions wrongly', async () => {
    const wrong = await runInChild<typeof wrongInOwnLayout>('tests/gpu/own_layout.ts', [])
    expect(wrong).toEqual([6, 9, 15, 18].map((channels) => `Conv of ${channels} channels`))
  })
})
