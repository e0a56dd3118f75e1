/** @file The text form of a graph, one line a value: `%y:f32[1,256] = LayerNormalization(%x, %gamma, %beta) {axis=-1}`. */
import { assertNever } from '../../shared/assert'
import type { DType, Tensor } from '../base/tensor'
import type { Attribute, Graph, Node, Value } from './graph'

/** Element types in print. */
const SHORT: Readonly<Record<DType, string>> = {
  float16: 'f16', bfloat16: 'bf16', float32: 'f32', float64: 'f64',
  int8: 'i8', int16: 'i16', int32: 'i32', int64: 'i64', uint8: 'u8', bool: 'bool',
} // prettier-ignore

/** Constants up to this many elements are printed whole: shapes, axes, scalars. */
const MAX_PRINTED_ELEMENTS = 8

/**
 * The graph as text: a header with inputs and outputs, then constants, then nodes in order. Equal texts mean equal
 * structure; the elements of large constants are left out.
 */
export function printGraph(graph: Graph): string {
  return [
    `graph ${graph.name} (${graph.inputs.map(typed).join(', ')}) -> (${graph.outputs.map(typed).join(', ')}) opset ${graph.opset}`,
    ...[...graph.initializers].map(([name, tensor]) => `  ${typed({ ...tensor, name })}${elements(tensor)}`),
    ...graph.nodes.map((node) => `  ${printNode(node)}`),
  ].join('\n')
}

/** One node's line. */
export function printNode(node: Node): string {
  const inputs = node.inputs.map((value) => (value === null ? '_' : `%${value.name}`)).join(', ')
  const attributes = Object.entries(node.attributes).map(
    ([name, attribute]) => `${name}=${printed(attribute)}`,
  )
  const braces = attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`
  return `${node.outputs.map(typed).join(', ')} = ${node.opType}(${inputs})${braces}`
}

function typed({ name, dtype, shape }: Value): string {
  return `%${name}:${SHORT[dtype]}[${shape.join(',')}]`
}

function elements({ data, shape }: Tensor): string {
  if (data.length > MAX_PRINTED_ELEMENTS) return ''
  const values = Array.from(data as ArrayLike<number | bigint>, (value) =>
    data instanceof Float32Array ? single(Number(value)) : String(value),
  )
  return ` = ${shape.length === 0 ? values.join() : `[${values.join(', ')}]`}`
}

function printed(attribute: Attribute): string {
  switch (attribute.type) {
    case 'int':
      return String(attribute.value)
    case 'float':
      return single(attribute.value)
    case 'string':
      return JSON.stringify(attribute.value)
    case 'tensor':
      return `${typed({ ...attribute.value, name: '' })}${elements(attribute.value)}`
    case 'ints':
      return `[${attribute.value.join(', ')}]`
    case 'floats':
      return `[${attribute.value.map(single).join(', ')}]`
    case 'strings':
      return JSON.stringify(attribute.value)
    default:
      return assertNever(attribute)
  }
}

/** The shortest decimal that reads back as the same single-precision number: 0.001, not 0.0010000000474974513. */
function single(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(value)
}
