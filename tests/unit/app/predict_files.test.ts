/** @file `facet predict`: which pictures it takes, how many run at once, on which provider, and that none is lost on the way. */
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { App, Context } from '../../../src/main/app/app'
import { Jobs } from '../../../src/main/app/jobs'
import { predictFilesHandlers } from '../../../src/main/app/predict_files'
import { Loudspeaker } from '../../../src/main/base/events'
import type { Jobs as EngineJobs } from '../../../src/main/engine/protocol'
import { Registry } from '../../../src/main/models/registry'
import type { PredictSummary } from '../../../src/shared/answers'
import type { Events } from '../../../src/shared/api'
import { FacetError } from '../../../src/shared/errors'
import type { Checked, Request } from '../../../src/shared/requests'
import type { Provider } from '../../../src/shared/terms'
import { testPaths } from '../../helpers/app'
import { chooseForeign, FOREIGN } from '../../helpers/broken_provider'
import { makeCelebAMask } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { openApp } from '../../helpers/open_app'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

const MODEL = 'segface-mobilenet-by-facet'
const SIDE = 32

/** A folder of `count` pictures, `0.jpg` and so on. */
async function makePhotos(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true })
  await writeJpeg(join(folder, '0.jpg'), await drawPortrait(SIDE, SIDE))
  for (let i = 1; i < count; i++) await link(join(folder, '0.jpg'), join(folder, `${i}.jpg`))
  return folder
}

const masksIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.png')).sort()

/** With the defaults of the tests. */
type Wish = Pick<Request<'predict.files'>, 'input' | 'out'> &
  Partial<Omit<Checked<'predict.files'>, 'input' | 'out'>>

describe('with the real engine', () => {
  const openIn = (folder: string): App => openApp(join(folder, 'data'))

  const predict = (app: App, wish: Wish): Promise<PredictSummary> =>
    app.call('predict.files', { model: MODEL, layout: 'index', size: SIDE, provider: 'cpu', ...wish })

  test.each(['index', 'celebamask-hq'] as const)(
    'masks among the photos are no photos when it runs again (%s)',
    async (layout) => {
      const folder = await makeFolder()
      const input = await makePhotos(join(folder, 'photos'), 2)
      const wish = { input, out: join(input, 'new', 'masks'), layout }
      const app = openIn(folder)
      expect((await predict(app, wish)).images).toBe(2)
      const written = await masksIn(wish.out)
      expect((await predict(app, wish)).images).toBe(2)
      expect(await masksIn(wish.out)).toEqual(written)
    },
  )

  test('of a CelebAMask-HQ tree it takes the photos', async () => {
    const folder = await makeFolder()
    const [input, out] = [join(folder, 'tree'), join(folder, 'out')]
    await makeCelebAMask(input, { ids: [0, 7] })
    expect((await predict(openIn(folder), { input, out })).images).toBe(2)
    expect(await masksIn(out)).toEqual(['CelebA-HQ-img/0.png', 'CelebA-HQ-img/7.png'])
  })

  test('8 bits are checked on pictures that can be read', async () => {
    const folder = await makeFolder()
    const input = await makePhotos(join(folder, 'photos'), 1)
    for (let i = 0; i < 30; i++) await writeFile(join(input, `broken ${i}.jpg`), 'no picture')
    await link(join(input, '0.jpg'), join(input, 'last.jpg'))
    const wish = { input, out: join(folder, 'out'), precision: 'int8' } as const
    const { images, precision_check, complaints } = await predict(openIn(folder), wish)
    expect([images, precision_check?.pictures, complaints.length]).toEqual([2, 2, 30])
  })

  test('a provider that Facet chose and that stopped working leaves its work to the next best', async () => {
    const folder = await makeFolder()
    const input = await makePhotos(join(folder, 'photos'), 2)
    await chooseForeign(join(folder, 'data'), MODEL)
    const app = openIn(folder)
    const notices: string[] = []
    app.on('notice', ({ message }) => notices.push(message))
    const wish = { input, out: join(folder, 'out'), provider: 'auto' } as const
    expect(await predict(app, wish)).toMatchObject({ images: 2, provider: 'cpu', complaints: [] })
    expect(notices).toEqual([expect.stringMatching(new RegExp(`${FOREIGN} .* It is not used any more\\.$`))])
    expect(await masksIn(wish.out)).toEqual(['0.png', '1.png'])
    // For good, not for this run.
    await predict(app, wish)
    expect(notices).toHaveLength(1)
    await expect(predict(app, { ...wish, provider: FOREIGN })).rejects.toMatchObject({
      code: 'provider/unusable',
    })
  })

  test.skipIf(process.platform === 'win32')('refuses what is neither a file nor a folder', async () => {
    const folder = await makeFolder()
    await expect(
      predict(openIn(folder), { input: '/dev/null', out: join(folder, 'out') }),
    ).rejects.toMatchObject({
      code: 'file/unreadable',
      message: '/dev/null is neither a file nor a folder; name a picture or a folder of pictures.',
    })
  })
})

