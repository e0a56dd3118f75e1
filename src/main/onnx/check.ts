/** @file The graph's examiner: each value made once and before it is read, shapes as inference says, opset known. */
import { FacetError } from '../../shared/errors'
import type { Graph, Value } from './graph'
import { inferNode, MIN_OPSET, OPSET } from './shapes'

/**
 * Throws `graph/invalid`, naming the node, unless: the opset is one we write; every value is made exactly once;
 * inputs are made before they are read; every output's type and shape are what inference gives; graph outputs exist.
 */
export function checkGraph(graph: Graph): void {
  const fail = (problem: string): never => {
    throw new FacetError('graph/invalid', `The graph '${graph.name}' is not valid: ${problem}.`)
  }
  if (graph.opset < MIN_OPSET || graph.opset > OPSET) {
    fail(`it is written in opset ${graph.opset}; ${MIN_OPSET} to ${OPSET} are known`)
  }

  const made = new Map<string, Value>()
  const make = (value: Value) => {
    if (value.name === '') fail('a value has no name')
    if (made.has(value.name)) fail(`'${value.name}' is made twice`)
    made.set(value.name, value)
  }
  const read = (value: Value, by: string) => {
    const known = made.get(value.name) ?? fail(`${by} reads '${value.name}' before anything makes it`)
    if (!sameType(known, value)) fail(`${by} reads '${text(value)}', which was made as '${text(known)}'`)
  }

  for (const input of graph.inputs) make(input)
  for (const [name, { dtype, shape }] of graph.initializers) make({ name, dtype, shape })
  for (const node of graph.nodes) {
    const outputNames = node.outputs.map((output) => output.name)
    for (const input of node.inputs)
      if (input !== null) read(input, `${node.opType} '${outputNames[0] ?? ''}'`)
    const types = inferNode({ ...node, outputNames }, graph.initializers)
    node.outputs.forEach((output, index) => {
      const type = types[index]
      if (type === undefined || !sameType(type, output)) {
        fail(`${node.opType} makes '${text(output)}', but its inputs give ${type?.dtype}[${type?.shape}]`)
      }
      make(output)
    })
  }
  for (const output of graph.outputs) read(output, 'the list of outputs')
}

function sameType(a: Omit<Value, 'name'>, b: Omit<Value, 'name'>): boolean {
  return a.dtype === b.dtype && String(a.shape) === String(b.shape)
}

function text(value: Value): string {
  return `${value.name}:${value.dtype}[${value.shape}]`
}
