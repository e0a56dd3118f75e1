/**
 * @file What any ONNX file asks for and gives, whatever operators, functions or types it holds inside: its inputs, outputs and
 * notes, without reading its weights. `describeModel` is for files that we understand whole.
 */
import { elementCount, parseShape } from '../base/tensor'
import { dtypeOfDataType, FIELD } from './schema'
import type { Field } from './wire'
import { malformed, readFields } from './wire'

export interface OnnxInterface {
  readonly producer: string
  readonly metadata: ReadonlyMap<string, string>
  /** Without those that only repeat an initializer, as old files do. */
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Floating-point numbers among its initializers. */
  readonly params: number
  /** True where its weights lie in files beside it. */
  readonly hasExternalData: boolean
}

export interface Port {
  readonly name: string
  /** Our name of the element type, or `unknown` for one that we have no name for, and for what is no tensor. */
  readonly type: string
  /** A string is an open dimension, by its symbol or `?`; null where even the rank is open. */
  readonly shape: readonly (number | string)[] | null
}

const FLOATING: readonly string[] = ['float16', 'bfloat16', 'float32', 'float64']

/** The interface of an ONNX file. Throws `file/malformed` where the bytes are no ONNX model, or cut short. */
export function readInterface(bytes: Uint8Array): OnnxInterface {
  let producer = ''
  let graph: Field | undefined
  const metadata = new Map<string, string>()
  for (const part of readFields(bytes)) {
    if (part.number === FIELD.ModelProto.producer_name) producer = part.string()
    else if (part.number === FIELD.ModelProto.graph) graph = part
    else if (part.number === FIELD.ModelProto.metadata_props) {
      const fields = [...part.fields()]
      const text = (number: number) => fields.find((field) => field.number === number)?.string() ?? ''
      metadata.set(text(FIELD.StringStringEntryProto.key), text(FIELD.StringStringEntryProto.value))
    }
  }
  if (graph === undefined) return malformed('it holds no graph')

  const inputs: Port[] = []
  const outputs: Port[] = []
  const initializers = new Set<string>()
  let params = 0
  let hasExternalData = false
  for (const part of graph.fields()) {
    if (part.number === FIELD.GraphProto.input) inputs.push(readPort(part))
    else if (part.number === FIELD.GraphProto.output) outputs.push(readPort(part))
    else if (part.number === FIELD.GraphProto.initializer) {
      const { name, type, count, isExternal } = readInitializer(part)
      initializers.add(name)
      if (FLOATING.includes(type)) params += count
      hasExternalData ||= isExternal
    }
  }
  const asked = inputs.filter(({ name }) => !initializers.has(name))
  return { producer, metadata, inputs: asked, outputs, params, hasExternalData }
}

function readInitializer(message: Field): {
  name: string
  type: string
  count: number
  isExternal: boolean
} {
  const field = FIELD.TensorProto
  const dims: number[] = []
  let name = ''
  let type = 'unknown'
  let isExternal = false
  for (const part of message.fields()) {
    if (part.number === field.dims) dims.push(...part.ints())
    else if (part.number === field.data_type) type = typeName(part)
    else if (part.number === field.name) name = part.string()
    else if (part.number === field.data_location) isExternal = part.int() !== 0
  }
  const shape = parseShape(dims) ?? malformed(`the tensor '${name}' has the shape [${dims}]`)
  return { name, type, count: elementCount(shape), isExternal }
}

function readPort(message: Field): Port {
  const parts = [...message.fields()]
  const name = parts.find((part) => part.number === FIELD.ValueInfoProto.name)?.string() ?? ''
  const tensor = [...inside(inside(parts, FIELD.ValueInfoProto.type), FIELD.TypeProto.tensor_type)]
  const elements = tensor.find((part) => part.number === FIELD.TypeProtoTensor.elem_type)
  const shape = tensor.find((part) => part.number === FIELD.TypeProtoTensor.shape)
  return {
    name,
    type: elements ? typeName(elements) : 'unknown',
    shape: shape ? Array.from(shape.fields(), readDimension) : null,
  }
}

function readDimension(message: Field): number | string {
  for (const part of message.fields()) {
    if (part.number === FIELD.Dimension.dim_value) {
      // Some exporters write an open dimension as -1 or 0.
      const size = part.int()
      return size > 0 ? size : '?'
    }
    if (part.number === FIELD.Dimension.dim_param) return part.string() || '?'
  }
  return '?'
}

function typeName(field: Field): string {
  return dtypeOfDataType(field.int()) ?? 'unknown'
}

function inside(parts: readonly Field[], number: number): readonly Field[] {
  const part = parts.find((candidate) => candidate.number === number)
  return part === undefined ? [] : [...part.fields()]
}
