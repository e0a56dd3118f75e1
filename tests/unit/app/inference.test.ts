/** @file Predicting through the app with the shipped model: what comes first, what is dropped, and what is left alone. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { App } from '../../../src/main/app/app'
import type { Status } from '../../../src/shared/terms'
import { PART_INDEX } from '../../../src/shared/labels'
import { createPartMap, drawRuns } from '../../../src/shared/mask'
import { diffPatch, encodePatch } from '../../../src/shared/patch'
import { eventOf, makeApp, suiteFolder } from '../../helpers/app'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'
import { writeMobilenet } from '../../helpers/segface'

const SHIPPED = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const [WIDTH, HEIGHT] = [48, 40]

let folder: Awaited<ReturnType<typeof suiteFolder>>
let app: App
let order: number[]
/** Ids of a.jpg … f.jpg, then of g.jpg, which is no picture. */
let [a, b, c, d, e, f, broken] = [0, 0, 0, 0, 0, 0, 0]

beforeAll(async () => {
  folder = await suiteFolder()
  app = makeApp(join(folder.path, 'data'))
})

afterAll(async () => {
  await app.dispose()
  await folder.remove()
})

/** A fresh workspace for each test; the engine stays warm. */
beforeEach(async ({ task, onTestFinished }) => {
  const pictures = join(folder.path, task.id)
  await mkdir(pictures, { recursive: true })
  const portrait = await drawPortrait(WIDTH, HEIGHT)
  for (const name of 'abcdef') await writeJpeg(join(pictures, `${name}.jpg`), portrait)
  await writeFile(join(pictures, 'g.jpg'), 'no picture')
  await app.call('settings.write', { provider: 'cpu', model: null, autoPredict: true })
  const scanned = eventOf(app, 'workspace.scan', ({ done }) => done)
  await app.call('workspace.open', { path: pictures })
  await scanned
  const { rows } = await app.call('images.list', {})
  ;[a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, broken = 0] = rows.map(({ id }) => id)
  order = []
  onTestFinished(app.on('masks.changed', ({ image }) => order.push(image)))
})

/** Wishes, and waits until nothing is left of them. */
async function want(current: number | null, next: readonly number[]): Promise<void> {
  const idle = eventOf(app, 'inference.status', ({ state, queued }) => state === 'ready' && queued === 0)
  await app.call('inference.want', { current, next: [...next] })
  await idle
}

async function statuses(): Promise<Status[]> {
  return (await app.call('images.list', {})).rows.map(({ status }) => status)
}

async function models(image: number): Promise<(string | null)[]> {
  const { face } = await app.call('masks.open', { image })
  return (await app.call('masks.history', { face })).revisions.map(({ model }) => model)
}

/** Paints one pixel of a hat by hand. */
async function paint(image: number): Promise<void> {
  const face = await app.call('masks.open', { image })
  const before = createPartMap(face.width, face.height)
  face.parts.forEach((part, i) => drawRuns(before, i, part.runs))
  const after = { ...before, bits: before.bits.slice() }
  after.bits[0] = (after.bits[0] ?? 0) ^ (1 << PART_INDEX.hat)
  const patch = encodePatch(diffPatch(before, after, { x: 0, y: 0, width: WIDTH, height: HEIGHT }))
  const stroke = { kind: 'stroke', label: 'brush', part: PART_INDEX.hat } as const
  await app.call('masks.commit', { ...stroke, face: face.face, patch })
}

test('predicts what is on screen first, then what comes next, in order; nothing else, nothing twice', async () => {
  const seen: (number | null)[] = []
  const end = app.on('inference.status', ({ running }) => {
    if (running !== null && seen.at(-1) !== running) seen.push(running)
  })
  await want(c, [e, a])
  expect(order).toEqual([c, e, a])
  end()
  expect(seen).toEqual([c, e, a])
  expect(await statuses()).toEqual([
    ...['predicted', 'untouched', 'predicted', 'untouched', 'predicted', 'untouched', 'untouched'],
  ])
  expect(await app.call('inference.status', {})).toMatchObject({
    state: 'ready',
    provider: 'cpu',
    why: 'cpu was chosen in the settings',
    queued: 0,
    running: null,
    problem: null,
    problemImage: null,
    ms: expect.any(Number),
  })
  await want(c, [e, a])
  expect(order).toEqual([c, e, a])
})

test('drops what is wanted no more, but finishes what it began', async () => {
  await app.call('inference.want', { current: b, next: [c, d] })
  await want(f, [b])
  expect(order).toEqual([b, f])
})

test('predicts nothing by itself where that is switched off, and what is asked for all the same', async () => {
  await app.call('settings.write', { autoPredict: false })
  await app.call('inference.want', { current: a, next: [b] })
  await app.call('inference.predict', { image: c })
  expect(order).toEqual([c])
})

test('leaves alone what a person decided; another model predicts again only what a model predicted', async () => {
  await want(a, [b, c, d])
  await paint(a)
  await app.call('images.review', { image: b, review: 'accepted' })
  await app.call('images.review', { image: c, review: 'flagged' })
  await app.call('images.review', { image: e, review: 'accepted' })
  await app.call('images.review', { image: f, review: 'flagged' })
  const { id } = await app.call('models.import', { file: SHIPPED, name: 'Second' })
  await app.call('settings.write', { model: id })
  order = []
  await want(a, [b, c, d, e, f])
  // f is flagged, but had no masks to keep.
  expect(order).toEqual([d, f])
  expect(await statuses()).toEqual([
    ...['corrected', 'accepted', 'flagged', 'predicted', 'accepted', 'flagged', 'untouched'],
  ])
  expect(await models(d)).toEqual(['second', 'segface-mobilenet-by-facet'])
  expect(await models(b)).toEqual(['segface-mobilenet-by-facet'])
  expect(await models(e)).toEqual([])

  await app.call('inference.predict', { image: b })
  expect(await models(b)).toEqual(['second', 'segface-mobilenet-by-facet'])
  // Accepted were other masks than these.
  expect((await statuses())[1]).toBe('predicted')
})

