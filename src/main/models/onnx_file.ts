/** @file An ONNX file of others: can it be a face parser at all? What it asks for and gives, and a sentence where it cannot. */
import { readFile, stat } from 'node:fs/promises'
import { FacetError } from '../../shared/errors'
import { openForReading, readAt, unreadable } from '../base/fs'
import { looksLikeOnnx, SNIFF_BYTES, whatInstead } from '../checkpoint/detect'
import { MAX_SIDE, MIN_SIDE } from '../../shared/network'
import { readInterface, type OnnxInterface, type Port } from '../onnx/interface'

/** Node reads a file of at most 2 GiB whole, and protobuf holds no more. */
const MAX_BYTES = 2 ** 31 - 1
const MAX_CHANNELS = 256

/** An output that may be a map of classes, [1, C, h, w]. */
export interface OnnxMap {
  readonly name: string
  /** Null where the file leaves it open. */
  readonly channels: number | null
}

export interface OnnxFile {
  readonly path: string
  readonly bytes: number
  readonly input: { readonly name: string; /** Side, null where it is open. */ readonly size: number | null }
  readonly maps: readonly OnnxMap[]
  readonly params: number
  readonly metadata: ReadonlyMap<string, string>
}

/** True for a file that is an ONNX model by its name or its first bytes. */
export async function isOnnx(path: string): Promise<boolean> {
  if (path.toLowerCase().endsWith('.onnx')) return true
  const { handle, size } = await openForReading(path)
  try {
    return looksLikeOnnx(await readAt(handle, 0, Math.min(size, 3)))
  } finally {
    await handle.close()
  }
}

/** What an ONNX file asks for and gives. Throws `file/…`, or `model/unsupported` saying why it is no face parser that can be used. */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (size > MAX_BYTES)
    refuse(
      path,
      `has ${size} bytes; an ONNX file of more than 2 GiB keeps its weights beside it, and those are not read`,
    )
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const found = readInterfaceOf(path, bytes)
  if (found.hasExternalData)
    refuse(
      path,
      'keeps its weights in files beside it; save it as one file (onnx.save_model with save_as_external_data=False)',
    )
  return {
    path,
    bytes: size,
    input: pictureInput(path, found),
    maps: classMaps(path, found.outputs),
    params: found.params,
    metadata: found.metadata,
  }
}

function readInterfaceOf(path: string, bytes: Uint8Array): OnnxInterface {
  try {
    return readInterface(bytes)
  } catch (error) {
    if (!(error instanceof FacetError)) throw error
    const what =
      whatInstead(bytes.subarray(0, SNIFF_BYTES)) ?? 'it is damaged, or was cut short; download it again'
    throw new FacetError(
      'file/malformed',
      `${path} cannot be read as an ONNX model: ${what}.`,
      { file: path },
      { cause: error },
    )
  }
}

/** The one input, which must be a picture: float32 [1, 3, R, R]. */
function pictureInput(path: string, { inputs }: OnnxInterface): OnnxFile['input'] {
  const [input, ...others] = inputs
  if (input === undefined) return refuse(path, 'takes no input; a face parser takes a picture')
  if (others.length > 0) {
    const names = inputs.map(({ name }) => name).join(', ')
    return refuse(path, `takes ${inputs.length} inputs (${names}); a face parser takes one picture`)
  }
  if (input.type === 'float16')
    return refuse(
      path,
      `takes float16 (${portText(input)}); convert it so that inputs and outputs stay float32 (keep_io_types=True)`,
    )
  const shape = input.shape ?? ['?', 3, '?', '?']
  const [batch, channels, height, width] = shape
  if (input.type !== 'float32' || shape.length !== 4 || (channels !== 3 && typeof channels === 'number')) {
    const isLast = shape.length === 4 && width === 3
    const hint = isLast ? ': its channels come last; convert it to channels first' : ''
    return refuse(path, `takes ${portText(input)} and not a picture, float32 [1, 3, R, R]${hint}`)
  }
  if (typeof batch === 'number' && batch > 1)
    return refuse(path, `takes ${batch} pictures at once; export it for one, or for any number`)
  const sides = [height, width].filter((side) => typeof side === 'number')
  const [side = null, other = side] = sides
  if (side !== other) return refuse(path, `takes pictures of ${width} x ${height}; Facet feeds squares`)
  if (side !== null && (side < MIN_SIDE || side > MAX_SIDE))
    return refuse(
      path,
      `takes pictures of ${side} x ${side}; Facet runs face parsers at ${MIN_SIDE} to ${MAX_SIDE} pixels: export it for such a side, or for any`,
    )
  return { name: input.name, size: side }
}

/** The outputs that may be maps of classes; at least one. */
function classMaps(path: string, outputs: readonly Port[]): OnnxMap[] {
  const maps = outputs.flatMap(({ name, type, shape }): OnnxMap[] => {
    const channels = shape?.[1]
    const fits =
      shape === null || (shape.length === 4 && (typeof channels === 'string' || isChannelCount(channels)))
    return type === 'float32' && fits
      ? [{ name, channels: typeof channels === 'number' ? channels : null }]
      : []
  })
  if (maps.length > 0) return maps
  const text = outputs.map(portText).join('; ') || 'nothing'
  const hint = outputs.some(({ type }) => type === 'float16')
    ? 'convert it so that inputs and outputs stay float32 (keep_io_types=True)'
    : outputs.some(({ type, shape }) => /^u?int/.test(type) && (shape?.length ?? 0) >= 3)
      ? 'export it without the argmax at its end'
      : 'is it a model for another task?'
  return refuse(path, `gives ${text}; a face parser gives logits, float32 [1, classes, h, w]: ${hint}`)
}

function isChannelCount(channels: number | undefined): boolean {
  return channels !== undefined && channels >= 2 && channels <= MAX_CHANNELS
}

function portText({ name, type, shape }: Port): string {
  return `'${name}' ${type} ${shape === null ? 'of any rank' : `[${shape.join(', ')}]`}`
}

function refuse(path: string, why: string): never {
  throw new FacetError('model/unsupported', `${path} ${why}.`, { file: path })
}