describe('with an engine that answers at once', () => {
  type Asked = EngineJobs['predictMany']['request']
  type Answer = EngineJobs['predictMany']['answer']

  /** Predicts on the providers that are chosen one after another; `answer` may throw. */
  async function predict(
    folder: string,
    wish: Wish & { provider: Provider | 'auto' },
    chosen: readonly Provider[],
    answer: (asked: Asked) => Answer,
  ): Promise<PredictSummary> {
    const events = new Loudspeaker<Events>()
    let distrusted = 0
    const context = {
      registry: new Registry(testPaths(join(folder, 'data'))),
      providers: {
        choose: () => Promise.resolve({ chosen: chosen[distrusted] }),
        distrust: () => Promise.resolve(distrusted++),
      },
      inference: {
        engine: { submit: (_kind: string, asked: Asked) => Promise.resolve().then(() => answer(asked)) },
      },
      jobs: new Jobs(events),
      events,
    }
    const { 'predict.files': run } = predictFilesHandlers(context as unknown as Context)
    return run({ model: MODEL, layout: 'index', precision: 'float', ...wish })
  }

  const labelled = ({ pictures }: Asked, ms = 1): Answer => ({
    pictures: pictures.map(() => ({ labels: new Uint8Array(SIDE ** 2) })),
    ms,
  })

  test('a size that does not fit is given up for the one before, and every picture gets its mask', async () => {
    const folder = await makeFolder()
    const input = await makePhotos(join(folder, 'photos'), 80)
    const wish = { input, out: join(folder, 'masks'), provider: 'webgpu' } as const
    const sizes: number[] = []
    const answer = await predict(folder, wish, ['webgpu'], (asked) => {
      sizes.push(asked.batch)
      // Twice as many take the same time, and more than two do not fit.
      if (asked.batch > 2) throw new FacetError('provider/unusable', 'webgpu is out of memory')
      return labelled(asked, 40 / asked.batch)
    })
    expect(answer).toMatchObject({ images: 80, provider: 'webgpu', complaints: [] })
    expect(sizes.filter((size, i) => size !== sizes[i - 1])).toEqual([1, 2, 4, 2])
    expect(await masksIn(wish.out)).toHaveLength(80)
  })

  test.each([
    [SIDE, [17]],
    [4096, [8, 8, 1]],
    [8192, [2, 2, 2, 2, 2, 2, 2, 2, 1]],
  ])('masks of side %i are asked for in as many at once as fit into an answer', async (size, expected) => {
    const folder = await makeFolder()
    const input = await makePhotos(join(folder, 'photos'), 17)
    const wish = { input, out: join(folder, 'masks'), provider: 'cpu', batch: 17, size } as const
    const sizes: number[] = []
    const running = predict(folder, wish, ['cpu'], ({ batch, pictures }) => {
      expect(pictures.length).toBeLessThanOrEqual(batch)
      sizes.push(pictures.length)
      return { pictures: pictures.map(() => ({ unreadable: 'not looked at' })), ms: 1 }
    })
    await expect(running).rejects.toMatchObject({ code: 'image/unreadable' })
    expect(sizes).toEqual(expected)
  })

  test('where a provider fails midway, the next best goes on from there', async () => {
    const folder = await makeFolder()
    const input = await makePhotos(join(folder, 'photos'), 5)
    const wish = { input, out: join(folder, 'masks'), provider: 'auto' } as const
    const done: string[] = []
    const answer = await predict(folder, wish, ['webgpu', 'cpu'], (asked) => {
      if (asked.provider === 'webgpu' && done.length === 3)
        throw new FacetError('engine/crashed', 'The engine was ended by SIGSEGV twice.')
      done.push(...asked.pictures.map(({ picture }) => `${picture.at(-5)} ${asked.provider}`))
      return labelled(asked)
    })
    expect(answer).toMatchObject({ images: 5, provider: 'cpu' })
    expect(done).toEqual(['0 webgpu', '1 webgpu', '2 webgpu', '3 cpu', '4 cpu'])
    expect(await masksIn(wish.out)).toHaveLength(5)
    expect(await readFile(join(wish.out, 'facet-names.csv'), 'utf8')).toContain('4,"4.jpg"')
  })
})
