/** @file Whole training runs of a MobileNet on faces of 64 pixels: they learn, resume to the bit, stop when asked, and go back where a loss is no number. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { EpochRow, TrainSettings } from '../../../src/shared/training'
import { readTensors } from '../../../src/main/checkpoint/overlay'
import { initialStateDict } from '../../../src/main/segface/initial'
import { encodeLabelPng } from '../../../src/main/imaging/mask'
import { Batches } from '../../../src/main/training/batches'
import { Looks } from '../../../src/main/training/looks'
import type { Control, TrainEnd, TrainNews } from '../../../src/main/training/news'
import {
  BEST_FILE,
  CHECKPOINT_FILE,
  PLAN_FILE,
  TAPS_FOLDER,
  type Plan,
} from '../../../src/main/training/plan'
import { train } from '../../../src/main/training/run'
import { bestOfCheckpoint, bestSize } from '../../../src/main/training/state'
import { ArrayStepper } from '../../../src/main/training/stepper'
import { makeFolder } from '../../helpers/folder'
import { noise } from '../../helpers/named_tensors'
import { writeJpeg } from '../../helpers/pictures'

const SIDE = 64
const SETTINGS: TrainSettings = {
  scope: 'decoder', epochs: 4, lr: 1e-3, lr_schedule: null, lr_schedule_gamma: 0.1, weight_decay: 1e-5, train_bs: 2,
  input_resolution: SIDE, seed: 3, flip: false, rotation: 0, scale: 0, colour: 0, early_stopping: 0, ema: 0.5,
  dice_present: true, repeat_rare: true, preserve: 'none', adapt_norms: 0.75, time_limit: null,
} // prettier-ignore

/** The shipped model, in half precision as it is stored. */
const weights = resolve('resources/models/segface-mobilenet-by-facet/weights.safetensors')

/** A folder with a plan of drawn faces: a skin disc with hair above it, in colours that tell them apart. */
async function planFolder(
  settings: Partial<TrainSettings>,
  uses: readonly Plan['samples'][number]['use'][],
  change: Partial<Plan> = {},
): Promise<string> {
  const folder = await makeFolder()
  await mkdir(join(folder, 'labels'))
  const samples: Plan['samples'] = []
  for (const [n, use] of uses.entries()) {
    const [cx = 0, cy = 0] = noise(`face ${n}`, 2).map((u) => 32 + 6 * u)
    const labels = Uint8Array.from({ length: SIDE ** 2 }, (_, i) => {
      const [x, y] = [(i % SIDE) - cx, Math.floor(i / SIDE) - cy]
      return x * x + y * y > 24 ** 2 ? 0 : y < -8 ? 14 : 2
    })
    const rgb = Uint8Array.from(
      { length: 3 * SIDE ** 2 },
      (_, i) =>
        ({ 0: [30, 90, 160], 2: [220, 170, 140], 14: [70, 40, 20] })[labels[Math.floor(i / 3)] as 0 | 2 | 14][
          i % 3
        ] as number,
    )
    await writeJpeg(join(folder, `${n}.jpg`), { width: SIDE, height: SIDE, rgb }, 95)
    await writeFile(join(folder, 'labels', `${n}.png`), await encodeLabelPng(labels, SIDE, SIDE))
    samples.push({
      name: `${n}.jpg`,
      id: n + 1,
      picture: join(folder, `${n}.jpg`),
      labels: use === 'replay' ? null : `labels/${n}.png`,
      use,
    })
  }
  const plan: Plan = {
    format: 1,
    arch: 'mobilenet',
    weights: [weights],
    provider: 'cpu',
    settings: { ...SETTINGS, ...settings },
    samples,
    previews: [0],
    ...change,
  }
  await writeFile(join(folder, PLAN_FILE), JSON.stringify(plan))
  return folder
}

interface Heard {
  readonly end: TrainEnd
  readonly news: TrainNews[]
  readonly rows: EpochRow[]
}

/** Runs to the end, or until `ask` answers what is asked for, given the number of steps taken. */
async function runIn(folder: string, ask: (step: number) => Control | null = () => null): Promise<Heard> {
  const news: TrainNews[] = []
  // A run asks once before each step; its progress is told only now and then, and may lag by many short steps.
  let step = 0
  const end = await train(folder, { tell: (each) => news.push(each), asked: () => ask(step++) })
  return { end, news, rows: news.flatMap((each) => (each.kind === 'epoch' ? each.row : [])) }
}

