/**
 * @file Several networks as one that takes some parts from each. Of two, at every pixel: where either says one of the chosen
 * parts, the other's word holds, else the base's. So a part is taken whole: where the other sees it and the base does
 * not, and where the base sees it and the other does not.
 */
import { FacetError } from '../../shared/errors'
import { CLASS_NAMES, PART_INDEX, type PartName } from '../../shared/labels'
import { embed } from '../onnx/embed'
import { GraphBuilder, type Graph, type Value } from '../onnx/graph'
import { Greater, Max, Sub, Where } from '../onnx/ops/elementwise'
import { ReduceMax } from '../onnx/ops/norm'
import { Gather } from '../onnx/ops/shape'

/** Parts to be taken from a network; of its graph `image` and `logits` are used. */
export interface TakenParts {
  readonly graph: Graph
  readonly parts: readonly PartName[]
}

/**
 * The graph of `base` with parts of `taken` put in, one after another: `image` [N, 3, R, R] to `logits` [N, 19, R, R],
 * of each pixel those of one network. The same graph where nothing is taken. Throws `model/unsupported` where the networks
 * differ in resolution or classes.
 */
export function buildMixture(base: Graph, taken: readonly TakenParts[]): Graph {
  if (taken.length === 0) return base
  const [port] = base.inputs
  if (!port) throw new FacetError('graph/invalid', `Graph '${base.name}' has no input.`)
  const g = new GraphBuilder(`${base.name}_mixed`)
  const image = g.input(port.name, port.dtype, port.shape)
  let logits = logitsOf(g, base, 'base', image)
  taken.forEach(({ graph, parts }, i) => {
    const other = logitsOf(g, graph, `taken${i + 1}`, image)
    if (other.shape.join() !== logits.shape.join() || other.shape[1] !== CLASS_NAMES.length)
      throw new FacetError(
        'model/unsupported',
        `Parts can only be taken from a network like the other: their logits are [${logits.shape.join(', ')}] and [${other.shape.join(', ')}].`,
      )
    const isTaken = Greater(g, Max(g, lead(g, logits, parts), lead(g, other, parts)), 0)
    logits = Where(g, isTaken, other, logits)
  })
  g.output('logits', logits)
  return g.finish()
}

function logitsOf(g: GraphBuilder, graph: Graph, scope: string, image: Value): Value {
  const logits = embed(g, graph, scope, { image }).get('logits')
  if (!logits) throw new FacetError('graph/invalid', `Graph '${graph.name}' has no logits.`)
  return logits
}

/** By how much the greatest logit of `parts` is above that of all other classes, [N, 1, R, R]: above 0 where one of them wins. */
function lead(g: GraphBuilder, logits: Value, parts: readonly PartName[]): Value {
  const chosen = new Set(parts.map((part) => PART_INDEX[part] + 1))
  const rest = CLASS_NAMES.flatMap((_, k) => (chosen.has(k) ? [] : [k]))
  const greatest = (classes: readonly number[]): Value =>
    ReduceMax(g, Gather(g, logits, g.int64s(classes), 1), [1])
  return Sub(g, greatest([...chosen]), greatest(rest))
}
