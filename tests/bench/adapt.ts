/**
 * @file Fine-tuning the shipped model to the night faces beside the repository, at several numbers of faces: PyTorch's plain
 * recipe (../shared/reference/adaptation.json) in both scopes, then Facet's own. Prints test mean F1 by night and by day, F1 of
 * each part, and seconds. `npm run bench -- adapt [kinds] [sizes] [options as JSON] [test|val] [provider]`; kinds as KINDS has them.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { CLASS_NAMES } from '../../src/shared/labels'
import { PROVIDERS, type Provider } from '../../src/shared/terms'
import {
  TRAIN_OPTIONS,
  type Scope,
  type TrainSettings,
  type ValidationScores,
} from '../../src/shared/training'
import { tensor, type Tensor } from '../../src/main/base/tensor'
import { readTensors } from '../../src/main/checkpoint/overlay'
import { groundTruth, treeSamples, type Sample } from '../../src/main/dataset/samples'
import { encodeLabelPng } from '../../src/main/imaging/mask'
import { applyChange, UNCHANGED, type Face } from '../../src/main/training/augment'
import { Evaluator, scorePairs } from '../../src/main/training/evaluate'
import { Faces } from '../../src/main/training/faces'
import { pictureFeeds, tapFeeds } from '../../src/main/training/feeds'
import { BEST_FILE, PLAN_FILE, type Plan, type PlanSample } from '../../src/main/training/plan'
import { randomOf } from '../../src/main/training/random'
import { chooseSettings } from '../../src/main/training/recipe'
import { train } from '../../src/main/training/run'
import { meanDecayAt } from '../../src/main/training/schedule'
import { buildStep, type StepOptions } from '../../src/main/training/step_graph'
import { createStepper } from '../../src/main/training/stepper'
import { TapCache } from '../../src/main/training/taps'
import { SHARED } from '../helpers/shared'
import { printTable } from './report'

const SIDE = 256
const BATCH = 4
const WEIGHTS = join(SHARED, 'models', 'segface_mobilenet.pt')
const NIGHT = join(SHARED, 'faces', 'night', 'CelebAMask-HQ')
const DAY = join(SHARED, 'faces', 'CelebAMask-HQ')

type Weights = ReadonlyMap<string, Tensor>
/** A replay needs no masks. */
type Learnable = Sample | Pick<Sample, 'name' | 'image'>

/** A plan's folder with the label maps of `samples`; its faces are read by `Faces`. */
async function writePlan(
  folder: string,
  settings: TrainSettings,
  samples: readonly (readonly [Learnable, PlanSample['use']])[],
  provider: Provider,
  weights: string[] = [WEIGHTS],
): Promise<Plan> {
  await mkdir(join(folder, 'labels'), { recursive: true })
  const listed: PlanSample[] = []
  for (const [n, [sample, use]] of samples.entries()) {
    const labels = use === 'replay' ? null : `labels/${n}.png`
    if (labels !== null && 'read' in sample) {
      const { map } = await sample.read()
      if (map === null) continue
      const truth = groundTruth(map, sample, 'segface')
      await writeFile(join(folder, labels), await encodeLabelPng(truth.labels, truth.width, truth.height))
    }
    listed.push({ name: sample.name, id: null, picture: sample.image, labels, use })
  }
  const plan: Plan = {
    format: 1,
    arch: 'mobilenet',
    weights,
    provider,
    settings,
    samples: listed,
    previews: [],
  }
  await writeFile(join(folder, PLAN_FILE), JSON.stringify(plan))
  return plan
}

async function score(weights: Weights, faces: Faces, provider: Provider): Promise<ValidationScores> {
  const evaluator = await Evaluator.create(
    weights,
    { arch: 'mobilenet', scope: 'full', resolution: SIDE },
    provider,
  )
  await evaluator.use((name) => weights.get(name)?.data as Float32Array)
  const pairs: (readonly [Face, Uint8Array])[] = []
  for (const index of faces.of('val')) {
    const face = await faces.read(index)
    pairs.push([face, await evaluator.labels({ image: pictureFeeds([face]).image as never })])
  }
  await evaluator.release()
  return scorePairs(pairs) as ValidationScores
}

