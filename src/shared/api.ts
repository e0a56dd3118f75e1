/**
 * @file The contract between a window (or a script, or the command line) and the backend: one table of methods with
 * their checked requests and typed answers, one of events. Three transports carry it: IPC, HTTP, a direct call.
 */
import { z } from 'zod'
import { PAINT_ORDER_NAMES, PART_COUNT, PART_NAMES, type PartName } from './labels'
import { LANGUAGES } from './languages'
import { PRESET_NAMES, type ClassSet, type OnnxUse, type PresetName } from './network'
import { ONNX_USE } from './network_schema'
import { TEST_SPLITS, type TestReport } from './scoring'
import {
  BATCH_NORMS,
  CHECKED_PARTS,
  SCOPES,
  TRAIN_ON,
  TRAIN_OPTIONS,
  type EpochRow,
  type ModelComparison,
  type PreviewFace,
  type StepReport,
  type TrainingBundle,
  type TrainingProgress,
  type TrainingRun,
  type TrainingSummary,
  type TrainingSurvey,
  type TrainSettings,
} from './training'

const id = z.int().positive()
const path = z.string().min(1).max(4096)
/** Names a long job, so that its progress can be told and `jobs.cancel` can end it. */
const job = z.string().min(1).max(64).optional()

export const PROVIDERS = ['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const
export type ProviderChoice = (typeof PROVIDERS)[number]
export type Provider = Exclude<ProviderChoice, 'auto'>

/** Numbers that a network's large products are made of: 32-bit floats as it was trained with, or 8-bit integers on a processor. */
export const PRECISIONS = ['float', 'int8'] as const
export type Precision = (typeof PRECISIONS)[number]

export const STATUSES = ['untouched', 'predicted', 'corrected', 'accepted', 'flagged'] as const
export type Status = (typeof STATUSES)[number]

export const SPLITS = ['train', 'val', 'test'] as const
export type Split = (typeof SPLITS)[number]

export const EXPORT_FORMATS = ['celebamask-hq', 'index'] as const
export const MODEL_FORMATS = ['pt', 'safetensors', 'onnx'] as const
export type ModelFormat = (typeof MODEL_FORMATS)[number]
export const EXPORT_ONLY = ['corrected', 'accepted', 'all'] as const

/** A base address: https, or plain http to this very computer. */
const mirror = z
  .string()
  .max(2048)
  .regex(
    /^(https:\/\/[^\s/?#]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(\/[^\s?#]*)?$/,
    'must begin with https://',
  )

const settings = z.object({
  language: z.enum(LANGUAGES).nullable(),
  theme: z.enum(['system', 'light', 'dark']),
  /** Registry id of the model that predicts; null means the default one. */
  model: z.string().nullable(),
  provider: z.enum(PROVIDERS),
  /** Predict what is on screen and the next ones without being asked. */
  autoPredict: z.boolean(),
  /** Ids of models that are to compute in 8 bits on a processor, where their check allows it. */
  int8: z.array(z.string()).max(256),
  /** Where published models are fetched from, in Hugging Face's layout; null means Hugging Face itself. */
  mirror: mirror.nullable(),
  /** Folders opened before, newest first. */
  recent: z.array(z.string()).max(12),
})
export type Settings = z.infer<typeof settings>
export const SETTINGS_SCHEMA = settings

const run = z.object({ run: id })
/** What a run of the open workspace learns from, and how. */
const training = {
  /** A registry id or name; null: the settings' model, or the one that it was trained from. */
  model: z.string().min(1).nullable(),
  /** Those of a status, or these images of the open workspace. */
  images: z.union([z.enum(TRAIN_ON), z.array(id).min(1).max(100_000)]).default('corrected'),
  options: TRAIN_OPTIONS.prefault({}),
  /** A folder of faces that keep the model from forgetting; null: the portraits that come along. */
  replay: path.nullable().default(null),
}
/** The same for any DATASET, without a window. */
const datasetTraining = {
  dataset: path,
  /** A registry id or name, a checkpoint file, or an architecture's name for a fresh network. */
  model: z.string().min(1),
  name: z.string().min(1).max(80),
  /** Of a workspace; a tree's masks all count as corrected. */
  only: z.enum(TRAIN_ON).default('corrected'),
  /** The first so many training images in the dataset's order. */
  limit: id.optional(),
  options: TRAIN_OPTIONS.prefault({}),
  job,
}

/** Every method with the shape of its request; the backend checks each call against it. */
export const REQUESTS = {
  'app.info': z.object({}),
  'settings.read': z.object({}),
  'settings.write': settings.partial(),
  'folders.list': z.object({ path: path.nullable() }),
  'jobs.cancel': z.object({ job: z.string() }),

  'workspace.open': z.object({ path }),
  'workspace.sample': z.object({}),
  'workspace.current': z.object({}),
  'workspace.close': z.object({}),

  'images.list': z.object({}),
  'images.review': z.object({ image: id, review: z.enum(['accepted', 'flagged']).nullable() }),

  /** Which parts of the image a person vouches for; null: all of it, background too. */
  'images.check': z.object({ image: id, parts: CHECKED_PARTS }),
  /** A golden face is never trained on; models are held against each other on it. */
  'images.pin': z.object({ image: id, golden: z.boolean() }),

  'masks.open': z.object({ image: id }),
  'masks.commit': z.object({
    face: id,
    kind: z.enum(['stroke', 'operation']),
    /** What the hand did, for the history: `brush`, `eraser`, `fill`, … */
    label: z.string().max(64),
    /** The edited part, 0..17. */
    part: z
      .int()
      .min(0)
      .max(PART_COUNT - 1),
    /** encodePatch's bytes. */
    patch: z.instanceof(Uint8Array),
  }),
  'masks.undo': z.object({ face: id }),
  'masks.redo': z.object({ face: id }),
  'masks.history': z.object({ face: id, limit: z.int().min(1).max(1000).default(200) }),

  'inference.want': z.object({ current: id.nullable(), next: z.array(id).max(64) }),
  'inference.predict': z.object({ image: id }),
  'inference.confidence': z.object({ image: id }),
  'inference.status': z.object({}),
  'predict.files': z.object({
    input: path,
    model: z.string(),
    out: path,
    layout: z.enum(EXPORT_FORMATS).default('celebamask-hq'),
    size: z.int().min(16).max(8192).optional(),
    provider: z.enum(PROVIDERS).default('auto'),
    /** int8 computes on the processor, and says what it changes. */
    precision: z.enum(PRECISIONS).default('float'),
    /** Pictures run at once. A processor takes longer for several than for one after another; a GPU may not. */
    batch: z.int().min(1).max(32).default(1),
    job,
  }),

  'test.run': z.object({
    /** A CelebAMask-HQ folder or a workspace folder; null means the open one. */
    dataset: path.nullable(),
    /** A registry id or name, or a checkpoint file. */
    model: z.string().min(1),
    /** Left out: test where the dataset has one, else all. */
    split: z.enum(TEST_SPLITS).optional(),
    /** Side R that the network runs and is scored at; left out, the model's own. */
    resolution: z.int().min(32).max(2048).optional(),
    /** Painting order of the ground truth. */
    order: z.enum(PAINT_ORDER_NAMES).default('segface'),
    /** Only the first so many faces of the split. */
    limit: z.int().min(1).optional(),
    provider: z.enum(PROVIDERS).default('auto'),
    job,
  }),

  'models.list': z.object({}),
  'models.show': z.object({ model: z.string() }),
  /** What a model file is, before it is imported. */
  'models.examine': z.object({ file: path, job }),
  /** What an ONNX file of others makes of a picture: an image of the open workspace, or null for Facet's sample. */
  'models.look': z.object({ file: path, use: ONNX_USE, image: id.nullable() }),
  /** What 8 bits gain with the model and change: found out on pictures of the open workspace, or only remembered. */
  'models.precision': z.object({ model: z.string(), check: z.boolean(), job }),
  'models.import': z.object({
    file: path,
    name: z.string().min(1).max(80).optional(),
    arch: z.string().optional(),
    /** Of a checkpoint with 11 classes, which the tensors do not tell. */
    dataset: z.enum(['lapa', 'helen']).optional(),
    /** What kind of network an ONNX file of others is; recognised where left out. */
    preset: z.enum(PRESET_NAMES).optional(),
    /** How an ONNX file of others is used, in place of what its preset says. */
    use: ONNX_USE.optional(),
    /** Matrices and kernels rounded to float16 on disk: half the size. */
    half: z.boolean().default(false),
    job,
  }),

  'models.export': z.object({
    /** A registry id or name, or a checkpoint file. */
    model: z.string().min(1),
    format: z.enum(MODEL_FORMATS),
    out: path,
    job,
  }),

  'models.published': z.object({}),
  'models.download': z.object({
    /** A name of `models.published`. */
    name: z.string(),
    /** Instead of the settings' mirror. */
    mirror: mirror.optional(),
    /** Keeps the fetched checkpoint, optimiser state and all, beside the imported model. */
    keep: z.boolean().default(false),
    job,
  }),

  /** Scores both on the validation split and the golden faces: of a run, else of a dataset, else of the open workspace. */
  'models.compare': z.object({
    baseline: z.string().min(1),
    candidate: z.string().min(1),
    run: id.nullable().default(null),
    dataset: path.nullable().default(null),
    job,
  }),
  /** Makes it the model that predicts. */
  'models.promote': z.object({ model: z.string().min(1) }),
  /** A model that takes `parts` from `other` and all else from `base`. */
  'models.mix': z.object({
    base: z.string().min(1),
    other: z.string().min(1),
    parts: z.array(z.enum(PART_NAMES)).min(1),
    name: z.string().min(1).max(80),
  }),
  /** Refuses the default model, and one that other models are made of. */
  'models.delete': z.object({ model: z.string().min(1) }),

  /** What a run would learn from and how, without starting one. */
  'training.survey': z.object(training),
  'training.start': z.object({ ...training, name: z.string().min(1).max(80) }),
  'training.list': z.object({}),
  'training.show': run,
  /** Ends its process, so that its memory is free; `training.resume` goes on from there. */
  'training.pause': run,
  'training.resume': run,
  /** Ends it and makes a model of the best so far. */
  'training.cancel': run,
  /** Deletes the run, its curves and its folder; a model that it made stays. */
  'training.delete': run,
  'training.previews': z.object({ run: id, epoch: z.int().min(0) }),
  /** Trains to the end: what `facet train` does. */
  'training.run': z.object({
    ...datasetTraining,
    provider: z.enum(PROVIDERS).default('auto'),
    /** Goes on with the newest unfinished run of that name. */
    resume: z.boolean().default(false),
    /** A folder of faces that keep the model from forgetting. */
    replay: path.optional(),
    /** Folder that the best weights are also written to, as SegFace's `model_N.pt`. */
    checkpoints: path.optional(),
  }),
  /** Writes what SegFace's own train.py needs to do it elsewhere. */
  'training.bundle': z.object({ ...datasetTraining, out: path }),

  'dataset.import': z.object({ dataset: path, into: path, job }),
  'dataset.export': z.object({
    /** A workspace folder; null means the open one. */
    folder: path.nullable(),
    out: path,
    format: z.enum(EXPORT_FORMATS).default('celebamask-hq'),
    /** Side of the written masks and pictures; left out, each keeps its own. */
    size: z.int().min(16).max(8192).optional(),
    only: z.enum(EXPORT_ONLY).default('corrected'),
    order: z.enum(PAINT_ORDER_NAMES).default('segface'),
    job,
  }),

  'logits.run': z.object({
    checkpoint: path,
    input: path,
    output: path,
    provider: z.enum(PROVIDERS).default('auto'),
  }),
  'step.run': z.object({
    checkpoint: path,
    images: path,
    labels: path,
    scope: z.enum(SCOPES).default('full'),
    /** Whether batch norms of scope full go by their running statistics or by those of the batch. */
    batchNorm: z.enum(BATCH_NORMS).default('running'),
    lr: z.number().positive().max(1).default(1e-3),
    weightDecay: z.number().min(0).max(1).default(1e-5),
    steps: z.int().min(1).max(10_000).default(3),
    output: path.optional(),
    gradients: path.optional(),
  }),
  'inspect.file': z.object({ file: path }),
  'doctor.run': z.object({ job }),
  'doctor.remembered': z.object({}),
} as const

export type Method = keyof typeof REQUESTS
/** What a caller writes (defaults may be left out) and what a handler receives (defaults filled in). */
export type Request<M extends Method> = z.input<(typeof REQUESTS)[M]>
export type Checked<M extends Method> = z.output<(typeof REQUESTS)[M]>

export interface AppInfo {
  version: string
  /** Two-letter language of the system. */
  language: string
  platform: string
  /** Where models and settings are. */
  dataDir: string
  cores: number
}

export interface WorkspaceInfo {
  path: string
  name: string
  /** Where `.facet` really is: beside the images, or in the data folder where they are read-only. */
  store: string
  images: number
  scanning: boolean
  /** Image shown last, to come back to. */
  lastImage: number | null
}

/** One row of the list. `name` is the path below the workspace, with forward slashes. */
export interface ImageRow {
  id: number
  name: string
  status: Status
  split: Split | null
  /** Pinned for the gate; never trained on. */
  golden: boolean
  /** The parts that a person vouches for; null: all of it. */
  checked: PartName[] | null
}

export type PartOrigin = 'none' | 'model' | 'hand' | 'import'

export interface PartMask {
  part: PartName
  /** mask.ts's run lengths over the face's grid. */
  runs: Uint8Array
  area: number
  origin: PartOrigin
}

/** Where undo stands and what the image counts as after a change. */
export interface HistoryState {
  /** Id of the newest revision of the face; 0 for none. */
  revision: number
  canUndo: boolean
  canRedo: boolean
  status: Status
}

/** A face of a photo: a square region by similarity (for a whole picture, the picture itself) and its mask grid. */
export interface FaceMasks extends HistoryState {
  image: number
  face: number
  /** Width and height of the masks in pixels. */
  width: number
  height: number
  /** Width and height of the upright photo in pixels. */
  imageWidth: number
  imageHeight: number
  /** Bust this with each change of the file: part of the picture's address. */
  version: string
  /** The 18 parts in PART_NAMES' order. */
  parts: PartMask[]
}

export interface HistoryStep extends HistoryState {
  /** encodePatch's bytes to apply to what the window shows; null where there was nothing to undo or redo. */
  patch: Uint8Array | null
}

export interface RevisionRow {
  id: number
  kind: 'prediction' | 'stroke' | 'operation' | 'import' | 'undo' | 'redo'
  label: string
  parts: PartName[]
  author: string
  model: string | null
  /** Milliseconds since 1970. */
  at: number
}

/** How sure the model that predicts is of the class that it gives each pixel of an image's mask grid. */
export interface ConfidenceMap {
  readonly width: number
  readonly height: number
  /** The share that softmax gives that class, 0 to 255, row by row. */
  readonly confidence: Uint8Array
}

export interface InferenceStatus {
  state: 'off' | 'loading' | 'ready' | 'running' | 'failed'
  model: string | null
  provider: Provider | null
  /** Why this provider, in a sentence. */
  why: string
  /** Median milliseconds of the last predictions, picture decoding included; null before the first. */
  ms: number | null
  queued: number
  /** The image in work. */
  running: number | null
  /** What went wrong last, in a sentence; null when all is well. */
  problem: string | null
}

export interface ModelInfo {
  id: string
  name: string
  arch: string
  resolution: number
  classes: number
  /** What it was trained on. */
  classSet: ClassSet
  /** The parts that it can make; predictions leave the others as they are. */
  parts: PartName[]
  /** What is worse with it than its scores say, and why, in English sentences; a window has its own by `classSet`. */
  limits: string[]
  params: number
  licence: string
  /** The file it was made from. */
  source: string
  /** Id of the model that it was trained from; null for one that came from a file. */
  parent: string | null
  /** How it was trained here; null for one that was not. */
  training: {
    /** Folder of the images. */
    dataset: string
    settings: TrainSettings
    images: { train: number; val: number }
    epochs: number
    bestEpoch: number | null
    seconds: number
  } | null
  /** What it is made of, where it takes some parts from another model. */
  mix: { base: string; other: string; parts: PartName[] } | null
  /** Ids of the models that are made of it. */
  children: string[]
  bytes: number
  isDefault: boolean
  card: string
  scores: Record<string, number>
  created: string
}

/** A published network that an ONNX file may be, and how it would be used then. */
export interface OnnxPreset extends OnnxUse {
  name: PresetName
  title: string
}

/** A file that may become a model. */
export type ModelFile =
  | {
      kind: 'checkpoint'
      arch: string
      classes: number
      /** Null where the tensors leave it open: LaPa or Helen must be asked. */
      classSet: ClassSet | null
    }
  | {
      kind: 'onnx'
      /** Side of the pictures that it takes; null where it takes any. */
      size: number | null
      /** Outputs that are maps of classes. */
      maps: { name: string; channels: number }[]
      /** What it was recognised as; null where a person must say. */
      preset: PresetName | null
      /** True where nothing needs to be asked. */
      sure: boolean
      proposal: OnnxUse
      /** Those that fit. */
      presets: OnnxPreset[]
    }

/** What a file made of a picture. */
export interface ModelLook {
  width: number
  height: number
  /** The number of the greatest channel for each pixel. */
  channels: Uint8Array
  /** The picture's file, as a browser shows it. */
  picture: Uint8Array
  mime: string
}

/** A checkpoint that SegFace's authors publish, and how far it has come to this computer. */
export interface PublishedModel {
  name: string
  arch: string
  resolution: number
  dataset: string
  /** Size of the download; about a third of it stays. */
  bytes: number
  /** The paper's mean F1 without background on the dataset's test split, a fraction. */
  score: number
  licence: string
  /** Id of the registry's model that was made of it. */
  installed: string | null
  /** Bytes of it that lie here from a download that was paused or cut off; 0 for none. */
  fetched: number
  /** The job that is fetching it now. */
  job: string | null
}

export interface FolderListing {
  path: string
  parent: string | null
  folders: { name: string; path: string }[]
  /** Pictures directly inside. */
  images: number
}

export interface Complaint {
  file: string
  message: string
}

export interface PredictSummary {
  images: number
  provider: Provider
  precision: Precision
  /** What 8 bits change on some of these pictures; null in floats. */
  precision_check: PrecisionCheck | null
  ms_per_image: { median: number; p95: number }
  /** What the model cannot do, in sentences. */
  limits: string[]
  complaints: Complaint[]
}

/** A model in 8 bits against floats, on this processor. */
export interface PrecisionCheck {
  /** How many pictures it was held against, and whose: the user's own, or those that come with Facet. */
  pictures: number
  own: boolean
  /** The share of pixels whose class is another, over all pictures and in the worst. */
  changed: number
  worst: number
  /** Median ms per image. */
  ms: Record<Precision, number>
  /** 8 bits are faster, and change so little on the user's own pictures that they are offered. */
  offered: boolean
}

export interface DatasetSummary {
  images: number
  masks: number
  splits: Record<Split, number>
  complaints: Complaint[]
}

export interface ModelExport {
  model: string
  format: ModelFormat
  out: string
  bytes: number
}

export interface ExportSummary extends DatasetSummary {
  out: string
}

/** `works`, or why a provider is not used; one that is `slow` was not tried with the model. */
export const TRIAL_VERDICTS = ['works', 'absent', 'failed', 'wrong', 'slow'] as const

export interface ProviderTrial {
  provider: Provider
  verdict: (typeof TRIAL_VERDICTS)[number]
  /** It trains, too. */
  trains: boolean
  detail: string
  /** Median ms per image of the timed model; null where it was not timed. */
  ms: number | null
}

export interface DoctorReport {
  version: string
  node: string
  onnxruntime: string
  platform: string
  cpu: string
  cores: number
  memory_gib: number
  model: string
  resolution: number
  providers: ProviderTrial[]
  chosen: Provider
  why: string
  /** 8 bits on the processor; null where the model gains nothing by them, or it was not found out yet. */
  precision: PrecisionCheck | null
}

/** What each method answers. */
export interface Responses {
  'app.info': AppInfo
  'settings.read': Settings
  'settings.write': Settings
  'folders.list': FolderListing
  'jobs.cancel': { cancelled: boolean }
  'workspace.open': WorkspaceInfo
  'workspace.sample': WorkspaceInfo
  'workspace.current': WorkspaceInfo | null
  'workspace.close': null
  'images.list': { rows: ImageRow[] }
  'images.review': ImageRow
  'images.check': ImageRow
  'images.pin': ImageRow
  'masks.open': FaceMasks
  'masks.commit': HistoryState
  'masks.undo': HistoryStep
  'masks.redo': HistoryStep
  'masks.history': { revisions: RevisionRow[] }
  'inference.want': null
  'inference.predict': null
  'inference.confidence': ConfidenceMap
  'inference.status': InferenceStatus
  'predict.files': PredictSummary
  'test.run': TestReport
  'models.list': { models: ModelInfo[] }
  'models.show': ModelInfo
  'models.examine': ModelFile
  'models.look': ModelLook
  /** null where it was not found out yet; `gains` false where there is nothing to find out. */
  'models.precision': { gains: boolean; check: PrecisionCheck | null }
  'models.import': ModelInfo
  'models.export': ModelExport
  'models.published': { models: PublishedModel[] }
  'models.download': ModelInfo
  'models.compare': ModelComparison
  /** `previous` can be chosen again in the settings. */
  'models.promote': { model: ModelInfo; previous: ModelInfo }
  'models.mix': ModelInfo
  'models.delete': null
  'training.survey': TrainingSurvey
  'training.start': TrainingRun
  /** Those of the open workspace, newest first; `progress` of the one in work. */
  'training.list': { runs: TrainingRun[]; progress: TrainingProgress | null }
  'training.show': TrainingRun
  'training.pause': TrainingRun
  'training.resume': TrainingRun
  'training.cancel': TrainingRun
  'training.delete': null
  'training.previews': { faces: PreviewFace[] }
  'training.run': TrainingSummary
  'training.bundle': TrainingBundle
  'dataset.import': DatasetSummary
  'dataset.export': ExportSummary
  'logits.run': { arch: string; provider: Provider; ms: number }
  'step.run': StepReport
  'inspect.file': Record<string, unknown>
  'doctor.run': DoctorReport
  /** What is known of the model in use without trying anything; null before its first trial. */
  'doctor.remembered': DoctorReport | null
}
export type Response<M extends Method> = Responses[M]

export interface JobProgress {
  job: string
  /** What is being done, as a method name: `dataset.export`, … */
  method: Method
  done: number
  total: number
}

/** News from the backend; a window applies them to what it shows. */
export interface Events {
  /** Found while scanning; ids are new to the window. */
  'images.added': { rows: ImageRow[] }
  'images.changed': { rows: ImageRow[] }
  /** The scan's progress; `done` on its last. */
  'workspace.scan': { images: number; done: boolean }
  /** A prediction or an import changed this image's masks: read them again. */
  'masks.changed': { image: number; face: number; revision: number }
  'inference.status': InferenceStatus
  /** A model was added, or a download began or ended: read the lists again. */
  'models.changed': Record<never, never>
  'job.progress': JobProgress
  /** A run began, changed its state or ended. */
  'training.changed': TrainingRun
  'training.removed': { run: number }
  'training.progress': TrainingProgress
  'training.epoch': { run: number; row: EpochRow; isBest: boolean }
  /** A sentence to the user that belongs to no call. */
  notice: { level: 'info' | 'warning' | 'error'; message: string }
}
export type EventName = keyof Events

/** One side of a transport: what a window, a script or a test talks to. */
export interface Api {
  call<M extends Method>(method: M, request: Request<M>): Promise<Response<M>>
  /** Returns a function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
}
