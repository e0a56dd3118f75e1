/** @file The runs as the window keeps them: curves that grow by news, roll-backs, what is shown of a run, faces by epoch, the gate. */
import { beforeEach, describe, expect, test } from 'vitest'
import { Jobs } from '../../../src/renderer/src/state/jobs.svelte'
import {
  isNotAbove,
  isResumable,
  looksOf,
  nearestLook,
  Training,
} from '../../../src/renderer/src/state/training.svelte'
import { Models } from '../../../src/renderer/src/state/models.svelte'
import { earlyEndOf, sidesOf } from '../../../src/renderer/src/state/run-outcome'
import { Watch } from '../../../src/renderer/src/state/watch.svelte'
import { FacetError } from '../../../src/shared/errors'
import type { Method } from '../../../src/shared/requests'
import type {
  ClassScores,
  EpochRow,
  RunState,
  TrainingProgress,
  TrainingRun,
} from '../../../src/shared/training'
import { answering, type Answers } from './answering'

function row(epoch: number, loss = 1 / (epoch + 1)): EpochRow {
  return { epoch, loss, cross_entropy: loss, dice: loss, lr: 1e-3, seconds: 1, val: null }
}

function run(id: number, state: RunState, changes: Partial<TrainingRun> = {}): TrainingRun {
  return {
    id,
    name: `faces ${id}`,
    base: 'base',
    dataset: '/faces',
    state,
    settings: {} as TrainingRun['settings'],
    notes: [],
    images: { train: 20, val: 4 },
    epochs: [],
    bestEpoch: null,
    model: null,
    problem: null,
    created: 0,
    seconds: 0,
    ...changes,
  }
}

function progress(
  step: number,
  loss: number | null,
  changes: Partial<TrainingProgress> = {},
): TrainingProgress {
  const plain = {
    run: 1,
    phase: 'training',
    epoch: 1,
    epochs: 10,
    steps: 100,
    secondsLeft: 9,
    provider: 'cpu',
  } as const
  return { ...plain, step, loss, ...changes }
}

interface Made {
  readonly training: Training
  readonly asked: { method: Method; request: unknown }[]
}

function make(answers: Answers = {}, modelNames: readonly string[] = []): Made {
  const { backend, asked } = answering(answers)
  return { training: new Training(backend, new Jobs(backend), () => modelNames), asked }
}

test('the best of a run may be no better than what it started from', () => {
  const scored = (epoch: number, mean_f1: number): EpochRow => ({
    ...row(epoch),
    val: { mean_f1, f1: {} as ClassScores },
  })
  const best = (...scores: number[]): TrainingRun =>
    run(1, 'done', { epochs: scores.map((score, epoch) => scored(epoch, score)), bestEpoch: 1 })
  expect(isNotAbove(best(0.918, 0.747))).toBe(true)
  expect(isNotAbove(best(0.7, 0.7))).toBe(true)
  expect(isNotAbove(best(0.7, 0.71))).toBe(false)
  expect(isNotAbove(run(1, 'running', { epochs: [scored(0, 0.9)] }))).toBe(false)
  expect(isNotAbove(run(1, 'done', { epochs: [row(0), row(1)], bestEpoch: 1 }))).toBe(false)
})

test('a run that failed can be gone on with once it had begun', () => {
  expect(isResumable(run(1, 'failed'))).toBe(false)
  expect(isResumable(run(1, 'failed', { epochs: [row(0)] }))).toBe(true)
  for (const state of ['paused', 'interrupted'] as const) expect(isResumable(run(1, state))).toBe(true)
  for (const state of ['running', 'done', 'cancelled'] as const)
    expect(isResumable(run(1, state, { epochs: [row(0)] }))).toBe(false)
})

test('why a run that is done ended early follows from its settings and its epochs', () => {
  const settings = { epochs: 10, time_limit: 60, early_stopping: 3 } as TrainingRun['settings']
  const ended = (count: number, seconds: number, bestEpoch: number, changes: Partial<TrainingRun> = {}) => {
    const epochs = Array.from({ length: count + 1 }, (_, epoch) => ({ ...row(epoch), seconds }))
    return earlyEndOf(run(1, 'done', { settings, epochs, bestEpoch, ...changes }))
  }
  expect(ended(4, 61, 4)).toBe('time')
  expect(ended(6, 40, 3)).toBe('stalled')
  expect(ended(6, 60, 3)).toBe('time')
  expect(ended(10, 61, 10)).toBeNull()
  expect(ended(4, 61, 4, { state: 'cancelled' })).toBeNull()
  const patient = { settings: { ...settings, time_limit: null, early_stopping: 0 } }
  expect(ended(6, 99, 1, patient)).toBeNull()
})

