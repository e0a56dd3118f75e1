/**
 * @file Face parsers of others, small enough to make on the spot: networks that know each class by its colour, with the inputs,
 * outputs and class orders that published exports have; and pictures painted in those colours.
 */
import sharp from 'sharp'
import { tensor } from '../../src/main/base/tensor'
import { encodeModel } from '../../src/main/onnx/encode'
import { GraphBuilder } from '../../src/main/onnx/graph'
import { Conv, Resize } from '../../src/main/onnx/ops/conv'
import { Identity } from '../../src/main/onnx/ops/elementwise'
import { FIELD } from '../../src/main/onnx/schema'
import { MessageWriter, readFields, type Field } from '../../src/main/onnx/wire'
import { CLASS_NAMES, COLOURS, type Channel } from '../../src/shared/labels'
import { IMAGENET_MEAN, IMAGENET_STD, type Preprocessing } from '../../src/shared/network'

export interface ColourParser {
  /** The class of each channel; a null one is never the greatest. */
  readonly classes: readonly Channel[]
  readonly side?: number
  readonly input?: string
  /** The first is the map; the others are auxiliary maps that are wrong. */
  readonly outputs?: readonly string[]
  /** The logits' side is that of the picture over this. */
  readonly stride?: number
  readonly preprocessing?: Pick<Preprocessing, 'mean' | 'std' | 'colours'>
  readonly metadata?: Readonly<Record<string, string>>
}

const USUAL = { mean: IMAGENET_MEAN, std: IMAGENET_STD, colours: 'RGB' } as const

/** The ONNX file: minus half the squared distance to each class's colour, but for what all classes share. */
export function colourParser(options: ColourParser): Uint8Array {
  const { classes, side = 64, input = 'input', outputs = ['output'], stride = 1 } = options
  const { preprocessing = USUAL, metadata = {} } = options
  const colours = classes.map((name) =>
    normalised(name === null ? [1e4, 0, 0] : COLOURS[name], preprocessing),
  )
  const g = new GraphBuilder('colours')
  const picture = g.input(input, 'float32', [1, 3, side, side])
  const kernel = (of: readonly number[][]) =>
    tensor('float32', [of.length, 3, 1, 1], Float32Array.from(of.flat()))
  const biases = Float32Array.from(colours, (colour) => -colour.reduce((sum, x) => sum + x * x, 0) / 2)
  const bias = g.initializer('bias', tensor('float32', [classes.length], biases))
  const small = stride === 1 ? picture : Resize(g, picture, [side / stride, side / stride])
  const logits = Conv(g, small, g.initializer('kernel', kernel(colours)), bias)
  const wrong = Conv(g, small, g.initializer('wrong', kernel([...colours].reverse())), bias)
  outputs.forEach((name, i) => g.output(name, Identity(g, i === 0 ? logits : wrong)))
  return encodeModel(g.finish(), { metadata: new Map(Object.entries(metadata)) })
}

function normalised(
  rgb: readonly number[],
  { mean, std, colours }: NonNullable<ColourParser['preprocessing']>,
) {
  const ordered = colours === 'RGB' ? rgb : [...rgb].reverse()
  return ordered.map((value, i) => (value / 255 - (mean[i] ?? 0)) / (std[i] ?? 1))
}

/** Gives inputs and outputs of an ONNX file other shapes (a string leaves a dimension open) or another element type. */
export function withPorts(
  model: Uint8Array,
  ports: Readonly<Record<string, { shape?: readonly (number | string)[]; type?: number }>>,
): Uint8Array {
  return rewritten(model, FIELD.ModelProto.graph, (graph, writer) => {
    for (const part of graph.fields()) {
      const isPort = part.number === FIELD.GraphProto.input || part.number === FIELD.GraphProto.output
      const name = isPort ? [...part.fields()][0]?.string() : undefined
      const port = name === undefined ? undefined : ports[name]
      if (port && name !== undefined) writer.message(part.number, (value) => writePort(value, name, port))
      else writer.bytes(part.number, part.bytes())
    }
  })
}

/** The same network without what an exporter noted in it. */
export function withoutNotes(model: Uint8Array): Uint8Array {
  return rewritten(model, FIELD.ModelProto.metadata_props, () => undefined)
}

/** Copies a message, but for the field `number`, which `rewrite` writes. */
function rewritten(
  bytes: Uint8Array,
  number: number,
  rewrite: (field: Field, writer: MessageWriter) => void,
): Uint8Array {
  const writer = new MessageWriter()
  for (const field of readFields(bytes)) {
    if (field.number === number) writer.message(number, (nested) => rewrite(field, nested))
    else if (field.number === FIELD.ModelProto.ir_version) writer.int(field.number, field.int())
    else writer.bytes(field.number, field.bytes())
  }
  return writer.finish()
}

function writePort(
  message: MessageWriter,
  name: string,
  { shape = [], type = 1 }: { shape?: readonly (number | string)[]; type?: number },
): void {
  message.string(FIELD.ValueInfoProto.name, name)
  message.message(FIELD.ValueInfoProto.type, (value) =>
    value.message(FIELD.TypeProto.tensor_type, (dims) => {
      dims.int(FIELD.TypeProtoTensor.elem_type, type)
      dims.message(FIELD.TypeProtoTensor.shape, (list) => {
        for (const size of shape)
          list.message(FIELD.TensorShapeProto.dim, (dim) =>
            typeof size === 'number'
              ? dim.int(FIELD.Dimension.dim_value, size)
              : dim.string(FIELD.Dimension.dim_param, size),
          )
      })
    }),
  )
}

/** x, y, width, height in 64ths of the picture: one upright face, the person's left on the right; later ones cover earlier. */
const FACE: readonly (readonly [name: (typeof CLASS_NAMES)[number], ...box: [number, number, number, number]])[] = [
  ['cloth', 4, 56, 56, 8], ['neck', 24, 48, 16, 10], ['hair', 12, 4, 40, 36], ['skin', 16, 12, 32, 40],
  ['r_ear', 12, 26, 4, 10], ['l_ear', 48, 26, 4, 10], ['r_brow', 20, 20, 8, 3], ['l_brow', 36, 20, 8, 3],
  ['r_eye', 20, 25, 8, 4], ['l_eye', 36, 25, 8, 4], ['nose', 29, 28, 6, 9], ['u_lip', 26, 40, 12, 3],
  ['mouth', 26, 43, 12, 2], ['l_lip', 26, 45, 12, 3], ['hat', 12, 0, 40, 6], ['neck_l', 26, 54, 12, 2],
] // prettier-ignore

/** SegFace's numbers of the painted face, [side, side]; 64 divides side. */
export function paintedLabels(side = 64): Uint8Array {
  const labels = new Uint8Array(side * side)
  const unit = side / 64
  for (const [name, x, y, width, height] of FACE)
    for (let row = y * unit; row < (y + height) * unit; row++)
      labels.fill(CLASS_NAMES.indexOf(name), row * side + x * unit, row * side + (x + width) * unit)
  return labels
}

/** A PNG of the face in the classes' colours. */
export async function writePainted(path: string, side = 64): Promise<void> {
  const rgb = Uint8Array.from(paintedLabels(side)).reduce<number[]>((bytes, label) => {
    bytes.push(...COLOURS[CLASS_NAMES[label] ?? 'background'])
    return bytes
  }, [])
  await sharp(Uint8Array.from(rgb), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(path)
}
