/** @file Graph to bytes: an ONNX ModelProto that onnxruntime and every other ONNX tool reads. */
import type { Tensor } from '../base/tensor'
import { tensorBytes } from '../base/tensor'
import { assertNever } from '../../shared/assert'
import { checkGraph } from './check'
import type { Attribute, Graph, Node, Value } from './graph'
import { ATTRIBUTE_TYPE, DATA_TYPE, FIELD, IR_VERSION } from './schema'
import { UNKNOWN } from './shapes'
import { MessageWriter } from './wire'

/** What a model file says about itself beside its graph. */
export interface ModelNotes {
  /** Key and value pairs, shown by every model viewer: architecture, classes, resolution, … */
  readonly metadata?: ReadonlyMap<string, string>
}

/** The model file of a graph, which is examined first. Weights are copied once, into the result. */
export function encodeModel(graph: Graph, notes: ModelNotes = {}): Uint8Array {
  checkGraph(graph)
  const model = new MessageWriter()
  const field = FIELD.ModelProto
  model.int(field.ir_version, IR_VERSION)
  model.string(field.producer_name, 'facet')
  model.message(field.graph, (message) => writeGraph(message, graph))
  model.message(field.opset_import, (message) => {
    message.string(FIELD.OperatorSetIdProto.domain, '')
    message.int(FIELD.OperatorSetIdProto.version, graph.opset)
  })
  for (const [key, value] of notes.metadata ?? []) {
    model.message(field.metadata_props, (message) => {
      message.string(FIELD.StringStringEntryProto.key, key)
      message.string(FIELD.StringStringEntryProto.value, value)
    })
  }
  return model.finish()
}

function writeGraph(message: MessageWriter, graph: Graph): void {
  const field = FIELD.GraphProto
  for (const node of graph.nodes) message.message(field.node, (nested) => writeNode(nested, node))
  message.string(field.name, graph.name)
  for (const [name, tensor] of graph.initializers) {
    message.message(field.initializer, (nested) => writeTensor(nested, name, tensor))
  }
  for (const value of graph.inputs) message.message(field.input, (nested) => writeValue(nested, value))
  for (const value of graph.outputs) message.message(field.output, (nested) => writeValue(nested, value))
}

function writeNode(message: MessageWriter, node: Node): void {
  const field = FIELD.NodeProto
  for (const input of node.inputs) message.string(field.input, input?.name ?? '')
  for (const output of node.outputs) message.string(field.output, output.name)
  message.string(field.name, node.outputs[0]?.name ?? '')
  message.string(field.op_type, node.opType)
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message.message(field.attribute, (nested) => writeAttribute(nested, name, attribute))
  }
}

function writeAttribute(message: MessageWriter, name: string, attribute: Attribute): void {
  const field = FIELD.AttributeProto
  message.string(field.name, name)
  switch (attribute.type) {
    case 'int':
      message.int(field.i, attribute.value)
      break
    case 'float':
      message.float(field.f, attribute.value)
      break
    case 'string':
      message.string(field.s, attribute.value)
      break
    case 'tensor':
      message.message(field.t, (nested) => writeTensor(nested, '', attribute.value))
      break
    case 'ints':
      for (const value of attribute.value) message.int(field.ints, value)
      break
    case 'floats':
      for (const value of attribute.value) message.float(field.floats, value)
      break
    case 'strings':
      for (const value of attribute.value) message.string(field.strings, value)
      break
    default:
      assertNever(attribute)
  }
  message.int(field.type, ATTRIBUTE_TYPE[attribute.type])
}

function writeTensor(message: MessageWriter, name: string, tensor: Tensor): void {
  const field = FIELD.TensorProto
  for (const size of tensor.shape) message.int(field.dims, size)
  message.int(field.data_type, DATA_TYPE[tensor.dtype])
  message.string(field.name, name)
  message.bytes(field.raw_data, tensorBytes(tensor))
}

function writeValue(message: MessageWriter, value: Value): void {
  message.string(FIELD.ValueInfoProto.name, value.name)
  message.message(FIELD.ValueInfoProto.type, (type) =>
    type.message(FIELD.TypeProto.tensor_type, (tensor) => {
      tensor.int(FIELD.TypeProtoTensor.elem_type, DATA_TYPE[value.dtype])
      tensor.message(FIELD.TypeProtoTensor.shape, (shape) => {
        for (const size of value.shape) {
          shape.message(FIELD.TensorShapeProto.dim, (dim) => {
            if (size !== UNKNOWN) dim.int(FIELD.Dimension.dim_value, size)
          })
        }
      })
    }),
  )
}