test('scores of another side than the base model is used at are told apart', () => {
  const small = run(1, 'done', { settings: { input_resolution: 64 } as TrainingRun['settings'] })
  expect(sidesOf(small, { resolution: 256 }, null)).toEqual({ scored: 64, own: 256 })
  expect(sidesOf(small, { resolution: 64 }, null)).toBeNull()
  expect(sidesOf(small, { resolution: 64 }, { resolution: 32 })).toEqual({ scored: 32, own: 64 }) // memory was short
  expect(sidesOf(small, null, null)).toBeNull() // a fresh network
})

describe('runs', () => {
  let training: Training
  beforeEach(() => {
    training = make().training
    training.put(run(1, 'running'))
  })

  test('grow by epochs, and an epoch that is made again replaces what came after it', () => {
    for (const epoch of [0, 1, 2, 3]) training.addEpoch(1, row(epoch), epoch === 2)
    expect(training.runs[0]?.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3])
    expect(training.runs[0]?.bestEpoch).toBe(2)
    training.addEpoch(1, row(2, 0.7), false)
    expect(training.runs[0]?.epochs.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [0, 1],
      [1, 0.5],
      [2, 0.7],
    ])
  })

  test('the trail of step losses runs over epochs and parts of them, and starts again after a roll-back', () => {
    training.advance(progress(20, null, { phase: 'preparing', epoch: 0, steps: 20 }))
    expect([training.share, training.trail.dots]).toEqual([0, []])
    training.advance(progress(5, 0.9))
    training.advance(progress(15, 0.8))
    expect(training.trail.dots).toEqual([
      { x: 0.5, y: 0.9 },
      { x: 1.5, y: 0.8 },
    ])
    expect(training.share).toBeCloseTo(0.15)
    training.advance(progress(10, 0.85))
    expect(training.trail.dots.map(({ x }) => x)).toEqual([0.5, 1])
    training.advance(progress(3, 0.5, { run: 2 }))
    expect(training.trail).toEqual({ run: 2, dots: [{ x: 0.3, y: 0.5 }] })
  })

  test('a run that goes on keeps its share until its steps are those of learning', () => {
    const settings = { epochs: 10 } as TrainingRun['settings']
    const paused = run(1, 'paused', { settings, epochs: [0, 1, 2, 3, 4, 5].map((epoch) => row(epoch)) })
    expect(training.shareOf(paused)).toBe(0.5)
    training.put({ ...paused, state: 'running' })
    training.advance(progress(0, null, { phase: 'preparing', epoch: 0, steps: 0 }))
    expect(training.share).toBe(0.5)
    training.advance(progress(54, 0.4, { epoch: 6 }))
    expect(training.share).toBe(0.54)
  })

  test('the trail stays short however long a run is', () => {
    for (let step = 1; step <= 5000; step++) training.advance(progress(step, 1 / step, { steps: 5000 }))
    expect(training.trail.dots.length).toBeLessThan(1300)
    expect(training.trail.dots.at(-1)).toEqual({ x: 10, y: 1 / 5000 })
  })

  test('a run that ends is not in work any more, and its comparison is shown by itself', () => {
    training.choose(1)
    training.advance(progress(5, 0.9))
    expect([training.active?.id, training.tab]).toEqual([1, 'curves'])
    training.put(run(1, 'done', { model: 'faces-1' }))
    expect(training.active).toBeNull()
    expect(training.progress).toBeNull()
    expect(training.tab).toBe('gate')
    training.showTab('settings')
    training.put(run(1, 'done', { model: 'faces-1' }))
    expect(training.tab).toBe('settings')
  })

  test('a deleted run is gone, and the form is shown in its place', () => {
    training.choose(1)
    training.remove(1)
    expect(training.runs).toEqual([])
    expect(training.chosen).toBeNull()
  })
})