test('a model that does not know all parts leaves the others as they were predicted', async () => {
  await want(a, [])
  const partsOf = async () => (await app.call('masks.open', { image: a })).parts
  const before = await partsOf()
  const file = join(folder.path, 'eleven_64.pt')
  await writeMobilenet(file, 11)
  const { id, parts } = await app.call('models.import', { file, dataset: 'lapa' })
  await app.call('settings.write', { model: id })
  await want(a, [])
  await want(b, [])
  const after = await partsOf()
  expect(await models(a)).toEqual([id, 'segface-mobilenet-by-facet'])
  expect(after.filter(({ part }) => !parts.includes(part))).toEqual(
    before.filter(({ part }) => !parts.includes(part)),
  )
  expect(after.filter(({ part }) => parts.includes(part))).not.toEqual(
    before.filter(({ part }) => parts.includes(part)),
  )
  const fresh = (await app.call('masks.open', { image: b })).parts
  expect(fresh.filter(({ origin }) => origin === 'model').map(({ part }) => part)).toEqual(parts)
})

test('tells of a picture that cannot be read, and goes on', async () => {
  const told = eventOf(app, 'inference.status', ({ problem }) => problem !== null)
  await want(broken, [a])
  expect(await told).toMatchObject({ problem: expect.stringContaining('g.jpg'), problemImage: broken })
  expect(order).toEqual([a])
  await expect(app.call('inference.predict', { image: broken })).rejects.toMatchObject({
    code: 'image/unreadable',
    message: expect.stringContaining('g.jpg'),
  })
})

test(
  'says from the first trial on what it found, and another choice hears nothing of it',
  { timeout: 180_000 },
  async () => {
    const UNTRIED = 'the other providers are being tried'
    const tried = await app.call('models.import', { file: SHIPPED, name: 'Tried' })
    const left = await app.call('models.import', { file: SHIPPED, name: 'Left' })
    const whyOf = async (image: number): Promise<string> => {
      await app.call('inference.predict', { image })
      return (await app.call('inference.status', {})).why
    }
    const verdict = async (): Promise<string | undefined> => (await app.call('doctor.remembered', {}))?.why
    const untried = () => eventOf(app, 'inference.status', ({ why }) => why === UNTRIED)
    await app.call('settings.write', { model: tried.id, provider: 'auto' })
    await Promise.all([untried(), whyOf(a)])
    await expect.poll(verdict, { timeout: 60_000 }).toBeDefined()
    await expect.poll(() => whyOf(b), { timeout: 10_000 }).toBe(await verdict())

    await app.call('settings.write', { model: left.id })
    const begun = untried()
    const predicted = whyOf(c)
    await begun
    await app.call('settings.write', { provider: 'cpu' })
    await predicted
    expect(await whyOf(d)).toBe('cpu was chosen in the settings')
    const heard = new Set<string>()
    onTestFinished(app.on('inference.status', ({ why }) => heard.add(why)))
    await expect.poll(verdict, { timeout: 60_000 }).toBeDefined()
    expect(await whyOf(e)).toBe('cpu was chosen in the settings')
    expect([...heard]).toEqual(['cpu was chosen in the settings'])
  },
)

test('says which provider cannot be used, instead of using another', async () => {
  const foreign = process.platform === 'win32' ? 'coreml' : 'dml'
  await app.call('settings.write', { provider: foreign })
  const failed = eventOf(app, 'inference.status', ({ state }) => state === 'failed')
  await app.call('inference.want', { current: a, next: [b, c] })
  expect(await failed).toMatchObject({ problem: expect.stringContaining(`provider ${foreign}`) })
  expect(order).toEqual([])
  await app.call('settings.write', { provider: 'cpu' })
  await want(a, [])
  expect(order).toEqual([a])
})

test('takes the trust back from a provider that stops working, and goes on with the next', async () => {
  const foreign = process.platform === 'win32' ? 'coreml' : 'dml'
  const file = join(folder.path, 'data', 'providers.json')
  const trials = [
    { provider: foreign, verdict: 'works', trains: true, detail: '', ms: 1 },
    { provider: 'cpu', verdict: 'works', trains: true, detail: '', ms: 9 },
  ]
  await app.call('doctor.run', { job: 'doctor' })
  const keys = Object.keys(JSON.parse(await readFile(file, 'utf8')) as object)
  const trusted = keys.map((key) => [key, { chosen: foreign, why: 'it was fast once', trials }])
  await writeFile(file, JSON.stringify(Object.fromEntries(trusted)))
  await app.call('settings.write', { provider: 'auto' })
  const notice = eventOf(app, 'notice')
  await want(a, [b])
  expect((await notice).message).toMatch(new RegExp(`provider ${foreign} .*not used any more`))
  expect(order).toEqual([a, b])
  const status = await app.call('inference.status', {})
  expect(status).toMatchObject({
    provider: 'cpu',
    problem: null,
    problemImage: null,
    why: `cpu takes 9 ms; ${foreign} does not run here`,
  })
})

test('without an open folder, asking says so and wishing does nothing', async () => {
  await app.call('workspace.close', {})
  await expect(app.call('inference.predict', { image: a })).rejects.toMatchObject({ code: 'not-found' })
  expect(await app.call('inference.want', { current: a, next: [b] })).toBeNull()
})