const USES = ['train', 'train', 'train', 'train', 'val'] as const

describe.each(['decoder', 'full'] as const)('a run of scope %s', (scope) => {
  test('makes the loss fall and the scores rise', async () => {
    const folder = await planFolder({ scope, lr: scope === 'full' ? 3e-4 : 1e-3, epochs: 12 }, USES)
    const { end, rows } = await runIn(folder)
    expect(end).toMatchObject({ end: 'done', steps: 24 })
    expect(rows.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 13 }, (_, i) => i))
    const losses = rows.slice(1).map(({ loss }) => loss as number)
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number))
    const scores = rows.flatMap(({ val }) => val?.mean_f1 ?? [])
    expect(scores.at(-1)).toBeGreaterThan((scores[0] as number) + 0.1)
    expect(end.bestEpoch).toBeGreaterThan(0)
    expect((await readFile(join(folder, BEST_FILE))).length).toBeGreaterThan(1e6)
  })

  test('that is paused and resumed ends with the very weights of one that was not', async () => {
    const settings = { scope, rotation: 5, scale: 0.1, colour: 0.3, flip: true } as const
    const whole = await planFolder(settings, USES)
    const parted = await planFolder(settings, USES)
    const straight = await runIn(whole)
    const first = await runIn(parted, (step) => (step >= 3 ? 'pause' : null))
    expect(first.end.end).toBe('paused')
    expect(first.end.steps).toBe(3)
    const second = await runIn(parted)
    expect(second.end).toMatchObject({ end: 'done', steps: 8, bestEpoch: straight.end.bestEpoch })
    expect(await readFile(join(parted, BEST_FILE))).toEqual(await readFile(join(whole, BEST_FILE)))
  })
})

test.each(['decoder', 'full'] as const)(
  'scope %s: before it is what the base model scores, whatever becomes of its norms',
  async (scope) => {
    const before = async (adapt_norms: number): Promise<number> => {
      const folder = await planFolder({ scope, adapt_norms, epochs: 1, ema: 0 }, USES)
      const { rows } = await runIn(folder)
      return rows[0]?.val?.mean_f1 ?? NaN
    }
    const plain = await before(0)
    expect(plain).toBeGreaterThan(0)
    // The decoder alone has a backbone's taps in half precision.
    expect(Math.abs((await before(1)) - plain)).toBeLessThan(scope === 'full' ? 1e-12 : 5e-3)
  },
)

test('a run that is cancelled ends at once and keeps the best so far', async () => {
  const folder = await planFolder({ epochs: 100 }, USES)
  const { end, rows } = await runIn(folder, (step) => (step >= 21 ? 'cancel' : null))
  expect(end.end).toBe('cancelled')
  expect(end.steps).toBe(21)
  expect(rows.at(-1)?.epoch).toBeLessThan(100)
  expect(end.bestEpoch).not.toBeNull()
})

test('a run that is cancelled before the first look keeps the averaged weights, as its checkpoint has them', async () => {
  const [cancelled, paused] = [await planFolder({}, USES), await planFolder({}, USES)]
  const { end, rows } = await runIn(cancelled, (step) => (step >= 3 ? 'cancel' : null))
  // Two steps an epoch: it was in its second.
  expect(end).toMatchObject({ end: 'cancelled', steps: 3, bestEpoch: 1 })
  expect(rows.map(({ val }) => val !== null)).toEqual([true, false])
  const kept = await readTensors([join(cancelled, BEST_FILE)])
  expect(await bestSize(cancelled)).toEqual({ batch: 2, resolution: SIDE })

  await runIn(paused, (step) => (step >= 3 ? 'pause' : null))
  expect(existsSync(join(paused, BEST_FILE))).toBe(false)
  expect(await bestOfCheckpoint(paused)).toBe(1)
  expect(await bestSize(paused)).toEqual({ batch: 2, resolution: SIDE })
  const copied = await readTensors([join(paused, BEST_FILE)])
  expect([...copied.keys()].sort()).toEqual([...kept.keys()].sort())
  for (const [name, { data }] of copied) expect(data, name).toEqual(kept.get(name)?.data)
})

test('a run that is cancelled before its first step has nothing to keep', async () => {
  const folder = await planFolder({}, USES)
  expect((await runIn(folder, () => 'cancel')).end).toMatchObject({ steps: 0, bestEpoch: null })
  expect(existsSync(join(folder, BEST_FILE))).toBe(false)
})