describe('answers that news overtook', () => {
  test('do not bring back what a run was before', async () => {
    const { training } = make({
      'training.resume': () => {
        training.put(run(1, 'done', { model: 'faces-1' }))
        return run(1, 'running')
      },
      'training.pause': () => run(2, 'paused'),
    })
    training.put(run(1, 'paused'))
    training.put(run(2, 'running'))
    await training.resume(1)
    await training.pause(2)
    expect(training.runs.map(({ id, state }) => [id, state])).toEqual([
      [2, 'paused'],
      [1, 'done'],
    ])
  })

  test('do not lose runs that began, ended or were deleted while they were read', async () => {
    const { training } = make({
      'training.list': () => {
        training.put(run(4, 'preparing'))
        training.put(run(3, 'done', { model: 'faces-3' }))
        training.addEpoch(2, row(0), true)
        training.remove(1)
        return {
          runs: [run(3, 'running'), run(2, 'paused'), run(1, 'paused')],
          progress: progress(5, 0.9, { run: 3 }),
        }
      },
    })
    await training.read('faces')
    expect(training.runs.map(({ id, state }) => [id, state])).toEqual([
      [4, 'preparing'],
      [3, 'done'],
      [2, 'paused'],
    ])
    expect(training.progress).toBeNull()
  })
})

test('faces are looked at after some epochs only; any epoch leads to the nearest of them', () => {
  const f1 = {} as never
  const epochs = [0, 1, 2, 3, 4].map((epoch) => ({
    ...row(epoch),
    val: epoch % 2 === 0 ? { mean_f1: 0.5, f1 } : null,
  }))
  const looks = looksOf(run(1, 'running', { epochs }))
  expect(looks).toEqual([0, 2, 4])
  expect([0, 1, 2, 9, null].map((epoch) => nearestLook(looks, epoch))).toEqual([0, 2, 2, 4, 4])
  expect(looksOf(run(1, 'running', { epochs: epochs.map((each) => ({ ...each, val: null })) }))).toHaveLength(
    5,
  )
  expect(nearestLook([], 3)).toBeNull()
})

test('a run is started with what the form says, under a name that is free', async () => {
  const runs = [run(2, 'done', { name: 'night 3' })]
  const modelNames: string[] = []
  const answers: Answers = {
    'training.list': () => ({ runs, progress: null }),
    'training.start': ({ name }) => run(3, 'preparing', { name: String(name) }),
  }
  const { training, asked } = make(answers, modelNames)
  await training.read('night')
  expect(training.proposedName).toBe('night 2')
  training.put(run(4, 'done', { name: 'night 2' }))
  expect(training.proposedName).toBe('night 4')
  modelNames.push('night 4')
  expect(training.proposedName).toBe('night 5')
  modelNames.pop()
  training.form.images = 'shown'
  training.form.set('epochs', 4)
  training.form.replay = ' /photos '
  await training.start([7, 8])
  expect(asked.at(-1)).toEqual({
    method: 'training.start',
    request: { model: null, images: [7, 8], options: { epochs: 4 }, replay: '/photos', name: 'night 4' },
  })
  expect(training.run?.name).toBe('night 4')
})

test('a name that a run or a model has is refused before anything is asked', async () => {
  const { training } = make(
    { 'training.survey': () => ({ images: { train: 3, val: 1, golden: 0 }, notes: [] }) },
    ['밤'],
  )
  await training.form.ask([])
  training.put(run(1, 'done', { name: 'night' }))
  expect(training.canStart).toBe(true)
  for (const taken of ['night', ' night ', '밤'.normalize('NFD')]) {
    training.form.name = taken
    expect([training.isNameTaken, training.canStart]).toEqual([true, false])
  }
  training.form.name = 'nights'
  expect(training.canStart).toBe(true)
})

test('a model that something names and the list lacks was just made, or is gone', async () => {
  const list: unknown[] = []
  const { backend } = answering({ 'models.list': () => ({ models: [...list] }) })
  const models = new Models(backend)
  list.push({ id: 'made', name: 'made' })
  await models.seek('made')
  expect([models.find('made')?.name, models.gone]).toEqual(['made', []])
  await models.seek('deleted')
  expect(models.gone).toEqual(['deleted'])
})

test('models of one name are told apart by their ids', async () => {
  const { backend } = answering({
    'models.list': () => ({
      models: [
        { id: 'own', name: 'own' },
        { id: 'own-2', name: 'own' },
        { id: 'night', name: 'Night' },
      ],
    }),
  })
  const models = new Models(backend)
  await models.read()
  expect(['own', 'own-2', 'night', 'gone'].map((id) => models.nameOf(id))).toEqual([
    'own (own)',
    'own (own-2)',
    'Night',
    'gone',
  ])
})

