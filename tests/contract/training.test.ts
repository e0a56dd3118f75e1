/** @file Training and the gate as a window has them, around an engine that only pretends to train. */
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { App } from '../../src/main/app/app'
import { readLabelPng } from '../../src/main/imaging/mask'
import { openRuns } from '../../src/main/store/runs/open'
import { readPlan } from '../../src/main/training/plan'
import type { EventName, Events } from '../../src/shared/api'
import { PART_INDEX, PART_NAMES } from '../../src/shared/labels'
import { ELSEWHERE, flatten, IGNORED, type PartMap } from '../../src/shared/mask'
import type { RunState, TrainingRun, TrainOptionsInput } from '../../src/shared/training'
import { eventOf, makeApp, STAND_IN_TRAINER, suiteFolder } from '../helpers/app'
import { makeCelebAMask, partsIn } from '../helpers/celebamask'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { newRun } from '../helpers/training'

const SHIPPED = 'segface-mobilenet-by-facet'
const SHIPPED_NAME = 'SegFace MobileNet (Facet)'
const SIDE = 64
/** What the stand-in does, by seed. */
const [PLAIN, WAITS, DEAF, DIES_ONCE, DIES, FAILS, WORSENS, FAILS_ONCE, CRAMPED] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
const IDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const VAL = [3, 7]
const TEST = [9]
const splitOf = (id: number): number => (VAL.includes(id) ? 1 : TEST.includes(id) ? 2 : 0)

let folder: Awaited<ReturnType<typeof suiteFolder>>
let app: App
let tree: string
let maps: Map<number, PartMap>
const runs = (...parts: string[]): string => join(tree, '.facet', 'runs', ...parts)

beforeAll(async () => {
  folder = await suiteFolder()
  tree = join(folder.path, 'tree')
  const partition = IDS.map((id) => `${String(id).padStart(5, '0')} ${splitOf(id)}\n`).join('')
  maps = await makeCelebAMask(tree, { ids: IDS, side: SIDE, partition })
  app = makeApp(join(folder.path, 'data'), { engineEntry: STAND_IN_TRAINER })
  await app.call('settings.write', { autoPredict: false, provider: 'cpu' })
  await openTree()
})

afterAll(async () => {
  await app.dispose()
  await folder.remove()
})

async function openTree(): Promise<void> {
  await app.call('workspace.open', { path: tree })
  while ((await rows()).filter(({ status }) => status === 'corrected').length < IDS.length) await sleep(20)
}

async function rows() {
  return (await app.call('images.list', {})).rows
}

/** Id of the workspace's image for a picture of the tree. */
async function imageOf(id: number): Promise<number> {
  const row = (await rows()).find(({ name }) => name.endsWith(`/${id}.jpg`))
  return row?.id ?? expect.fail(`no image ${id}`)
}

function start(name: string, seed: number, options: TrainOptionsInput = {}): Promise<TrainingRun> {
  return app.call('training.start', {
    ...{ model: null, images: 'corrected', name },
    options: { seed, epochs: 4, input_resolution: SIDE, preserve: 'none', ...options },
  })
}

const reaches = (run: number, ...states: RunState[]): Promise<TrainingRun> =>
  eventOf(app, 'training.changed', ({ id, state }) => id === run && states.includes(state))

const passes = (run: number, epoch: number): Promise<Events['training.epoch']> =>
  eventOf(app, 'training.epoch', (event) => event.run === run && event.row.epoch === epoch)

/** Starts a run and waits for its end. */
async function train(name: string, seed: number, options: TrainOptionsInput = {}): Promise<TrainingRun> {
  const { id } = await start(name, seed, options)
  await reaches(id, 'done', 'cancelled', 'failed', 'interrupted', 'paused')
  return app.call('training.show', { run: id })
}

function listen<E extends EventName>(event: E): Events[E][] {
  const heard: Events[E][] = []
  onTestFinished(app.on(event, (payload) => void heard.push(payload)))
  return heard
}