/** Of the plans that only name faces. */
const DEFAULTS: TrainSettings = {
  scope: 'full', epochs: 1, lr: 3e-4, lr_schedule: null, lr_schedule_gamma: 0.1, weight_decay: 1e-5, train_bs: BATCH,
  input_resolution: SIDE, seed: 0, flip: true, rotation: 0, scale: 0, colour: 0, early_stopping: 0, ema: 0.98,
  dice_present: true, repeat_rare: false, preserve: 'none', adapt_norms: 0, time_limit: null,
} // prettier-ignore

/** PyTorch's recipe, as adaptation.json tells it. */
async function plainRecipe(
  base: Weights,
  faces: Faces,
  scope: Scope,
  folder: string,
  provider: Provider,
): Promise<{ weights: Weights; seconds: number }> {
  const indices = faces.of('train')
  const steps = Math.min(400, Math.max(150, 10 * indices.length))
  const lr = scope === 'decoder' ? 1e-3 : 3e-4
  const options: StepOptions = {
    arch: 'mobilenet',
    scope,
    resolution: SIDE,
    batch: BATCH,
    batchNorm: 'running',
    dicePresent: false,
  }
  const stepper = await createStepper(buildStep(base, options), base, provider)
  const taps = scope === 'decoder' ? await TapCache.create(join(folder, 'taps'), base, SIDE, provider) : null
  const random = randomOf(0)
  const begun = performance.now()
  for (let step = 1; step <= steps; step++) {
    const batch: Face[] = []
    const cached = []
    for (let n = 0; n < BATCH; n++) {
      const [index, mirrored] = [indices[random.below(indices.length)] as number, random.uniform() < 0.5]
      const face = applyChange(await faces.read(index), { ...UNCHANGED, mirrored })
      batch.push(face)
      if (taps) cached.push(await taps.read(`${index}-${mirrored}`, face))
    }
    const done = step - 1
    const rate =
      done < 20 ? (lr * (done + 1)) / 20 : (lr / 2) * (1 + Math.cos((Math.PI * (done - 20)) / (steps - 20)))
    const feeds = taps ? tapFeeds(cached, batch) : pictureFeeds(batch)
    await stepper.step(feeds, step, { lr: rate, weightDecay: 1e-5, decay: meanDecayAt(step, 0.98) })
  }
  const seconds = (performance.now() - begun) / 1000
  const weights = new Map(base)
  for (const [name, { mean }] of await stepper.read())
    weights.set(name, tensor('float32', stepper.shapes.get(name) ?? [], mean.slice()))
  await stepper.release()
  await taps?.release()
  return { weights, seconds }
}

/** What may be run, by name: PyTorch's recipe in a scope, Facet's defaults, those with replays of the day, a fresh network. */
const KINDS = ['decoder', 'full', 'facet', 'replay', 'scratch'] as const

/** What Facet replays where nobody names a folder: the portraits that come along. */
const PORTRAITS = ['astronaut.jpg', 'grace_hopper.jpg'].map((name) => ({
  name,
  image: resolve('resources', 'sample', 'aligned', name),
}))
/** Faces of the day that are replayed, the last ones, which are not by night among the first; and seconds that a fresh network may learn. */
const REPLAYS = 40
const SCRATCH_SECONDS = 300

