/** @file How much memory a graph will take, before it is run: the most that is alive at once, node after node. */
import { elementCount, elementSize } from '../base/tensor'
import type { Graph, Value } from '../onnx/graph'

const bytesOf = ({ dtype, shape }: Value): number => elementCount(shape) * elementSize(dtype)

/** Bytes of inputs, constants and all values alive at the worst moment; what a runtime adds for itself is not in it. */
export function peakBytes(graph: Graph): number {
  const lastRead = new Map<string, number>()
  graph.nodes.forEach((node, index) => {
    for (const input of node.inputs) if (input !== null) lastRead.set(input.name, index)
  })
  for (const output of graph.outputs) lastRead.set(output.name, Infinity)
  const constants = [...graph.initializers].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  const fixed = [...graph.inputs, ...constants].reduce((sum, value) => sum + bytesOf(value), 0)

  const dies = new Map<number, number>()
  let [alive, most] = [0, 0]
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      alive += bytesOf(output)
      const end = lastRead.get(output.name) ?? index
      dies.set(end, (dies.get(end) ?? 0) + bytesOf(output))
    }
    most = Math.max(most, alive)
    alive -= dies.get(index) ?? 0
  })
  return fixed + most
}