describe('before it starts', () => {
  test('says what there is to learn from, what it would do and why, and what it warns of', async () => {
    const survey = await app.call('training.survey', { model: null })
    const train = IDS.filter((id) => splitOf(id) === 0)
    expect(survey).toMatchObject({
      base: SHIPPED,
      images: { train: train.length, val: VAL.length, golden: 0 },
      settings: { scope: 'full', train_bs: 4, input_resolution: 256, lr: 1e-3, preserve: 'replay' },
      seconds: null,
    })
    const count = (part: string): number => train.filter((id) => partsOf(id).includes(part)).length
    expect(survey.parts).toEqual(Object.fromEntries(PART_NAMES.map((part) => [part, count(part)])))
    expect(survey.notes.join('\n')).toMatch(/Every weight learns.*\n.*7 images/)
    const few = PART_NAMES.find((part) => count(part) > 0 && count(part) < 5) ?? expect.fail('no rare part')
    expect(survey.warnings.join('\n')).toContain(`${few} (${count(few)})`)
  })

  test('takes the images that are chosen, and keeps validation apart from them', async () => {
    const images = await Promise.all([0, 1, 3].map(imageOf))
    const { images: counts } = await app.call('training.survey', { model: null, images })
    expect(counts).toEqual({ train: 2, val: 2, golden: 0 })
  })

  test('mixes in the faces of a folder that is named, and says so where there is none', async () => {
    const replay = join(folder.path, 'ordinary')
    await mkdir(replay)
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg'])
      await writeJpeg(join(replay, name), await drawPortrait(SIDE, SIDE))
    const survey = await app.call('training.survey', { model: null, replay })
    expect(survey.settings.preserve).toBe('replay')
    expect(survey.notes.join('\n')).toContain('3 other faces')
    const nowhere = join(replay, 'nowhere')
    await expect(app.call('training.survey', { model: null, replay: nowhere })).rejects.toThrow(nowhere)
  })

  test('refuses what cannot be trained, and nothing to learn from', async () => {
    await expect(app.call('training.survey', { model: 'nothing' })).rejects.toMatchObject({
      code: 'model/unknown',
    })
    const survey = await app.call('training.survey', { model: null, images: 'accepted' })
    expect(survey.images.train).toBe(0)
    expect(survey.warnings).toEqual([expect.stringContaining('nothing to learn from')])
    await expect(
      app.call('training.start', { model: null, images: 'accepted', name: 'empty' }),
    ).rejects.toMatchObject({
      code: 'dataset/malformed',
      message: expect.stringContaining('nothing to learn'),
    })
    expect((await app.call('training.list', {})).runs).toEqual([])
  })
})

