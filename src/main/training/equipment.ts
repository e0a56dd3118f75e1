/** @file What a run works with from its first step to its last: faces, the weights that it begins with, and graphs. */
import { join } from 'node:path'
import { invariant } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import type { TrainSettings } from '../../shared/training'
import { spread } from '../base/spread'
import { toFloat32, type Tensor } from '../base/tensor'
import type { StateDict } from '../segface/weights'
import { adaptedNorms } from './adapt_norms'
import type { Face } from './augment'
import { Batches } from './batches'
import { Evaluator } from './evaluate'
import { Faces, partsIn } from './faces'
import { labelsOf, Looks, type Look } from './looks'
import type { Talk } from './news'
import { TAPS_FOLDER, type Plan } from './plan'
import { preserveOf, resumedState, scheduleFor } from './resume'
import { repeatFactors, type Schedule } from './schedule'
import type { RunState } from './state'
import { buildStep, isLearned, type StepOptions } from './step_graph'
import { createStepper, type Stepper } from './stepper'
import { TapCache } from './taps'

/** Norms are adapted to at most so many faces. */
const MAX_ADAPTED_TO = 64

export interface Setting {
  readonly folder: string
  readonly plan: Plan
  /** The weights that the plan names. */
  readonly base: StateDict
  readonly options: StepOptions
  readonly talk: Talk
}

export interface Equipment {
  /** The weights before the first step: the base model's, with its norms adapted. */
  readonly stateDict: StateDict
  /** What differs in them from the base model's; of a fresh network all that is not learned, which nobody else has. */
  readonly adapted: ReadonlyMap<string, Tensor>
  readonly schedule: Schedule
  readonly batches: Batches
  readonly looks: Looks
  /** A look through the base model as it came, its norms not adapted; otherwise as `looks.look`. */
  lookAtBase(progress: () => void): Promise<Look>
  readonly stepper: Stepper
  /** Where an earlier process left the run; null where none did. */
  readonly resumed: RunState | null
  release(): Promise<void>
}

/** Throws for a photo or a checkpoint that cannot be read, and for faces that hold nothing to learn from. */
export async function equip(setting: Setting): Promise<Equipment> {
  const { folder, plan, options } = setting
  const { provider, previews } = plan
  const faces = new Faces(folder, plan, options.resolution)
  const settings: TrainSettings = { ...plan.settings, preserve: preserveOf(plan, options.batch) }
  const train = faces.of('train')
  const schedule = scheduleFor(plan, options.batch)
  const tell = (): void => tellPreparing(setting, schedule)
  tell()
  const factors = await factorsOf(faces, train, settings.repeat_rare)
  tell()
  const resumed = await resumedState(folder, plan, options.batch)
  const adapted = resumed?.moved ?? (await adaptedOf(setting, faces))
  await answerReplays(setting, faces, tell)
  const stateDict: StateDict = new Map([...setting.base, ...adapted])
  tell()
  const held: Releasable[] = []
  const hold = <T extends Releasable>(one: T): T => {
    held.unshift(one)
    return one
  }
  const release = async (): Promise<void> => {
    for (const one of held.splice(0)) await one.release()
  }
  try {
    const taps =
      settings.scope === 'decoder'
        ? hold(await TapCache.create(join(folder, TAPS_FOLDER), stateDict, options.resolution, provider))
        : null
    const evaluator = hold(await Evaluator.create(stateDict, options, provider))
    await evaluator.use((name) => floatsOf(stateDict, name))
    tell()
    const stepper = hold(await createStepper(buildStep(stateDict, options), stateDict, provider))
    if (resumed) await stepper.write(resumed.learned)
    const looks = new Looks(evaluator, faces, taps, previews)
    return {
      ...{ stateDict, adapted, schedule, looks, stepper, resumed },
      batches: new Batches(faces, taps, { settings, batch: options.batch, schedule, factors }),
      lookAtBase: (progress) =>
        taps !== null && options.batchNorm === 'running' && adapted.size > 0
          ? // The taps that are kept come from the adapted backbone.
            withWholeBase(setting, (whole) =>
              new Looks(whole, faces, null, previews).look((name) => floatsOf(setting.base, name), progress),
            )
          : looks.look((name) => floatsOf(setting.base, name), progress),
      release,
    }
  } catch (error) {
    // The process lives on, and may be asked to go on with another provider.
    await release()
    throw error
  }
}

interface Releasable {
  release(): Promise<void>
}

function tellPreparing({ plan: { provider, settings }, talk }: Setting, { steps }: Schedule): void {
  const progress = { phase: 'preparing', epoch: 0, step: 0, loss: null, secondsLeft: null } as const
  talk.tell({ kind: 'progress', progress: { ...progress, provider, epochs: settings.epochs, steps } })
}

/**
 * How often each of the faces comes up: once, or more where rare parts are to be repeated. Throws `dataset/malformed` where
 * none has a part that counts.
 */
async function factorsOf(faces: Faces, indices: readonly number[], repeatRare: boolean): Promise<number[]> {
  const parts: number[] = []
  for (const index of indices) {
    parts.push(partsIn(await faces.readLabels(index)))
    if (!repeatRare && parts.at(-1) !== 0) return indices.map(() => 1)
  }
  if (parts.some((bits) => bits !== 0)) return repeatFactors(parts)
  throw new FacetError(
    'dataset/malformed',
    'There is nothing to learn from: no training face has a part that counts. Correct or accept some faces first.',
  )
}

/** What a new run begins with in place of the base model's tensors. */
async function adaptedOf(
  { plan: { settings, provider }, base, options }: Setting,
  faces: Faces,
): Promise<Map<string, Tensor>> {
  if (options.batchNorm === 'batch')
    return new Map([...base].filter(([name]) => !isLearned(name, settings.scope)))
  const own = plainFaces(faces, spread(faces.of('train'), MAX_ADAPTED_TO))
  return adaptedNorms(base, own, { ...options, share: settings.adapt_norms }, provider)
}

/** Gives the replays that have no labels the answers of the base model as it came. */
async function answerReplays(setting: Setting, faces: Faces, progress: () => void): Promise<void> {
  const { plan, base } = setting
  const asking = faces.of('replay').filter((index) => plan.samples[index]?.labels === null)
  if (asking.length === 0) return
  await withWholeBase(setting, async (evaluator) => {
    await evaluator.use((name) => floatsOf(base, name))
    for (const index of asking) {
      faces.answer(index, await labelsOf(evaluator, await faces.read(index)))
      progress()
    }
  })
}

/** Hands `use` an evaluator of the base model from pictures on, whatever the scope; it is released afterwards. */
async function withWholeBase<T>(
  { plan, base, options }: Setting,
  use: (evaluator: Evaluator) => Promise<T>,
): Promise<T> {
  const evaluator = await Evaluator.create(base, { ...options, scope: 'full' }, plan.provider)
  try {
    return await use(evaluator)
  } finally {
    await evaluator.release()
  }
}

/** Faces as they are, one after the other. */
async function* plainFaces(faces: Faces, indices: readonly number[]): AsyncIterable<Face> {
  for (const index of indices) yield faces.read(index)
}

/** The numbers of a tensor that there is, in single precision. */
export function floatsOf(tensors: Pick<StateDict, 'get'>, name: string): Float32Array {
  const found = tensors.get(name)
  invariant(found !== undefined, `the network has no tensor ${name}`)
  return toFloat32(found)
}
