/**
 * @file How Facet trains where nobody says otherwise: one table of numbers with their reasons, and the choices made from
 * it for the images at hand, each told in a sentence. They start from a plain recipe for adapting to a new kind of photo
 * (PyTorch's in ../shared/reference/adaptation.json) and were changed where that did better on its validation faces
 * (`npm run bench -- adapt`).
 */
import {
  TRAIN_OPTIONS,
  type Preserve,
  type Scope,
  type TrainOptions,
  type TrainSettings,
} from '../../shared/training'
import { noteOf } from '../../shared/notes'
import { looksAfter, scheduleOf } from './schedule'

export const RECIPE = {
  /**
   * A new kind of photo needs the whole network: 20 faces take scope full further than 240 take the decoder. The decoder
   * alone is for those who cannot wait.
   */
  scope: 'full',
  /** Of each scope; three times the plain recipe's for the whole network, whose steps would not suffice otherwise. */
  lr: { decoder: 1e-3, full: 1e-3 },
  /** A fresh network starts at SegFace's own rate. */
  freshLr: 1e-4,
  train_bs: 4,
  /**
   * Steps grow with the images. The least are what two cores take for 20 faces in three minutes. The most take them twenty
   * minutes: 240 night faces on validation 0.637, with 640 steps 0.605 and with 2400 no more (0.628).
   */
  stepsPerImage: 10,
  minSteps: 220,
  maxSteps: 1600,
  /** Passes of a fresh network, whose end is a time limit or a person's patience. */
  freshEpochs: 300,
  /** SegFace trains at 512; a fresh network on one computer learns four times as fast at half of it. */
  freshResolution: 256,
  /** Standard deviations, degrees and of the logarithm: somewhat more than aligned faces differ, since few are to stand for many. */
  rotation: 8,
  scale: 0.1,
  colour: 0.5,
  /** Most of the way to the new photos: a few faces measure them roughly. Alone, without a step, it doubles the night's mean F1. */
  adapt_norms: 0.75,
  /** Averages over the last 50 steps. */
  ema: 0.98,
  /** Below so many validation faces their mean F1 is too noisy to stop by. */
  earlyStoppingVal: 10,
  /** In passes of the longest kind: a tenth of the run, at least this. */
  earlyStopping: 5,
  /**
   * With fewer images than this, what the base model knew fades faster than the images can say it again. Replays help with
   * the new photos, too: 40 ordinary ones took 20 night faces from 0.513 to 0.535 on validation.
   */
  preserveBelow: 1000,
} as const

/** What the choices depend on. */
export interface Situation {
  readonly train: number
  readonly val: number
  /** Faces that could keep the model from forgetting. */
  readonly others: number
  /** Side that the base model is used at; null for a fresh network. */
  readonly resolution: number | null
  /** Seconds that a step, and a look at one validation face, took on this computer; null where none was measured. */
  pace(
    settings: Pick<TrainSettings, 'scope' | 'train_bs' | 'input_resolution'>,
  ): { readonly secondsPerStep: number; readonly secondsPerFace: number } | null
}

export interface Choice {
  readonly settings: TrainSettings
  /** What was chosen and why, in sentences. */
  readonly notes: readonly string[]
  /** Seconds that it would take; null where no step was measured. */
  readonly seconds: number | null
}

const DEFAULT_GAMMA = TRAIN_OPTIONS.shape.lr_schedule_gamma.parse(undefined)

