/**
 * @file Bytes to a model: first a plain description of any ONNX file (`describeModel`), then, where it uses only what we
 * know, a Graph with fixed shapes (`decodeModel`). The bytes come from outside: lengths, types and counts are checked.
 */
import { FacetError } from '../../shared/errors'
import type { DType, Tensor } from '../base/tensor'
import { elementCount, elementSize, parseShape, tensorFromBytes } from '../base/tensor'
import { checkGraph } from './check'
import type { Attribute, Graph, Node, Value } from './graph'
import { float } from './graph'
import { attributeTypeOf, dtypeOfDataType, FIELD } from './schema'
import { inferNode, isOpType, MIN_OPSET, OPSET } from './shapes'
import type { Field } from './wire'
import { malformed, readFields } from './wire'

/** A model file as it stands: names instead of values, dimensions that may be symbols, operators that may be unknown. */
export interface ModelDescription {
  readonly irVersion: number
  readonly producer: string
  /** Operator set versions by domain; '' is ONNX itself. */
  readonly opsets: ReadonlyMap<string, number>
  readonly metadata: ReadonlyMap<string, string>
  readonly name: string
  readonly inputs: readonly ValueDescription[]
  readonly outputs: readonly ValueDescription[]
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly nodes: readonly NodeDescription[]
}

export interface ValueDescription {
  readonly name: string
  readonly dtype: DType
  /** Sizes; a string is a symbol such as `batch`. */
  readonly shape: readonly (number | string)[]
}

