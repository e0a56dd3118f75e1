/**
 * @file The numbers of onnx.proto: message fields, element types, attribute types, of the parts that a graph of tensors needs.
 * Reference: https://github.com/onnx/onnx/blob/v1.15.0/onnx/onnx.proto (IR version 9, opset 20).
 */
import type { DType } from '../base/tensor'
import { DTYPES } from '../base/tensor'
import type { Attribute } from './graph'

/** The IR version that goes with opset 20. */
export const IR_VERSION = 9

/** Field numbers by message. */
export const FIELD = {
  ModelProto: {
    ir_version: 1,
    producer_name: 2,
    producer_version: 3,
    graph: 7,
    opset_import: 8,
    metadata_props: 14,
    functions: 25,
  },
  OperatorSetIdProto: { domain: 1, version: 2 },
  StringStringEntryProto: { key: 1, value: 2 },
  GraphProto: { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparse_initializer: 15 },
  NodeProto: { input: 1, output: 2, name: 3, op_type: 4, attribute: 5, domain: 7 },
  AttributeProto: { name: 1, f: 2, i: 3, s: 4, t: 5, floats: 7, ints: 8, strings: 9, type: 20 },
  TensorProto: {
    dims: 1,
    data_type: 2,
    float_data: 4,
    int32_data: 5,
    int64_data: 7,
    name: 8,
    raw_data: 9,
    double_data: 10,
    data_location: 14,
  },
  ValueInfoProto: { name: 1, type: 2 },
  TypeProto: { tensor_type: 1 },
  TypeProtoTensor: { elem_type: 1, shape: 2 },
  TensorShapeProto: { dim: 1 },
  Dimension: { dim_value: 1, dim_param: 2 },
} as const

/** TensorProto.DataType by our element types. */
export const DATA_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
}

/** The element type of a TensorProto.DataType, or undefined for one that is not used here (strings, complex, 4-bit, …). */
export function dtypeOfDataType(code: number): DType | undefined {
  return DTYPES.find((dtype) => DATA_TYPE[dtype] === code)
}

/** AttributeProto.AttributeType by our tags. */
export const ATTRIBUTE_TYPE: Readonly<Record<Attribute['type'], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
}

/** The tag of an AttributeType, or undefined for one that is not used here (graphs, sparse tensors, types). */
export function attributeTypeOf(code: number): Attribute['type'] | undefined {
  return (Object.keys(ATTRIBUTE_TYPE) as Attribute['type'][]).find((type) => ATTRIBUTE_TYPE[type] === code)
}
