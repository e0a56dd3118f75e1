/** @file A graph without what its outputs do not depend on: nodes and constants that nothing reads. Inputs stay. */
import type { Graph } from './graph'

/** `graph` with the same inputs and outputs; what is left of its nodes keeps its order. */
export function pruneGraph(graph: Graph): Graph {
  const read = new Set(graph.outputs.map((output) => output.name))
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => read.has(output.name))) return false
      for (const input of node.inputs) if (input !== null) read.add(input.name)
      return true
    })
    .toReversed()
  const initializers = new Map([...graph.initializers].filter(([name]) => read.has(name)))
  return { ...graph, nodes, initializers }
}