/** Fills in what `options` leave open. */
export function chooseSettings(options: TrainOptions, situation: Situation): Choice {
  const notes: string[] = []
  const isFresh = situation.resolution === null
  const train_bs = options.train_bs ?? Math.min(RECIPE.train_bs, Math.max(1, situation.train))
  const input_resolution = options.input_resolution ?? situation.resolution ?? RECIPE.freshResolution
  const preserve = choosePreserve(options.preserve, isFresh, train_bs, situation, notes)
  const epochs =
    options.epochs ?? (isFresh ? RECIPE.freshEpochs : epochsFor(situation.train, train_bs, preserve))
  const { steps, lookEvery } = scheduleOf({ epochs, train_bs, preserve }, situation.train)
  const secondsOf = (scope: Scope): number | null => {
    const pace = situation.pace({ scope, train_bs, input_resolution })
    if (pace === null) return null
    const looks = 1 + looksAfter(0, { epochs, lookEvery })
    return pace.secondsPerStep * steps + pace.secondsPerFace * situation.val * looks
  }
  const scope = options.scope ?? chooseScope(secondsOf, options.time_limit, isFresh, notes)
  if (options.epochs === null && !isFresh)
    notes.push(noteOf('passes', { epochs, images: situation.train, steps, batch: train_bs }))
  if (options.lr_schedule === null && options.lr_schedule_gamma !== DEFAULT_GAMMA)
    notes.push(noteOf('gammaAlone', {}))
  const settings: TrainSettings = {
    ...options,
    ...{ scope, epochs, train_bs, input_resolution },
    lr: options.lr ?? (isFresh ? RECIPE.freshLr : RECIPE.lr[scope]),
    rotation: options.rotation ?? RECIPE.rotation,
    scale: options.scale ?? RECIPE.scale,
    colour: options.colour ?? RECIPE.colour,
    ema: options.ema ?? RECIPE.ema,
    adapt_norms: options.adapt_norms ?? (isFresh ? 0 : RECIPE.adapt_norms),
    early_stopping: options.early_stopping ?? chooseEarlyStopping(epochs, situation.val, notes),
    preserve,
  }
  return { settings, notes, seconds: secondsOf(scope) }
}

function epochsFor(images: number, batch: number, preserve: Preserve): number {
  const { stepsPerImage, minSteps, maxSteps } = RECIPE
  const steps = Math.min(maxSteps, Math.max(minSteps, stepsPerImage * images))
  const once = scheduleOf({ epochs: 1, train_bs: batch, preserve }, images).steps
  return Math.max(1, Math.round(steps / once))
}

function chooseScope(
  secondsOf: (scope: Scope) => number | null,
  limit: number | null,
  isFresh: boolean,
  notes: string[],
): Scope {
  if (isFresh) {
    notes.push(noteOf('freshLearnsAll', {}))
    return 'full'
  }
  const full = secondsOf('full')
  if (limit !== null && full !== null && full > limit) {
    notes.push(noteOf('onlyDecoder', { needed: duration(full), limit: duration(limit) }))
    return 'decoder'
  }
  notes.push(noteOf('allLearn', {}))
  return RECIPE.scope
}

function chooseEarlyStopping(epochs: number, val: number, notes: string[]): number {
  if (val < RECIPE.earlyStoppingVal) {
    notes.push(val === 0 ? noteOf('noValidation', {}) : noteOf('fewValidation', { faces: val }))
    return 0
  }
  const patience = Math.max(RECIPE.earlyStopping, Math.ceil(epochs / 10))
  notes.push(noteOf('patience', { passes: patience }))
  return patience
}

function choosePreserve(
  wanted: TrainOptions['preserve'],
  isFresh: boolean,
  train_bs: number,
  { train, others }: Situation,
  notes: string[],
): TrainSettings['preserve'] {
  if (isFresh) return 'none'
  // A batch of one face has no room for another.
  const isPossible = others > 0 && train_bs > 1
  if (wanted === 'replay' && !isPossible) {
    notes.push(noteOf(others > 0 ? 'noRoomToReplay' : 'nothingToReplay', {}))
    return 'none'
  }
  if (wanted !== null) return wanted
  if (train >= RECIPE.preserveBelow || !isPossible) return 'none'
  notes.push(noteOf('replays', { faces: others }))
  return 'replay'
}

/** Seconds as a person says them. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}
