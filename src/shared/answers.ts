/** @file What each method of the backend answers. */
import type { PartName } from './labels'
import type { ClassSet, OnnxUse, PresetName } from './network'
import type { Method, Settings } from './requests'
import type { TestReport } from './scoring'
import type { ModelFormat, Precision, Provider, Split, Status, TrialVerdict } from './terms'
import type {
  ModelComparison,
  PreviewFace,
  StepReport,
  TrainingBundle,
  TrainingProgress,
  TrainingRun,
  TrainingSummary,
  TrainingSurvey,
  TrainSettings,
} from './training'

export interface AppInfo {
  version: string
  /** Two-letter language of the system. */
  language: string
  platform: string
  /** Those that are worth trying on this platform. */
  providers: readonly Provider[]
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
  /** Part of the addresses of its pictures: another one for another workspace's image, and after each change of the file. */
  version: string
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
  /** As its row has it. */
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
  /** The image that `problem` is about; null where it is about all of them. */
  problemImage: number | null
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
  /** What its import found to beware of, in English sentences that a window says in its own language (notes.ts). */
  warnings: string[]
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

export interface WrittenDataset extends DatasetSummary {
  out: string
}

export interface ExportSummary extends WrittenDataset {
  /** Images that were asked for and have no masks yet. */
  unmasked: number
}

export interface ProviderTrial {
  provider: Provider
  verdict: TrialVerdict
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