export async function run(): Promise<void> {
  const [kindsText = KINDS.join(), sizesText = '5,10,20,40,80,240', overrides = '{}', set = 'test', on = 'cpu'] = process.argv.slice(3) // prettier-ignore
  const provider = z.enum(PROVIDERS).exclude(['auto']).parse(on)
  const kinds = KINDS.filter((kind) => kindsText.split(',').includes(kind))
  const root = await mkdtemp(join(tmpdir(), 'facet-adapt-'))
  const night = (await treeSamples(NIGHT)).samples
  const day = (await treeSamples(DAY)).samples
  const only = (samples: readonly Sample[], split: string) =>
    samples.filter((sample) => sample.split === split)
  const as = (samples: readonly Learnable[], use: PlanSample['use']) =>
    samples.map((sample) => [sample, use] as const)
  const testOf = async (samples: readonly Sample[], name: string) => {
    const folder = join(root, name)
    return new Faces(folder, await writePlan(folder, DEFAULTS, as(only(samples, set), 'val'), provider), SIDE)
  }
  const [byNight, byDay] = [await testOf(night, 'night'), await testOf(day, 'day')]
  const base = await readTensors([WEIGHTS])
  const rows = [['faces', 'recipe', 'steps', 'seconds', 'night', 'day', ...CLASS_NAMES.slice(1)]]
  const add = async (label: readonly string[], weights: Weights): Promise<void> => {
    const [n, d] = [await score(weights, byNight, provider), await score(weights, byDay, provider)]
    const parts = CLASS_NAMES.slice(1).map((part) => (n.f1[part] ?? NaN).toFixed(3))
    rows.push([...label, n.mean_f1.toFixed(4), d.mean_f1.toFixed(4), ...parts])
    console.log(rows.at(-1)?.join(' '))
  }
  await add(['0', 'base', '0', '0'], base)
  for (const size of sizesText.split(',').map(Number)) {
    const samples = only(night, 'train').slice(0, size)
    for (const kind of kinds) {
      const folder = join(root, `${kind}-${size}`)
      if (kind === 'scratch') continue
      if (kind === 'decoder' || kind === 'full') {
        const plan = await writePlan(folder, DEFAULTS, as(samples, 'train'), provider)
        const { weights, seconds } = await plainRecipe(
          base,
          new Faces(folder, plan, SIDE),
          kind,
          folder,
          provider,
        )
        const steps = Math.min(400, Math.max(150, 10 * size))
        await add([String(size), `PyTorch's, ${kind}`, String(steps), seconds.toFixed(0)], weights)
        continue
      }
      const replays = kind === 'replay' ? only(day, 'train').slice(-REPLAYS) : PORTRAITS
      const { settings } = chooseSettings(TRAIN_OPTIONS.parse(JSON.parse(overrides)), {
        train: size,
        val: 0,
        others: replays.length,
        resolution: SIDE,
        pace: () => null,
      })
      await writePlan(folder, settings, [...as(samples, 'train'), ...as(replays, 'replay')], provider)
      const { best, steps, seconds } = await learn(folder)
      await add(
        [String(size), kind === 'replay' ? "Facet's, replay" : "Facet's", String(steps), seconds.toFixed(0)],
        new Map([...base, ...best]),
      )
    }
  }
  if (kinds.includes('scratch')) {
    const folder = join(root, 'scratch')
    const { settings } = chooseSettings(TRAIN_OPTIONS.parse({ time_limit: SCRATCH_SECONDS, lr: 1e-3 }), {
      train: only(day, 'train').length,
      val: only(day, 'val').length,
      others: 0,
      resolution: null,
      pace: () => null,
    })
    const faces = [...as(only(day, 'train'), 'train'), ...as(only(day, 'val'), 'val')]
    await writePlan(folder, settings, faces, provider, [])
    const { best, steps, seconds } = await learn(folder)
    await add(['240', 'from scratch, by day', String(steps), seconds.toFixed(0)], best)
  }
  await rm(root, { recursive: true, force: true })
  printTable(rows)
}

/** Trains by the plan in `folder`, telling its epochs. */
async function learn(folder: string): Promise<{ best: Weights; steps: number; seconds: number }> {
  const begun = performance.now()
  const { steps } = await train(folder, {
    tell: (news) => {
      if (news.kind !== 'epoch') return
      const { epoch, loss, val } = news.row
      console.error(`epoch ${epoch}: loss ${loss?.toFixed(4) ?? '-'}, val ${val?.mean_f1.toFixed(4) ?? '-'}`)
    },
    asked: () => null,
  })
  const seconds = (performance.now() - begun) / 1000
  return { best: await readTensors([join(folder, BEST_FILE)]), steps, seconds }
}