describe('a run', () => {
  test('prepares, trains, tells its epochs, and becomes a model of what changed', async () => {
    const progress = listen('training.progress')
    const epochs = listen('training.epoch')
    const run = await train('Night one', PLAIN)
    expect(progress[0]).toMatchObject({ run: run.id, phase: 'preparing' })
    expect(progress.at(-1)).toMatchObject({ phase: 'saving', step: 8, steps: 8, epochs: 4 })
    expect(epochs.map(({ row, isBest }) => [row.epoch, row.loss, isBest])).toEqual([
      [0, null, false],
      [1, 1 / 2, true],
      [2, 1 / 3, true],
      [3, 1 / 4, true],
      [4, 1 / 5, true],
    ])
    expect(run).toMatchObject({
      name: 'Night one',
      base: SHIPPED,
      dataset: tree,
      state: 'done',
      images: { train: 7, val: 2 },
      bestEpoch: 4,
      model: 'night-one',
      problem: null,
    })
    expect(run.notes).toContain('The batch was made smaller.')
    expect(run.epochs.map(({ val }) => val?.mean_f1)).toEqual([0.5, 0.51, 0.52, 0.53, 0.54])
    expect(run.seconds).toBeGreaterThan(0)

    const model = await app.call('models.show', { model: 'night-one' })
    expect(model).toMatchObject({
      parent: SHIPPED,
      resolution: SIDE,
      training: { dataset: tree, images: { train: 7, val: 2 }, epochs: 4, bestEpoch: 4 },
      scores: { 'val mean_f1': 0.54 },
    })
    expect(model.bytes).toBeLessThan(4000)
    const { children } = await app.call('models.show', { model: SHIPPED })
    expect(children).toEqual(['night-one'])
    expect(await app.call('training.list', {})).toMatchObject({ runs: [{ id: run.id }], progress: null })
  })

  test('has a folder with the plan, each face as it was painted, and its hash', async () => {
    const [{ id }] = (await app.call('training.list', {})).runs as [TrainingRun]
    const plan = await readPlan(runs(String(id)))
    expect(plan).toMatchObject({
      arch: 'mobilenet',
      provider: 'cpu',
      weights: [expect.stringContaining(SHIPPED)],
    })
    const uses = plan.samples.map(({ name, use }) => [Number(/(\d+)\.jpg$/.exec(name)?.[1]), use])
    expect(uses.sort(([a], [b]) => Number(a) - Number(b))).toEqual(
      IDS.filter((face) => splitOf(face) !== 2).map((face) => [face, splitOf(face) === 1 ? 'val' : 'train']),
    )
    const images = JSON.parse(await readFile(runs(String(id), 'images.json'), 'utf8')) as { sha256: string }[]
    for (const [i, { name, labels, picture, id: image }] of plan.samples.entries()) {
      const face = Number(/(\d+)\.jpg$/.exec(name)?.[1])
      expect((await readLabelPng(runs(String(id), labels ?? ''))).labels).toEqual(
        flatten(maps.get(face) as PartMap),
      )
      expect(images[i]?.sha256).toBe(
        createHash('sha256')
          .update(await readFile(picture))
          .digest('hex'),
      )
      expect(image).toBe(await imageOf(face))
    }
    // What a run resumes from is gone with its end.
    expect((await readdir(runs(String(id)))).sort()).toEqual(
      ['images.json', 'labels', 'plan.json', 'previews', 'run-lock'].sort(),
    )
    expect(plan.previews.map((place) => plan.samples[place]?.use)).toEqual(['val', 'val'])
  })

  test('shows the validation faces as they were after each epoch', async () => {
    const [{ id }] = (await app.call('training.list', {})).runs as [TrainingRun]
    const { faces } = await app.call('training.previews', { run: id, epoch: 3 })
    expect(faces).toHaveLength(2)
    for (const { image, size, labels, truth, jpeg, id: row } of faces) {
      const face = Number(/(\d+)\.jpg$/.exec(image)?.[1])
      expect(VAL).toContain(face)
      expect([size, row]).toEqual([SIDE, await imageOf(face)])
      expect(labels).toEqual(new Uint8Array(SIDE * SIDE).fill(3))
      expect(truth).toEqual(new Uint8Array(flatten(maps.get(face) as PartMap)))
      expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8])
    }
    expect(await app.call('training.previews', { run: id, epoch: 9 })).toEqual({ faces: [] })
    // One that is gone takes no other with it.
    const photo = join(tree, faces[0]?.image ?? '')
    await rename(photo, `${photo}.moved`)
    onTestFinished(() => rename(`${photo}.moved`, photo))
    const { faces: left } = await app.call('training.previews', { run: id, epoch: 3 })
    expect(left.map(({ image }) => image)).toEqual([faces[1]?.image])
  })

  test('whose pictures memory made smaller loses no epoch, and its model says what it learned from', async () => {
    const run = await train('Cramped', CRAMPED)
    expect(run).toMatchObject({ state: 'done', bestEpoch: 4, settings: { input_resolution: SIDE } })
    expect(run.epochs.map(({ val }) => val?.mean_f1)).toEqual([0.5, 0.51, 0.52, 0.53, 0.54])
    const { faces } = await app.call('training.previews', { run: run.id, epoch: 4 })
    expect(faces.map(({ size, labels }) => [size, labels.length])).toEqual([
      [SIDE, SIDE * SIDE],
      [SIDE, SIDE * SIDE],
    ])
    const model = await app.call('models.show', { model: 'cramped' })
    expect(model).toMatchObject({
      resolution: SIDE / 2,
      training: { settings: { input_resolution: SIDE / 2, train_bs: 1 } },
    })
  })

  test('predicts with its model as with any other', async () => {
    await app.call('settings.write', { model: 'night-one' })
    onTestFinished(() => void app.call('settings.write', { model: null }))
    const image = await imageOf(9)
    await app.call('inference.predict', { image })
    const { revisions } = await app.call('masks.history', {
      face: (await app.call('masks.open', { image })).face,
    })
    expect(revisions[0]).toMatchObject({ kind: 'prediction', model: 'night-one' })
    // The next one starts from the base again, with all corrections.
    const survey = await app.call('training.survey', { model: null })
    expect(survey.base).toBe(SHIPPED)
    expect(survey.notes[0]).toContain(`It starts from ${SHIPPED_NAME}, which Night one was trained from`)
    const named = await app.call('training.survey', { model: 'night-one' })
    expect(named.base).toBe('night-one')
    expect(named.notes[0]).toContain('starting again from')
  })

  test('knows from earlier runs how long it takes', async () => {
    const options = { input_resolution: SIDE, epochs: 10 }
    const { seconds } = await app.call('training.survey', { model: null, options })
    expect(seconds).toBeGreaterThan(0)
  })

  test('learns nothing from golden faces and unchecked parts', async () => {
    const [golden, partly] = [await imageOf(0), await imageOf(1)]
    await app.call('images.pin', { image: golden, golden: true })
    await app.call('images.check', { image: partly, parts: ['hair', 'skin'] })
    onTestFinished(async () => {
      await app.call('images.pin', { image: golden, golden: false })
      await app.call('images.check', { image: partly, parts: null })
    })
    const run = await train('Checked', PLAIN, { epochs: 1 })
    expect(run.images).toEqual({ train: 6, val: 2 })
    const { samples } = await readPlan(runs(String(run.id)))
    expect(samples.some(({ id }) => id === golden)).toBe(false)
    const { labels, checked } = samples.find(({ id }) => id === partly) ?? expect.fail('not learned from')
    expect(checked).toBe((1 << PART_INDEX.hair) | (1 << PART_INDEX.skin))
    const { bits } = maps.get(1) as PartMap
    const expected = flatten(maps.get(1) as PartMap).map((label, i) =>
      [PART_INDEX.hair, PART_INDEX.skin].includes(label - 1)
        ? label
        : ((bits[i] ?? 0) & (checked ?? 0)) === 0
          ? ELSEWHERE
          : IGNORED,
    )
    expect((await readLabelPng(runs(String(run.id), labels ?? ''))).labels).toEqual(expected)
    const survey = await app.call('training.survey', { model: null })
    expect(survey.images.golden).toBe(1)
  })

  test('has other faces to keep it from forgetting', async () => {
    const run = await train('Replayed', PLAIN, { epochs: 1, preserve: 'replay' })
    const others = (await readPlan(runs(String(run.id)))).samples.filter(({ use }) => use === 'replay')
    expect(others.length).toBeGreaterThan(0)
    expect(others.every(({ labels, id }) => labels === null && id === null)).toBe(true)
  })

  test('that is never better than its base says so', async () => {
    const run = await train('Worse', WORSENS)
    expect(run).toMatchObject({ state: 'done', bestEpoch: 1, model: 'worse' })
    expect(run.notes.at(-1)).toBe(
      `No epoch scored better on the validation faces than ${SHIPPED_NAME}: mean F1 0.490, before 0.500.`,
    )
  })

  test('that fails says why, and one more can be started', async () => {
    expect(await train('Failing', FAILS)).toMatchObject({
      state: 'failed',
      problem: 'The loss is not a number.',
      model: null,
    })
    expect(await train('Next', PLAIN, { epochs: 1 })).toMatchObject({ state: 'done' })
  })
})