test('the first epoch is written down at its end, long before the first look', async () => {
  const folder = await planFolder({}, USES)
  const written: boolean[] = []
  await runIn(folder, (step) => {
    written.push(existsSync(join(folder, CHECKPOINT_FILE)))
    return step >= 2 ? 'cancel' : null
  })
  expect(written).toEqual([false, false, true])
})

test('a time limit counts the making of batches', async () => {
  const original = Object.getOwnPropertyDescriptor(Batches.prototype, 'of')?.value as Batches['of']
  const slow = vi.spyOn(Batches.prototype, 'of').mockImplementation(async function (this: Batches, step) {
    await sleep(1500)
    return original.call(this, step)
  })
  onTestFinished(() => slow.mockRestore())
  const { end } = await runIn(await planFolder({ epochs: 50, time_limit: 3 }, USES))
  expect(end.end).toBe('done')
  expect(end.steps).toBeLessThanOrEqual(2)
})

describe('where memory changes in between', () => {
  const memory = (bytes: number): void => {
    const spy = vi.spyOn(process, 'availableMemory').mockReturnValue(bytes)
    onTestFinished(() => spy.mockRestore())
  }
  const notesOf = ({ news }: Heard): string[] =>
    news.flatMap((each) => (each.kind === 'note' ? each.message : []))

  test('a run that began with little of it keeps its small steps', async () => {
    const folder = await planFolder({ input_resolution: 96 }, USES)
    memory(1)
    const first = await runIn(folder, (step) => (step >= 6 ? 'pause' : null))
    expect(notesOf(first)).toEqual([expect.stringMatching(/2 faces of 96 pixels.*learns from 1 of 64/)])
    expect(
      first.news.flatMap((each) => (each.kind === 'epoch' ? each.previews : []))[0]?.labels,
    ).toHaveLength(64 ** 2)
    memory(1e12)
    const second = await runIn(folder)
    // Four faces are four steps an epoch.
    expect(second.end).toMatchObject({ end: 'done', steps: 16 })
    expect(second.rows.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4])
    expect(notesOf(second)).toEqual([])
    expect(await bestSize(folder)).toEqual({ batch: 1, resolution: 64 })
  })

  test('a run that began with much of it goes on in the same epoch by smaller steps', async () => {
    const folder = await planFolder({}, USES)
    memory(1e12)
    // In the middle of the third epoch.
    const first = await runIn(folder, (step) => (step >= 5 ? 'pause' : null))
    expect(first.end.steps).toBe(5)
    memory(1)
    let steps = 0
    const second = await runIn(folder, () => (steps++, null))
    expect(second.end).toMatchObject({ end: 'done', steps: 16 })
    expect(second.rows.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4])
    expect(steps).toBe(16 - 10)
    expect(notesOf(second)).toEqual([expect.stringMatching(/2 faces of 64 pixels.*learns from 1 of 64/)])
  })
})

test('replays learn the answers of the base model', async () => {
  const folder = await planFolder({ preserve: 'replay', epochs: 2 }, [
    'train',
    'train',
    'replay',
    'replay',
    'val',
  ])
  const { end } = await runIn(folder)
  // One new face beside each replay.
  expect(end).toMatchObject({ end: 'done', steps: 4 })
})

test('a fresh network learns with the statistics of its batches, which move', async () => {
  const folder = await planFolder({ scope: 'full', epochs: 4, lr: 1e-3 }, USES, { weights: [] })
  const { end, rows } = await runIn(folder)
  expect(end.end).toBe('done')
  expect(rows.at(-1)?.loss).toBeLessThan(rows[1]?.loss as number)
  // Nobody else has its buffers: the best weights are a whole network.
  const best = await readTensors([join(folder, BEST_FILE)])
  expect([...best.keys()].sort()).toEqual([...initialStateDict('mobilenet', () => 0.5).keys()].sort())
  const counter = best.get('backbone.0.1.num_batches_tracked')
  expect(Number(counter?.data[0])).toBeGreaterThan(0)
})

test('a loss that is no number goes back and learns slower, and gives up in the end', async () => {
  const folder = await planFolder({ lr: 1, epochs: 10 }, USES)
  const news: TrainNews[] = []
  const ended = await train(folder, { tell: (each) => news.push(each), asked: () => null }).then(
    ({ end }) => end,
    (error: unknown) => String(error),
  )
  const sentences = news.flatMap((each) => (each.kind === 'note' ? each.message : []))
  // A rate of 1 may do anything; where it made the loss no number, that was told, and the weights stayed numbers.
  if (ended !== 'done') expect(ended).toMatch(/not a number/)
  for (const sentence of sentences) expect(sentence).toMatch(/not a number/)
})

