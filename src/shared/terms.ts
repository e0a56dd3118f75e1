/** @file The closed lists of words that requests, answers and stores share. */

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

/** `works`, or why a provider is not used; one that is `slow` was not tried with the model. */
export const TRIAL_VERDICTS = ['works', 'absent', 'failed', 'wrong', 'slow'] as const
export type TrialVerdict = (typeof TRIAL_VERDICTS)[number]
