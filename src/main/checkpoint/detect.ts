/** @file What a file that should be a checkpoint really is, by its first bytes: a format, or a friendly verdict. */
import { noteOf } from '../../shared/notes'
import { LEGACY_MAGIC } from './legacy'
import { malformed } from './checkpoint'

/** How many first bytes `detectFormat` looks at. */
export const SNIFF_BYTES = 1024

/** First bytes of what people drop by mistake, and what to say of it. */
const OTHERS: readonly (readonly [start: string, what: string])[] = [
  ['\xff\xd8\xff', 'it is a picture (JPEG), not a model'],
  ['\x89PNG', 'it is a picture (PNG), not a model'],
  ['GIF8', 'it is a picture (GIF), not a model'],
  ['%PDF', 'it is a PDF document, not a model'],
  ['\x1f\x8b', 'it is packed with gzip; unpack it first'],
  ['Rar!', 'it is a RAR archive; unpack it first'],
  ['7z\xbc\xaf', 'it is a 7z archive; unpack it first'],
  ['\x89HDF', 'it is a Keras model (HDF5), and no face parser of Keras is known here'],
  ['GGUF', 'it is a language model (GGUF)'],
]

export type FileFormat = 'torch-zip' | 'torch-legacy' | 'safetensors'

const RE_HTML = /^\s*<(!doctype html|html|head|body|\?xml)/i
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1'
const RE_LFS_SIZE = /^size (\d+)$/m

/** True for the first bytes of an ONNX model: `ir_version`, then one of ModelProto's other small fields. */
export function looksLikeOnnx([tag, version = 0, next = 0]: Uint8Array): boolean {
  return (
    tag === 0x08 && version > 0 && version < 32 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next)
  )
}

/** What a file is that people take for a model, by its first bytes, and what to do; null where they say nothing. */
export function whatInstead(start: Uint8Array): string | null {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength)
  const beginning = text.toString('utf8').replace(/^\ufeff/, '')
  if (RE_HTML.test(beginning)) return noteOf('webPage', {})
  if (beginning.startsWith(LFS_POINTER)) {
    const size = RE_LFS_SIZE.exec(beginning)?.[1]
    const file = size === undefined ? 'the file itself' : `the file of ${size} bytes`
    return `it is only a Git LFS pointer to ${file}; run "git lfs pull" or download it`
  }
  return OTHERS.find(([first]) => text.toString('latin1', 0, first.length) === first)?.[1] ?? null
}

/** The format of a checkpoint by its first bytes; throws `checkpoint/malformed` with what the file is instead. */
export function detectFormat(path: string, start: Uint8Array, fileSize: number): FileFormat {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength)
  if (fileSize === 0) throw malformed(path, noteOf('fileEmpty', {}))
  if (text.toString('latin1', 0, 4) === 'PK\x03\x04') return 'torch-zip'
  if (text.subarray(0, LEGACY_MAGIC.length).equals(LEGACY_MAGIC)) return 'torch-legacy'
  // A safetensors file starts with its header's length and then the header, a JSON object.
  if (fileSize >= 10 && text[8] === 0x7b && text.readBigUInt64LE(0) <= BigInt(fileSize)) return 'safetensors'
  if (looksLikeOnnx(start)) {
    throw malformed(
      path,
      'it is an ONNX model, and here only a file of tensors will do; name the .pt or .safetensors file that it was exported from',
    )
  }
  const verdict = whatInstead(start)
  if (verdict !== null) throw malformed(path, verdict)
  if (text[0] === 0x80) {
    throw malformed(path, 'it is a plain Python pickle; save the state_dict() with torch.save instead')
  }
  const hex = text.toString('hex', 0, 8)
  throw malformed(path, noteOf('noKnownBytes', { hex }))
}
