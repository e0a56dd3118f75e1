/** @file A finished graph as a part of a larger one. */
import { FacetError } from '../../shared/errors'
import type { Graph, GraphBuilder, Value } from './graph'

/**
 * Adds `graph`'s constants and nodes to `g`, its inputs replaced by `inputs` (by name, of the same types and shapes), its
 * constants named after `scope`. Gives its outputs by name. Throws `graph/invalid` where an input is not given.
 */
export function embed(
  g: GraphBuilder,
  graph: Graph,
  scope: string,
  inputs: Readonly<Record<string, Value>>,
): Map<string, Value> {
  const values = new Map<string, Value>()
  for (const { name } of graph.inputs) {
    const value = inputs[name]
    if (!value) throw new FacetError('graph/invalid', `Graph '${graph.name}' is embedded without '${name}'.`)
    values.set(name, value)
  }
  const find = (value: Value | null): Value | null => value && (values.get(value.name) ?? null)
  g.scope(scope, () => {
    for (const [name, tensor] of graph.initializers)
      values.set(name, g.initializer(`${scope}.${name}`, tensor))
    for (const { opType, inputs: from, outputs, attributes } of graph.nodes) {
      const made = g.node(opType, from.map(find), attributes, outputs.length)
      outputs.forEach((output, i) => {
        const value = made[i]
        if (value) values.set(output.name, value)
      })
    }
  })
  return new Map(
    graph.outputs.map((output): [string, Value] => {
      const value = find(output)
      if (!value) throw new FacetError('graph/invalid', `Graph '${graph.name}' never makes '${output.name}'.`)
      return [output.name, value]
    }),
  )
}
