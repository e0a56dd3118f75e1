/** @file Every method of the backend with the shape of its request; what comes from outside is checked against it. */
import { z } from 'zod'
import { PAINT_ORDER_NAMES, PART_COUNT, PART_NAMES } from './labels'
import { LANGUAGES } from './languages'
import { PRESET_NAMES } from './network'
import { ONNX_USE } from './network_schema'
import { TEST_SPLITS } from './scoring'
import { EXPORT_FORMATS, EXPORT_ONLY, MODEL_FORMATS, PRECISIONS, PROVIDERS } from './terms'
import { BATCH_NORMS, CHECKED_PARTS, SCOPES, TRAIN_ON, TRAIN_OPTIONS } from './training'

const id = z.int().positive()
const path = z.string().min(1).max(4096)
/** Of a new model: in the form that names are kept in. */
const modelName = z.string().trim().normalize('NFC').min(1).max(80)
/** Names a long job, so that its progress can be told and `jobs.cancel` can end it. */
const job = z.string().min(1).max(64).optional()

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
  name: modelName,
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
    /** Pictures run at once; left out, one on a processor, and on a GPU as many as turn out to be fastest. */
    batch: z.int().min(1).max(32).optional(),
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
    name: modelName.optional(),
    arch: z.string().optional(),
    /** Of a checkpoint with 11 classes, which the tensors do not tell. */
    dataset: z.enum(['lapa', 'helen']).optional(),
    /** The side that a checkpoint is used at, where what is known of it is wrong. */
    resolution: z.int().optional(),
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
    name: modelName,
  }),
  /** Refuses the default model, and one that other models are made of. */
  'models.delete': z.object({ model: z.string().min(1) }),

  /** What a run would learn from and how, without starting one. */
  'training.survey': z.object(training),
  'training.start': z.object({ ...training, name: modelName }),
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
    /** Names of what the caller stated and did not leave to be filled in: a run that goes on must have begun with it. */
    stated: z.array(z.string()).default([]),
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
    job,
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
    job,
  }),
  'inspect.file': z.object({ file: path }),
  'doctor.run': z.object({ job }),
  'doctor.remembered': z.object({}),
} as const

export type Method = keyof typeof REQUESTS

/** Where the numbers of images, faces and runs come from the open folder: they are others' in another. */
const OF_FOLDER =
  /^(images\.|masks\.|inference\.(want|predict|confidence)$|models\.(look|compare)$|training\.(?!run$|bundle$))/

/** True for a method that speaks of what is in the open folder. */
export function isOfFolder(method: Method): boolean {
  return OF_FOLDER.test(method)
}
/** What a caller writes (defaults may be left out) and what a handler receives (defaults filled in). */
export type Request<M extends Method> = z.input<(typeof REQUESTS)[M]>
export type Checked<M extends Method> = z.output<(typeof REQUESTS)[M]>
