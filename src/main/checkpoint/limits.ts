/** @file What a checkpoint may ask of us at most, each bound with its reason. */

/** SegFace's largest pickle (EfficientNetV2-M with its optimiser, 1,241 tensors) has some 0.5 MB. */
export const MAX_PICKLE_BYTES = 32 * 2 ** 20

/** SegFace's largest pickle runs some 100,000 opcodes; every opcode may allocate, so their number bounds memory. */
export const MAX_PICKLE_OPS = 1_000_000

/** Python writes an int of any length; the longest in a checkpoint is the legacy format's magic number, 10 bytes. */
export const MAX_PICKLE_INT_BYTES = 32

/** Of a global's module and name together. The longest in torch have some 100 characters; a file can ask for one by a few bytes. */
export const MAX_PICKLE_NAME_CHARS = 1000

/** One entry per storage: SegFace with optimiser states has some 4,000. */
export const MAX_ZIP_ENTRIES = 100_000

/** Deflate cannot shrink below 1 : 1032, so an entry that declares more is a lie. */
export const MAX_DEFLATE_RATIO = 1032

/** The published limit is 100 MB; SegFace's largest header has some 0.2 MB. */
export const MAX_SAFETENSORS_HEADER_BYTES = 16 * 2 ** 20

/**
 * All tensors together may hold this many times the file's bytes, and this much on top of it; so may the storages that
 * they lie in, each of which is read through once. Views may share a storage and entries may be deflated, both within
 * reason: expanded views, overlapping entries and zip bombs all show as far more bytes of tensors than of file.
 */
export const MAX_TENSOR_BYTES_PER_FILE_BYTE = 16
export const FREE_TENSOR_BYTES = 64 * 2 ** 20