describe('the form', () => {
  test('the answer to the last question wins, a refusal is told', async () => {
    const waiting: ((fail: boolean) => void)[] = []
    const { training } = make({
      'training.survey': ({ images }) =>
        new Promise((resolve, reject) =>
          waiting.push((fail) =>
            fail
              ? reject(new FacetError('usage', 'Nothing is corrected.'))
              : resolve({ images: { train: 3, val: 1, golden: 0 }, notes: [String(images)] }),
          ),
        ),
    })
    const { form } = training
    const first = form.ask([])
    form.images = 'accepted'
    const second = form.ask([])
    waiting[1]?.(false)
    waiting[0]?.(false)
    await Promise.all([first, second])
    expect(form.survey?.notes).toEqual(['accepted'])
    expect(form.ready).toBe(true)
    const third = form.ask([])
    waiting[2]?.(true)
    await third
    expect([form.problem, form.ready]).toEqual(['Nothing is corrected.', false])
    expect(form.survey).toBeNull() // its numbers were of what was asked before
  })

  test('nothing in the list is nothing to ask about', async () => {
    const waiting: (() => void)[] = []
    const { training, asked } = make({
      'training.survey': () =>
        new Promise((resolve) =>
          waiting.push(() => resolve({ images: { train: 3, val: 1, golden: 0 }, notes: [] })),
        ),
    })
    const { form } = training
    const before = form.ask([])
    form.images = 'shown'
    await form.ask([])
    waiting[0]?.()
    await before
    expect([form.isEmpty, form.survey, form.problem, form.ready, form.asking]).toEqual([
      true,
      null,
      null,
      false,
      false,
    ])
    expect(asked).toHaveLength(1)
    const after = form.ask([7])
    waiting[1]?.()
    await after
    expect([form.isEmpty, form.ready]).toEqual([false, true])
  })

  test('a text that is not acceptable holds the start up until it is', async () => {
    const { training } = make({
      'training.survey': () => ({ images: { train: 3, val: 1, golden: 0 }, notes: [] }),
    })
    const { form } = training
    await form.ask([])
    const epochs = { kind: 'number', name: 'epochs', min: 1, max: 100, whole: true, unit: 1 } as const
    form.type(epochs, '12')
    form.type(epochs, '12x')
    expect([form.ready, form.options, form.typed]).toEqual([false, { epochs: 12 }, { epochs: '12x' }])
    form.type(epochs, '')
    expect([form.ready, form.options]).toEqual([true, {}])
  })

  test('what a person chose is not told as what Facet would choose', async () => {
    const { training } = make({
      'training.survey': ({ options }) => ({
        ...{ images: { train: 3, val: 1, golden: 0 }, notes: [] },
        settings: { scope: 'full', epochs: 36, ...(options as object) },
      }),
    })
    const { form } = training
    await form.ask([])
    expect(form.chosenByFacet('scope')?.scope).toBe('full')
    form.set('scope', 'decoder')
    await form.ask([])
    expect(form.chosenByFacet('scope')).toBeNull()
    expect(form.chosenByFacet('epochs')?.epochs).toBe(36)
    form.set('scope', undefined)
    expect(form.chosenByFacet('scope')).toBeNull() // the last answer still holds the person's own
    await form.ask([])
    expect(form.chosenByFacet('scope')?.scope).toBe('full')
  })

  test('another workspace begins with nothing set', () => {
    const { training } = make()
    const { form } = training
    form.set('epochs', 4)
    form.type({ kind: 'list', name: 'lr_schedule' }, '80, x')
    form.model = 'night'
    form.replay = '/photos'
    training.clear()
    expect([form.options, form.typed, form.wrong]).toEqual([{}, {}, []])
    expect([form.model, form.replay]).toEqual([null, ''])
  })
})

test('faces: what was wanted last is fetched next, what was seen is not fetched again', async () => {
  const waiting: (() => void)[] = []
  const { backend, asked } = answering({
    'training.previews': () =>
      new Promise((resolve) => waiting.push(() => resolve({ faces: [{ image: 'a.jpg', size: 2 }] }))),
  })
  const watch = new Watch(backend)
  const scrubbing = watch.want(1, 0)
  void watch.want(1, 1)
  void watch.want(1, 2)
  waiting[0]?.()
  await expect.poll(() => waiting.length).toBe(2)
  waiting[1]?.()
  await scrubbing
  expect(asked.map(({ request }) => request)).toEqual([
    { run: 1, epoch: 0 },
    { run: 1, epoch: 2 },
  ])
  expect(watch.seen?.epoch).toBe(2)
  await watch.want(1, 0)
  expect(watch.seen?.epoch).toBe(0)
  expect(asked).toHaveLength(2)
  const late = watch.want(1, 3)
  void watch.want(1, 2) // here already, and not to be replaced by what was wanted before it
  waiting[2]?.()
  await late
  expect(watch.seen?.epoch).toBe(2)
})