describe('in between', () => {
  test('one that failed goes on where it was once that is put right, or is ended with its best so far', async () => {
    const failed = await train('Missing', FAILS_ONCE)
    expect(failed).toMatchObject({
      state: 'failed',
      problem: 'A photo is missing.',
      bestEpoch: 2,
      model: null,
    })
    const epochs = listen('training.epoch')
    const ended = reaches(failed.id, 'done')
    await app.call('training.resume', { run: failed.id })
    expect(await ended).toMatchObject({ problem: null, model: 'missing' })
    expect(epochs.map(({ row }) => row.epoch)).toEqual([3, 4])

    const { id } = await train('Given up', FAILS_ONCE)
    expect(await app.call('training.cancel', { run: id })).toMatchObject({
      ...{ state: 'cancelled', bestEpoch: 2, model: 'given-up' },
    })
  })

  test('one that failed before its faces were ready has nothing to go on from, and still says why', async () => {
    const store = openRuns(runs())
    const { id } = store.create(newRun('Unready'))
    store.update(id, { state: 'failed', problem: 'There is no room.' })
    store.close()
    await expect(app.call('training.resume', { run: id })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('start it anew'),
    })
    expect(await app.call('training.show', { run: id })).toMatchObject({ problem: 'There is no room.' })
    await app.call('training.delete', { run: id })
  })

  test('it is paused, and goes on where it was', async () => {
    const { id } = await start('Paused', WAITS)
    await passes(id, 2)
    expect((await app.call('training.list', {})).progress).toMatchObject({ run: id, phase: 'training' })
    const paused = await app.call('training.pause', { run: id })
    expect(paused).toMatchObject({ state: 'paused', bestEpoch: 2, model: null })
    await expect(app.call('training.pause', { run: id })).rejects.toMatchObject({ code: 'conflict' })
    const epochs = listen('training.epoch')
    const ended = reaches(id, 'done')
    expect(await app.call('training.resume', { run: id })).toMatchObject({ id })
    await ended
    // The passes before are told again by the engine, but are no news.
    expect(epochs.map(({ row }) => row.epoch)).toEqual([3, 4])
    const run = await app.call('training.show', { run: id })
    expect(run).toMatchObject({ state: 'done', bestEpoch: 4, model: 'paused' })
    expect(run.seconds).toBeGreaterThan(paused.seconds)
  })

  test('what it began with cannot be deleted', async () => {
    const { model } = await train('Ground', PLAIN)
    const { id } = await app.call('training.start', {
      ...{ model, images: 'corrected', name: 'On it' },
      options: { seed: WAITS, epochs: 4, input_resolution: SIDE, preserve: 'none' },
    })
    await passes(id, 2)
    await app.call('training.pause', { run: id })
    const remove = () => app.call('models.delete', { model: model ?? '' })
    await expect(remove()).rejects.toThrow(
      "ground is what the training 'On it' began with, which is not over",
    )
    await app.call('training.delete', { run: id })
    // One that failed can go on, too.
    const failed = await app.call('training.start', {
      ...{ model, images: 'corrected', name: 'Failed on it' },
      options: { seed: FAILS_ONCE, epochs: 4, input_resolution: SIDE, preserve: 'none' },
    })
    await eventOf(app, 'training.changed', ({ state }) => state === 'failed')
    await expect(remove()).rejects.toThrow("'Failed on it'")
    await app.call('training.delete', { run: failed.id })
    await remove()
  })

  test('what a command, or a run of another folder, began with cannot be deleted either', async () => {
    const { model } = await train('Base of others', PLAIN)
    const base = model ?? expect.fail('no model')
    const other = join(folder.path, 'other')
    await mkdir(other)
    await app.call('workspace.open', { path: other })
    await app.call('workspace.close', {})
    onTestFinished(openTree)
    const places = [join(folder.path, 'data', 'runs'), join(other, '.facet', 'runs')]
    for (const [i, place] of places.entries()) {
      const store = openRuns(place)
      const { id } = store.create({ ...newRun(`Elsewhere ${i}`), base })
      await expect(app.call('models.delete', { model: base }), place).rejects.toThrow(`Elsewhere ${i}`)
      store.release(id)
      store.delete(id)
      store.close()
    }
    await app.call('models.delete', { model: base })
  })

  test('it is cancelled and keeps the best so far, also where the engine is deaf', async () => {
    for (const [name, seed] of [
      ['Cancelled', WAITS],
      ['Deaf', DEAF],
    ] as const) {
      const { id } = await start(name, seed)
      await passes(id, 2)
      const run = await app.call('training.cancel', { run: id })
      expect(run).toMatchObject({
        state: 'cancelled',
        bestEpoch: 2,
        model: name.toLowerCase(),
        problem: null,
      })
      expect((await app.call('models.show', { model: name })).training).toMatchObject({ epochs: 2 })
      await expect(app.call('training.cancel', { run: id })).rejects.toThrow('has ended already')
      await expect(app.call('training.resume', { run: id })).rejects.toThrow('is cancelled')
    }
  })

  test('another one has to wait', async () => {
    const { id } = await start('First', WAITS)
    await expect(start('Second', PLAIN)).rejects.toMatchObject({ code: 'conflict' })
    await expect(app.call('training.delete', { run: id })).rejects.toThrow("'First' is in work already")
    await passes(id, 2)
    await app.call('training.cancel', { run: id })
  })

  test('an engine that dies is started again and goes on', async () => {
    const run = await train('Killed once', DIES_ONCE)
    expect(run).toMatchObject({ state: 'done', model: 'killed-once' })
    expect(run.notes.join('\n')).toContain('was ended by SIGKILL and was started again')
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4])
  })

  test('one that dies again leaves a run that can be tried again', async () => {
    const run = await train('Killed always', DIES)
    expect(run).toMatchObject({ state: 'interrupted', problem: expect.stringContaining('twice') })
    const ended = reaches(run.id, 'interrupted', 'failed')
    await app.call('training.resume', { run: run.id })
    expect(await ended).toMatchObject({ state: 'interrupted' })
  })

  test('closing the folder pauses it, and it is there again', async () => {
    const { id } = await start('Left', WAITS)
    await passes(id, 2)
    await app.call('workspace.close', {})
    await expect(app.call('training.list', {})).rejects.toMatchObject({ code: 'not-found' })
    await openTree()
    expect(await app.call('training.show', { run: id })).toMatchObject({ state: 'paused', bestEpoch: 2 })
    expect(await app.call('training.cancel', { run: id })).toMatchObject({
      state: 'cancelled',
      model: 'left',
    })
  })

  test('what a killed Facet left is interrupted, or failed where it had not begun', async () => {
    const store = openRuns(runs())
    const { id } = store.create(newRun('Orphan'))
    store.update(id, { state: 'running' })
    expect((await app.call('training.list', {})).runs[0]).toMatchObject({ id, state: 'running' })
    store.close()
    expect((await app.call('training.list', {})).runs[0]).toMatchObject({ id, state: 'interrupted' })
    expect(await app.call('training.resume', { run: id })).toMatchObject({
      state: 'failed',
      problem: expect.stringContaining('start it anew'),
    })
    await app.call('training.delete', { run: id })
    expect(existsSync(runs(String(id)))).toBe(false)
    expect((await app.call('training.list', {})).runs.some((run) => run.id === id)).toBe(false)
  })
})

