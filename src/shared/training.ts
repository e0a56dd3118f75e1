/**
 * @file Training as the window, the command line and the engine speak of it: what may be chosen, what a run is, and what it
 * tells while it works. Flags keep SegFace's names (`train.py`: lr, lr_schedule, train_bs, input_resolution, …).
 */
import { z } from 'zod'
import { PART_NAMES, type ClassName, type PartName } from './labels'
import type { Provider } from './terms'

export const SCOPES = ['decoder', 'full'] as const
/** `decoder`: the backbone is frozen, its taps are cached on disk. `full`: every parameter. */
export type Scope = (typeof SCOPES)[number]

export const BATCH_NORMS = ['running', 'batch'] as const
/** What batch norms normalise by: their running statistics, or those of the batch, towards which the running ones then move. */
export type BatchNorm = (typeof BATCH_NORMS)[number]

/** Which images of a workspace are learned from; a dataset tree has all its masks by hand. */
export const TRAIN_ON = ['corrected', 'accepted', 'all'] as const
export type TrainOn = (typeof TRAIN_ON)[number]

export const PRESERVE = ['none', 'replay'] as const
/** `replay` keeps a model from forgetting what it knew: other faces come up among the new ones, with the base model's answers. */
export type Preserve = (typeof PRESERVE)[number]

/** Everything that may be chosen; null means that Facet chooses, by the recipe of ARCHITECTURE.md, "A model learns". */
export const TRAIN_OPTIONS = z.object({
  scope: z.enum(SCOPES).nullable().default(null),
  /** Passes over the training images. */
  epochs: z.int().min(1).max(10_000).nullable().default(null),
  /** Peak learning rate. */
  lr: z.number().positive().max(1).nullable().default(null),
  /** Epochs after which the rate is multiplied by lr_schedule_gamma (MultiStepLR); null: warm-up, then a cosine to 0. */
  lr_schedule: z.array(z.int().positive()).nullable().default(null),
  lr_schedule_gamma: z.number().positive().max(1).default(0.1),
  weight_decay: z.number().min(0).max(1).default(1e-5),
  /** Images of one step. */
  train_bs: z.int().min(1).max(64).nullable().default(null),
  /** Side R that the network learns at; null: the base model's. */
  input_resolution: z.int().min(32).max(2048).nullable().default(null),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  /** Mirror with left and right parts swapped. */
  flip: z.boolean().default(true),
  /** Standard deviation of a turn in degrees. */
  rotation: z.number().min(0).max(180).nullable().default(null),
  /** Standard deviation of the logarithm of a change of size. */
  scale: z.number().min(0).max(1).nullable().default(null),
  /** Strength of changes of brightness, contrast, gamma and colour, and of noise; 0 for none, 1 for strong. */
  colour: z.number().min(0).max(1).nullable().default(null),
  /** Epochs without a better validation mean F1 after which to stop; 0 for never. */
  early_stopping: z.int().min(0).max(10_000).nullable().default(null),
  /** Decay of the exponential mean of the weights; 0 for none. */
  ema: z.number().min(0).lt(1).nullable().default(null),
  /** Dice over the classes that an image batch holds, instead of all 19. */
  dice_present: z.boolean().default(true),
  /** Images with rare parts come up more often. */
  repeat_rare: z.boolean().default(true),
  preserve: z.enum(PRESERVE).nullable().default(null),
  /** How far batch norms' running statistics move to those of the training images before the first step: 0 not, 1 all the way. */
  adapt_norms: z.number().min(0).max(1).nullable().default(null),
  /** Stop after so many seconds of training, keeping the best so far. */
  time_limit: z.number().positive().nullable().default(null),
})
/** As a caller writes it, everything optional. */
export type TrainOptionsInput = z.input<typeof TRAIN_OPTIONS>
export type TrainOptions = z.output<typeof TRAIN_OPTIONS>

/** The options with every choice made: what a run keeps. */
export const TRAIN_SETTINGS = z.object({
  scope: z.enum(SCOPES),
  epochs: z.int().min(1),
  lr: z.number().positive(),
  /** Null: warm-up, then a cosine to 0. */
  lr_schedule: z.array(z.int().positive()).nullable(),
  lr_schedule_gamma: z.number().positive().max(1),
  weight_decay: z.number().min(0),
  train_bs: z.int().min(1),
  input_resolution: z.int().min(32),
  seed: z.int().min(0),
  flip: z.boolean(),
  rotation: z.number().min(0),
  scale: z.number().min(0),
  colour: z.number().min(0),
  early_stopping: z.int().min(0),
  ema: z.number().min(0).lt(1),
  dice_present: z.boolean(),
  repeat_rare: z.boolean(),
  preserve: z.enum(PRESERVE),
  /** Runs of before there was a choice had none. */
  adapt_norms: z.number().min(0).max(1).default(0),
  time_limit: z.number().positive().nullable(),
})
export type TrainSettings = Readonly<z.infer<typeof TRAIN_SETTINGS>>

/** Parts a person vouches for in an image; null: all of them, background too. */
export const CHECKED_PARTS = z.array(z.enum(PART_NAMES)).nullable()

export const RUN_STATES = [
  'preparing',
  'running',
  'paused',
  'interrupted',
  'done',
  'cancelled',
  'failed',
] as const
/** `interrupted`: the program ended in between; it resumes from its last checkpoint, as a paused one does. */
export type RunState = (typeof RUN_STATES)[number]