test('weights that are no numbers behind a loss that is one get into no checkpoint', async () => {
  const folder = await planFolder({ epochs: 3 }, USES)
  let updates = 0
  const original = Object.getOwnPropertyDescriptor(ArrayStepper.prototype, 'update')
    ?.value as ArrayStepper['update']
  const broken = vi.spyOn(ArrayStepper.prototype, 'update').mockImplementation(function (
    this: ArrayStepper,
    gradients,
    step,
    settings,
  ) {
    // The last step of the first epoch: its checkpoint is written right after.
    const isBad = ++updates === 2
    const spoiled = Array.from(gradients, ([name, each]) => [name, isBad ? each.fill(NaN) : each] as const)
    original.call(this, new Map(spoiled), step, settings)
  })
  onTestFinished(() => broken.mockRestore())
  const { end, news } = await runIn(folder)
  expect(end).toMatchObject({ end: 'done', steps: 6 })
  expect(news.filter(({ kind }) => kind === 'note')).toHaveLength(1)
  for (const [name, { data }] of await readTensors([join(folder, BEST_FILE)]))
    expect(data.every(Number.isFinite), name).toBe(true)
})

test('a photo that was replaced while the run was paused is not taught the labels of the old one', async () => {
  const folder = await planFolder({}, USES)
  const file = join(folder, PLAN_FILE)
  const plan = JSON.parse(await readFile(file, 'utf8')) as Plan
  const hash = async (picture: string) =>
    createHash('sha256')
      .update(await readFile(picture))
      .digest('hex')
  const samples = await Promise.all(
    plan.samples.map(async (one) => ({ ...one, sha256: await hash(one.picture) })),
  )
  await writeFile(file, JSON.stringify({ ...plan, samples }))
  expect((await runIn(folder, (step) => (step >= 2 ? 'pause' : null))).end.end).toBe('paused')
  await copyFile(join(folder, '1.jpg'), join(folder, '0.jpg'))
  await expect(runIn(folder)).rejects.toThrow(/0\.jpg is another picture than when this training began/)
})

test('the time left is that of the steps and looks to come, whatever the first look took', async () => {
  let seconds = 0
  const { of } = Batches.prototype
  const { look } = Looks.prototype
  const spies = [
    vi.spyOn(performance, 'now').mockImplementation(() => 1000 * seconds),
    vi.spyOn(Batches.prototype, 'of').mockImplementation(function (this: Batches, step) {
      seconds += 1
      return of.call(this, step)
    }),
    vi.spyOn(Looks.prototype, 'look').mockImplementation(function (this: Looks, ...how) {
      seconds += 100
      return look.apply(this, how)
    }),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  // Two steps an epoch, and a look after every tenth.
  const { news } = await runIn(await planFolder({ epochs: 20 }, USES), (step) =>
    step >= 22 ? 'cancel' : null,
  )
  const left = news.flatMap((each) =>
    each.kind === 'progress' && each.progress.phase === 'training'
      ? [[each.progress.step, each.progress.secondsLeft]]
      : [],
  )
  expect(left[0]).toEqual([1, 39 + 200])
  expect(left).toContainEqual([21, 19 + 100])
})

test('faces without a part that counts are refused in a sentence', async () => {
  const folder = await planFolder({}, ['val'])
  await expect(runIn(folder)).rejects.toThrow(/nothing to learn from/)
})

test('a checkpoint from a run that was killed while it wrote is the one before', async () => {
  const folder = await planFolder({ epochs: 4 }, USES)
  await runIn(folder, (step) => (step >= 3 ? 'pause' : null))
  const whole = await readFile(join(folder, CHECKPOINT_FILE))
  await writeFile(join(folder, `.${CHECKPOINT_FILE}.abc.tmp`), whole.subarray(0, 1000))
  const { end } = await runIn(folder)
  expect(end.end).toBe('done')
})

test('taps that were deleted are made again', async () => {
  const folder = await planFolder({ epochs: 3 }, USES)
  const first = await runIn(folder, (step) => (step >= 2 ? 'pause' : null))
  expect(first.end.end).toBe('paused')
  await rm(join(folder, TAPS_FOLDER), { recursive: true })
  expect((await runIn(folder)).end.end).toBe('done')
})