export interface NodeDescription {
  readonly opType: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/**
 * The Graph of a model file. `sizes` gives symbolic dimensions a number. Throws `file/malformed` where the bytes are
 * no ONNX model, `model/unsupported` where it uses what is not known here (an operator, a symbol without a size).
 */
export function decodeModel(bytes: Uint8Array, sizes: Readonly<Record<string, number>> = {}): Graph {
  const model = describeModel(bytes)
  const opset = model.opsets.get('') ?? 0
  if (opset < MIN_OPSET || opset > OPSET) {
    throw new FacetError(
      'model/unsupported',
      `The ONNX model is written in opset ${opset}; opsets ${MIN_OPSET} to ${OPSET} are read here.`,
      { opset },
    )
  }
  const values = new Map<string, Value>()
  const bind = (value: ValueDescription): Value => ({
    ...value,
    shape: value.shape.map((size) => fixed(value, size, sizes)),
  })
  const initializers = new Map(model.initializers)
  for (const [name, { dtype, shape }] of initializers) values.set(name, { name, dtype, shape })
  // Old files list their initializers among the inputs.
  const inputs = model.inputs.filter((input) => !initializers.has(input.name)).map(bind)
  for (const input of inputs) values.set(input.name, input)

  const nodes: Node[] = []
  for (const node of model.nodes) {
    const constant = node.opType === 'Constant' ? node.attributes['value'] : undefined
    const [output] = node.outputs
    if (constant?.type === 'tensor' && output !== undefined) {
      const { dtype, shape } = constant.value
      initializers.set(output, constant.value)
      values.set(output, { name: output, dtype, shape })
      continue
    }
    const bound = bindNode(node, values, initializers)
    for (const value of bound.outputs) values.set(value.name, value)
    nodes.push(bound)
  }
  const outputs = model.outputs.map(
    ({ name }) => values.get(name) ?? malformed(`its output '${name}' is made by no node`),
  )
  const graph = { name: model.name, opset, inputs, outputs, initializers, nodes }
  checkGraph(graph)
  return graph
}

function fixed(
  value: ValueDescription,
  size: number | string,
  sizes: Readonly<Record<string, number>>,
): number {
  if (typeof size === 'number') return size
  const bound = Object.hasOwn(sizes, size) ? sizes[size] : undefined
  if (bound !== undefined) return bound
  throw new FacetError(
    'model/unsupported',
    `The ONNX model leaves the dimension '${size}' of '${value.name}' open; give it a size.`,
    { value: value.name, dimension: size },
  )
}

function bindNode(
  node: NodeDescription,
  values: ReadonlyMap<string, Value>,
  initializers: ReadonlyMap<string, Tensor>,
): Node {
  const { opType, domain, attributes } = node
  if (!isOpType(opType) || (domain !== '' && domain !== 'ai.onnx')) {
    const name = domain === '' ? opType : `${domain}.${opType}`
    throw new FacetError(
      'model/unsupported',
      `The ONNX model uses the operator ${name}, which is not known here.`,
      {
        operator: name,
      },
    )
  }
  const inputs = node.inputs.map((name) => {
    if (name === '') return null
    return values.get(name) ?? malformed(`a ${opType} node reads '${name}' before anything makes it`)
  })
  const types = inferNode({ opType, inputs, attributes, outputNames: node.outputs }, initializers)
  const outputs = types.map((type, index) => ({ name: node.outputs[index] ?? '', ...type }))
  return { opType, inputs, outputs, attributes }
}

/** What a model file contains. Throws `file/malformed`, or `model/unsupported` for data that lies outside the file. */
export function describeModel(bytes: Uint8Array): ModelDescription {
  let irVersion = 0
  let producer = ''
  let graph: Field | undefined
  const opsets = new Map<string, number>()
  const metadata = new Map<string, string>()
  const field = FIELD.ModelProto
  for (const part of readFields(bytes)) {
    if (part.number === field.ir_version) irVersion = part.int()
    else if (part.number === field.producer_name) producer = part.string()
    else if (part.number === field.graph) graph = part
    else if (part.number === field.opset_import) {
      const [domain, version] = readPair(part, FIELD.OperatorSetIdProto)
      opsets.set(domain?.string() ?? '', version?.int() ?? 0)
    } else if (part.number === field.metadata_props) {
      const [key, value] = readPair(part, FIELD.StringStringEntryProto)
      metadata.set(key?.string() ?? '', value?.string() ?? '')
    } else if (part.number === field.functions) {
      throw new FacetError(
        'model/unsupported',
        'The ONNX model defines functions of its own, which are not read here.',
      )
    }
  }
  if (graph === undefined || irVersion < 1) return malformed('it holds no graph')
  return { irVersion, producer, opsets, metadata, ...readGraph(graph) }
}

/** The two fields of a small message. */
function readPair(message: Field, numbers: Readonly<Record<string, number>>): (Field | undefined)[] {
  const fields = [...message.fields()]
  return Object.values(numbers).map((number) => fields.find((field) => field.number === number))
}

function readGraph(message: Field): Omit<ModelDescription, 'irVersion' | 'producer' | 'opsets' | 'metadata'> {
  let name = ''
  const inputs: ValueDescription[] = []
  const outputs: ValueDescription[] = []
  const initializers = new Map<string, Tensor>()
  const nodes: NodeDescription[] = []
  const field = FIELD.GraphProto
  for (const part of message.fields()) {
    if (part.number === field.name) name = part.string()
    else if (part.number === field.node) nodes.push(readNode(part))
    else if (part.number === field.input) inputs.push(readValue(part))
    else if (part.number === field.output) outputs.push(readValue(part))
    else if (part.number === field.sparse_initializer) {
      throw new FacetError(
        'model/unsupported',
        'The ONNX model holds sparse tensors, which are not read here.',
      )
    } else if (part.number === field.initializer) {
      const tensor = readTensor(part)
      if (initializers.has(tensor.name)) malformed(`the initializer '${tensor.name}' is there twice`)
      initializers.set(tensor.name, tensor.tensor)
    }
  }
  return { name, inputs, outputs, initializers, nodes }
}

function readNode(message: Field): NodeDescription {
  let opType = ''
  let domain = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: [string, Attribute][] = []
  const field = FIELD.NodeProto
  for (const part of message.fields()) {
    if (part.number === field.op_type) opType = part.string()
    else if (part.number === field.domain) domain = part.string()
    else if (part.number === field.input) inputs.push(part.string())
    else if (part.number === field.output) outputs.push(part.string())
    else if (part.number === field.attribute) attributes.push(readAttribute(part))
  }
  return { opType, domain, inputs, outputs, attributes: Object.fromEntries(attributes) }
}

function readAttribute(message: Field): [string, Attribute] {
  const parts = [...message.fields()]
  const all = (number: number) => parts.filter((part) => part.number === number)
  const field = FIELD.AttributeProto
  const name = all(field.name)[0]?.string() ?? ''
  const code = all(field.type)[0]?.int() ?? 0
  const type = attributeTypeOf(code)
  switch (type) {
    case 'int':
      return [name, { type, value: all(field.i)[0]?.int() ?? 0 }]
    case 'float':
      return [name, float(all(field.f)[0]?.float() ?? 0)]
    case 'string':
      return [name, { type, value: all(field.s)[0]?.string() ?? '' }]
    case 'tensor': {
      const [tensor] = all(field.t)
      return [
        name,
        { type, value: tensor === undefined ? malformed(`'${name}' is empty`) : readTensor(tensor).tensor },
      ]
    }
    case 'ints':
      return [name, { type, value: all(field.ints).flatMap((part) => part.ints()) }]
    case 'floats': {
      const bytes = joined(all(field.floats).map((part) => part.fixed(4)))
      const values = tensorFromBytes('float32', [bytes.length / 4], bytes).data as Float32Array
      return [name, { type, value: [...values] }]
    }
    case 'strings':
      return [name, { type, value: all(field.strings).map((part) => part.string()) }]
    case undefined:
      throw new FacetError(
        'model/unsupported',
        `The ONNX model's attribute '${name}' has the type ${code}, which is not read here.`,
      )
  }
}

function readTensor(message: Field): { name: string; tensor: Tensor } {
  const parts = [...message.fields()]
  const all = (number: number) => parts.filter((part) => part.number === number)
  const field = FIELD.TensorProto
  const name = all(field.name)[0]?.string() ?? ''
  if ((all(field.data_location)[0]?.int() ?? 0) !== 0) {
    throw new FacetError('model/unsupported', `The ONNX model keeps the tensor '${name}' in another file.`)
  }
  const dtype = readDtype(all(field.data_type)[0], name)
  const dims = all(field.dims).flatMap((part) => part.ints())
  const shape = parseShape(dims) ?? malformed(`the tensor '${name}' has the shape [${dims}]`)
  const [raw] = all(field.raw_data)
  const bytes = raw?.bytes() ?? typedBytes(dtype, all)
  const expected = elementCount(shape) * elementSize(dtype)
  if (bytes.length !== expected) {
    malformed(`the tensor '${name}' of shape [${shape}] needs ${expected} bytes but has ${bytes.length}`)
  }
  return { name, tensor: tensorFromBytes(dtype, shape, bytes) }
}

/** Elements that stand in typed fields instead of raw_data; narrow integers and float16 bits travel as int32. */
function typedBytes(dtype: DType, all: (number: number) => readonly Field[]): Uint8Array {
  const field = FIELD.TensorProto
  if (dtype === 'float32') return joined(all(field.float_data).map((part) => part.fixed(4)))
  if (dtype === 'float64') return joined(all(field.double_data).map((part) => part.fixed(8)))
  const numbers = all(dtype === 'int64' ? field.int64_data : field.int32_data).flatMap((part) =>
    part.int64s(),
  )
  const width = elementSize(dtype)
  const wide = new Uint8Array(BigInt64Array.from(numbers).buffer)
  return joined(numbers.map((_, index) => wide.subarray(8 * index, 8 * index + width)))
}

function readValue(message: Field): ValueDescription {
  const parts = [...message.fields()]
  const name = parts.find((part) => part.number === FIELD.ValueInfoProto.name)?.string() ?? ''
  const type = nested(parts, FIELD.ValueInfoProto.type)
  const tensor = [...nested(type, FIELD.TypeProto.tensor_type)]
  const dtype = readDtype(
    tensor.find((part) => part.number === FIELD.TypeProtoTensor.elem_type),
    name,
  )
  const dims = nested(tensor, FIELD.TypeProtoTensor.shape).filter(
    (part) => part.number === FIELD.TensorShapeProto.dim,
  )
  return { name, dtype, shape: dims.map(readDimension) }
}

function readDimension(message: Field): number | string {
  for (const part of message.fields()) {
    if (part.number === FIELD.Dimension.dim_value) {
      const size = part.int()
      return size >= 0 ? size : malformed(`a dimension is ${size}`)
    }
    if (part.number === FIELD.Dimension.dim_param) return part.string()
  }
  return '?'
}

function readDtype(field: Field | undefined, name: string): DType {
  const code = field?.int() ?? 0
  const dtype = dtypeOfDataType(code)
  if (dtype !== undefined) return dtype
  throw new FacetError(
    'model/unsupported',
    `The ONNX model's '${name}' has the element type ${code}, which is not read here.`,
  )
}

function nested(parts: readonly Field[], number: number): readonly Field[] {
  const part = parts.find((candidate) => candidate.number === number)
  return part === undefined ? [] : [...part.fields()]
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