/** F1 by class name, fractions; null where a class is absent from masks and predictions. */
export type ClassScores = Readonly<Record<ClassName, number | null>>

export interface ValidationScores {
  readonly mean_f1: number
  readonly f1: ClassScores
}

/** What one pass over the training images gave. */
export interface EpochRow {
  /** Counted from 1. Epoch 0 is the base model as it came, before its norms are adapted: its losses are null. */
  readonly epoch: number
  readonly loss: number | null
  readonly cross_entropy: number | null
  readonly dice: number | null
  /** Learning rate of its last step. */
  readonly lr: number | null
  readonly seconds: number
  /** By the averaged weights where there are some; null without validation images. */
  readonly val: ValidationScores | null
}

export interface TrainingRun {
  readonly id: number
  /** Name of the model that it makes. */
  readonly name: string
  /** Registry id of the base model, or `--model` name of a fresh network. */
  readonly base: string
  /** Folder of the images. */
  readonly dataset: string
  readonly state: RunState
  readonly settings: TrainSettings
  /** What Facet chose and why, and what it warns of, in sentences. */
  readonly notes: readonly string[]
  readonly images: { readonly train: number; readonly val: number }
  readonly epochs: readonly EpochRow[]
  readonly bestEpoch: number | null
  /** Registry id of the finished model. */
  readonly model: string | null
  /** Why it failed, in a sentence. */
  readonly problem: string | null
  /** Milliseconds since 1970. */
  readonly created: number
  /** Seconds of training so far, over all its starts. */
  readonly seconds: number
}

/** Where a run in work stands; told at least every two seconds. */
export interface TrainingProgress {
  readonly run: number
  readonly phase: 'preparing' | 'training' | 'validating' | 'saving'
  readonly epoch: number
  readonly epochs: number
  /** Steps done, of all epochs. */
  readonly step: number
  readonly steps: number
  /** Mean of the latest steps; null before the first. */
  readonly loss: number | null
  readonly secondsLeft: number | null
  readonly provider: Provider
}

/** What the chosen images hold, before anything is started. */
export interface TrainingSurvey {
  /** Registry id of the model that training starts from. */
  readonly base: string
  readonly images: { readonly train: number; readonly val: number; readonly golden: number }
  /** Training images that hold each part. */
  readonly parts: Readonly<Record<PartName, number>>
  /** The settings that would be used, and why. */
  readonly settings: TrainSettings
  readonly notes: readonly string[]
  /** Of parts that few or no faces show, as sentences of notes.ts. */
  readonly warnings: readonly string[]
  /** Seconds that it would take, by a measured step; null while not measured. */
  readonly seconds: number | null
}

/** What `facet train` prints. The lists have an entry for each epoch from 1 on. */
export interface TrainingSummary {
  /** Registry id of the new model. */
  readonly model: string
  readonly epochs: number
  readonly steps: number
  readonly loss: readonly number[]
  readonly val_mean_f1: readonly (number | null)[]
  readonly best_epoch: number | null
}

/** What `facet step` prints. */
export interface StepReport {
  /** Before each step. */
  readonly steps: readonly StepLossRow[]
  /** After the last. */
  readonly after: StepLossRow
  /** Of the first step, by learned tensor; null for one that the network never uses. */
  readonly gradients: Readonly<Record<string, GradientSize | null>>
}

/** Null for what is no number, as JSON has it. */
export interface StepLossRow {
  readonly cross_entropy: number | null
  readonly dice: number | null
  /** ½ of their sum. */
  readonly total: number | null
}

export interface GradientSize {
  /** L2. */
  readonly norm: number
  readonly absmax: number
}

/** What `facet train --bundle` prints. */
export interface TrainingBundle {
  readonly out: string
  readonly images: { readonly train: number; readonly val: number; readonly test: number }
  /** The command line that trains, to be run in SegFace's folder. */
  readonly command: string
  /** What was wrong with the dataset, and which faces were left out. */
  readonly notes: readonly string[]
}

/** One validation face as the model saw it after an epoch. */
export interface PreviewFace {
  readonly image: string
  /** Id in the open workspace; null for a face of another folder. */
  readonly id: number | null
  readonly size: number
  /** One class a pixel, SegFace's numbers [size, size]. */
  readonly labels: Uint8Array
  /** The masks that the face was given, 255 where they do not count. */
  readonly truth: Uint8Array
  /** The picture as JPEG at `size`. */
  readonly jpeg: Uint8Array
}

/** Two models on the same faces: the gate before one replaces the other. */
export interface ModelComparison {
  readonly baseline: string
  readonly candidate: string
  /** Faces that were scored. */
  readonly images: { readonly val: number; readonly golden: number }
  /** Those of which a face was scored. */
  readonly sets: readonly {
    readonly set: 'val' | 'golden'
    readonly baseline: ValidationScores
    readonly candidate: ValidationScores
    /** Pixels by true and predicted class of the candidate, [19][19]. */
    readonly confusion: readonly (readonly number[])[]
  }[]
  /** Parts whose F1 fell by more than `tolerance` on either set, with the faces where it fell most. */
  readonly worse: readonly {
    readonly part: PartName
    /** Null where the baseline rightly finds none and the candidate finds some. */
    readonly from: number | null
    readonly to: number | null
    readonly examples: readonly { readonly image: string; readonly id: number | null }[]
  }[]
  readonly tolerance: number
  /** Which faces were left out and why, as sentences of notes.ts. */
  readonly notes: readonly string[]
}