describe('the gate', () => {
  beforeEach(async () => {
    if (!(await app.call('models.list', {})).models.some(({ id }) => id === 'gate'))
      await train('Gate', PLAIN)
  })

  test('holds two models against each other on validation and golden faces', async () => {
    const { id } = (await app.call('training.list', {})).runs.find(
      ({ model }) => model === 'gate',
    ) as TrainingRun
    // The first was learned from before it was pinned, so it says nothing.
    for (const face of [5, ...TEST]) {
      const image = await imageOf(face)
      await app.call('images.pin', { image, golden: true })
      onTestFinished(async () => void (await app.call('images.pin', { image, golden: false })))
    }
    const progress = listen('job.progress')
    const comparison = await app.call('models.compare', {
      ...{ baseline: SHIPPED, candidate: 'gate', run: id, job: 'gate' },
    })
    expect(comparison).toMatchObject({ baseline: SHIPPED, candidate: 'gate', images: { val: 2, golden: 1 } })
    expect(comparison.sets.map(({ set }) => set)).toEqual(['val', 'golden'])
    for (const [set, faces] of [
      ['val', VAL],
      ['golden', TEST],
    ] as const) {
      const { baseline, candidate, confusion } =
        comparison.sets.find((one) => one.set === set) ?? expect.fail(set)
      const pixels = confusion.flat().reduce((sum, count) => sum + count, 0)
      // Both at the side of the larger network, which is that of the shipped one.
      expect(pixels).toBe(faces.length * 256 ** 2)
      expect(baseline.mean_f1).toBeGreaterThan(0)
      // Its background token is another, so it takes other pixels for background.
      expect(candidate).not.toEqual(baseline)
    }
    for (const { part, from, to, examples } of comparison.worse) {
      expect((from ?? 1) - (to ?? 1), part).toBeGreaterThan(comparison.tolerance)
      for (const { image, id: row } of examples) expect([image, row]).not.toContain(null)
    }
    expect(progress.at(-1)).toMatchObject({ job: 'gate', done: 6, total: 6 })
    const learned =
      'Not compared on, since one of the two models learned from the very picture (1): CelebA-HQ-img/5.jpg'
    expect(comparison.notes).toEqual([learned])
    const same = await app.call('models.compare', { baseline: 'gate', candidate: 'gate', run: id })
    expect(same.worse).toEqual([])
    // Also of the model in use, whatever run the other comes from.
    const turned = await app.call('models.compare', { baseline: 'gate', candidate: SHIPPED })
    expect([turned.images.golden, turned.notes]).toEqual([1, [learned]])
  })

  test('counts the faces that it could read, tells of the others, and does not score a set without any', async () => {
    const image = await imageOf(TEST[0] ?? 0)
    await app.call('images.pin', { image, golden: true })
    onTestFinished(async () => void (await app.call('images.pin', { image, golden: false })))
    const compare = () => app.call('models.compare', { baseline: 'gate', candidate: SHIPPED })
    const whole = await compare()
    expect([whole.images, whole.notes]).toEqual([{ val: 2, golden: 1 }, []])
    const moved: string[] = []
    for (const id of VAL) {
      const photo = join(tree, 'CelebA-HQ-img', `${id}.jpg`)
      await rename(photo, `${photo}.moved`)
      onTestFinished(() => rename(`${photo}.moved`, photo))
      moved.push(photo)
      const { images, sets, notes } = await compare()
      expect(images).toEqual({ val: VAL.length - moved.length, golden: 1 })
      expect(sets.map(({ set }) => set)).toEqual(moved.length < VAL.length ? ['val', 'golden'] : ['golden'])
      expect(notes).toEqual(moved.map((path) => expect.stringContaining(path)))
      expect(notes[0]).toMatch(/^CelebA-HQ-img\/3\.jpg was left out: /)
      expect(sets.at(-1)).toEqual(whole.sets.at(-1))
    }
  })

  test('scores on the open workspace or any dataset, and says where there is nothing', async () => {
    const open = await app.call('models.compare', { baseline: 'gate', candidate: SHIPPED })
    expect(open.images).toEqual({ val: 2, golden: 0 })
    const other = join(folder.path, 'all train')
    await makeCelebAMask(other, { ids: [1, 2], side: SIDE, partition: '00001 0\n00002 0\n' })
    await expect(
      app.call('models.compare', { baseline: 'gate', candidate: SHIPPED, dataset: other }),
    ).rejects.toThrow('no validation and no golden faces')
  })

  test('promotes a model, and names the old one', async () => {
    const { model, previous } = await app.call('models.promote', { model: 'gate' })
    expect([model.id, previous.id]).toEqual(['gate', SHIPPED])
    expect((await app.call('settings.read', {})).model).toBe('gate')
    await expect(app.call('models.delete', { model: 'gate' })).rejects.toThrow('is the model that predicts')
    expect((await app.call('models.promote', { model: previous.id })).previous.id).toBe('gate')
    expect((await app.call('settings.read', {})).model).toBeNull()
  })

  test('makes a model that takes only some parts from the new one, which predicts and is scored', async () => {
    // Of one resolution with the other: a child of the child.
    await app.call('training.start', {
      ...{ model: 'gate', images: 'corrected', name: 'Gate two' },
      options: { seed: PLAIN, epochs: 1, preserve: 'none' },
    })
    await eventOf(app, 'training.changed', ({ name, state }) => name === 'Gate two' && state === 'done')
    const mixture = await app.call('models.mix', {
      ...{ base: 'gate', other: 'gate-two', parts: ['hair'], name: 'Half' },
    })
    expect(mixture).toMatchObject({ id: 'half', mix: { base: 'gate', other: 'gate-two', parts: ['hair'] } })
    const comparison = await app.call('models.compare', { baseline: 'gate', candidate: 'half' })
    expect(comparison.sets[0]?.candidate.mean_f1).toBeGreaterThan(0)
    await app.call('settings.write', { model: 'half' })
    onTestFinished(() => void app.call('settings.write', { model: null }))
    await app.call('inference.predict', { image: await imageOf(8) })
    const out = join(folder.path, 'half.onnx')
    await app.call('models.export', { model: 'half', format: 'onnx', out })
    expect((await stat(out)).size).toBeGreaterThan(20e6)
    await expect(app.call('training.survey', { model: 'half' })).rejects.toThrow('made of two networks')
    expect((await app.call('training.survey', { model: null })).base).toBe(SHIPPED)
    await expect(app.call('models.delete', { model: 'gate' })).rejects.toThrow('half')
  })

  test('deletes what nothing is made of', async () => {
    await app.call('settings.write', { model: null })
    await app.call('models.delete', { model: 'half' })
    await app.call('models.delete', { model: 'gate-two' })
    expect((await app.call('models.list', {})).models.map(({ id }) => id)).not.toContain('half')
    // Its folder keeps its id from being given again.
    expect(await readdir(join(folder.path, 'data', 'models', 'gate-two'))).toEqual([])
  })
})

function partsOf(id: number): string[] {
  return partsIn(maps.get(id) as PartMap)
}
