/** @file The nodes of one graph in another, some of them replaced: what passes over finished graphs share. */
import type { Graph, GraphBuilder, Node, Value } from './graph'

/** What stands for a node's output, made in the builder of its own inputs there; null where the node is kept. */
type Replacement = (node: Node, inputs: readonly (Value | null)[]) => Value | null

/**
 * Adds the nodes of `graph` to `g`, which has its inputs and constants, or values that stand for them in `replaced`. Answers
 * which value of `g` stands for one of the graph.
 */
export function rewriteNodes(
  g: GraphBuilder,
  graph: Graph,
  replacement: Replacement = () => null,
  replaced: ReadonlyMap<string, Value> = new Map(),
): (value: Value) => Value {
  const standing = new Map(replaced)
  const current = (value: Value): Value => standing.get(value.name) ?? value
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => value && current(value))
    const [output] = node.outputs
    const other = replacement(node, inputs)
    if (output && other) standing.set(output.name, other)
    else g.keep(node, inputs)
  }
  return current
}