test('faces that were asked for before it began anew are not shown as those of the same number', async () => {
  const waiting: (() => void)[] = []
  const { backend } = answering({
    'training.previews': () => {
      const image = waiting.length === 0 ? 'of the folder before.jpg' : 'a.jpg'
      return new Promise((resolve) => waiting.push(() => resolve({ faces: [{ image, size: 2 }] })))
    },
  })
  const watch = new Watch(backend)
  const asking = watch.want(1, 0)
  watch.reset()
  void watch.want(1, 0)
  waiting[0]?.()
  await expect.poll(() => waiting.length).toBe(2)
  expect(watch.seen).toBeNull()
  waiting[1]?.()
  await asking
  expect(watch.seen?.faces.map(({ image }) => image)).toEqual(['a.jpg'])
})

test('a face keeps its photo and its masks from epoch to epoch', async () => {
  const { backend } = answering({
    'training.previews': ({ epoch }) => ({
      faces: (epoch === 2 ? [] : ['a.jpg', 'b.jpg']).map((image) => ({
        image,
        id: null,
        size: 2,
        labels: new Uint8Array(4).fill(Number(epoch)),
        truth: new Uint8Array(4),
        jpeg: new Uint8Array(9),
      })),
    }),
  })
  const watch = new Watch(backend)
  await watch.want(1, 0)
  const before = watch.seen?.faces[1]
  await watch.want(1, 1)
  const after = watch.seen?.faces[1]
  expect([after?.jpeg, after?.truth]).toEqual([before?.jpeg, before?.truth])
  expect(after?.jpeg).toBe(before?.jpeg)
  expect(after?.labels).toEqual(new Uint8Array(4).fill(1))
  await watch.want(1, 2) // nobody looked then
  expect(watch.seen?.epoch).toBe(1)
})

describe('the gate', () => {
  const pair = { baseline: 'old', candidate: 'new', run: 1 }
  const comparison = { images: { val: 0, golden: 0 }, sets: [], worse: [], tolerance: 0.01, notes: [] }

  test('compares a pair once, and another pair instead', async () => {
    const { training, asked } = make({
      'models.compare': ({ candidate }) => ({ ...comparison, candidate }),
    })
    const { gate } = training
    await gate.compare(pair)
    await gate.compare({ ...pair })
    expect(asked).toHaveLength(1)
    await gate.compare({ ...pair, candidate: 'newer' })
    expect(gate.comparison?.candidate).toBe('newer')
    expect(gate.comparing).toBe(false)
  })

  test('an answer to what is not asked any more is not shown', async () => {
    const waiting: (() => void)[] = []
    const { training, asked } = make({
      'models.compare': ({ candidate }) =>
        new Promise((resolve) => waiting.push(() => resolve({ ...comparison, candidate }))),
      'jobs.cancel': () => ({ cancelled: true }),
    })
    const { gate } = training
    const first = gate.compare(pair)
    const second = gate.compare({ ...pair, candidate: 'newer' })
    expect(asked.map(({ method }) => method)).toEqual(['models.compare', 'jobs.cancel', 'models.compare'])
    waiting[1]?.()
    waiting[0]?.()
    await Promise.all([first, second])
    expect(gate.comparison?.candidate).toBe('newer')
  })

  test('taking some parts makes a third model and promotes that', async () => {
    const { training, asked } = make({
      'models.compare': () => comparison,
      'models.mix': () => ({ id: 'mixed' }),
      'models.promote': ({ model }) => ({ model: { id: model } }),
    })
    const { gate } = training
    await gate.compare(pair)
    gate.choose()
    gate.toggle('hair')
    gate.toggle('nose')
    gate.toggle('nose')
    expect(await gate.promote(pair, 'night 1 (1 part)')).toEqual({ id: 'mixed' })
    expect(asked.slice(1)).toEqual([
      {
        method: 'models.mix',
        request: { base: 'old', other: 'new', parts: ['hair'], name: 'night 1 (1 part)' },
      },
      { method: 'models.promote', request: { model: 'mixed' } },
    ])
  })
})
