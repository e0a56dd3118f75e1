/**
 * @file Matrix products of a long inner side K and a small result, cut along K into many that are summed up ("split-K"). A
 * graphics device computes every tile of a result on one of its many cores, start to end: of a gradient of 16 x 3 weights
 * over 16,384 pixels it uses one, and takes as long as for a thousand times the work.
 */
import { at } from '../../shared/assert'
import { elementCount } from '../base/tensor'
import { GraphBuilder, type Graph, type Node, type Value } from './graph'
import { MatMul } from './ops/linear'
import { ReduceSum } from './ops/norm'
import { Reshape, Transpose } from './ops/shape'
import { rewriteNodes } from './rewrite'

/** Side of the tiles that kernels compute, about. */
const TILE = 32
/** Tiles that keep a large device busy; more are only more to sum up. */
const TILES = 256
/** Shorter pieces of K are not worth it, nor is a cut into fewer. */
const SHORTEST = 128
const FEWEST = 4

/** The graph with its long products cut; what it computes stays the same but for rounding. */
export function splitLongProducts(graph: Graph): Graph {
  const g = new GraphBuilder(graph.name, { ...graph, outputs: [], nodes: [] })
  let isSame = true
  const current = rewriteNodes(g, graph, (node, [a, b]) => {
    const product = productOf(node)
    const pieces = product === null ? 1 : piecesOf(product)
    if (!a || !b || product === null || pieces < FEWEST) return null
    isSame = false
    const output = at(node.outputs, 0)
    return g.scope(output.name, () => Reshape(g, cut(g, a, b, product, pieces), output.shape))
  })
  if (isSame) return graph
  for (const output of graph.outputs) g.output(output.name, current(output))
  return g.finish()
}

/** A [batch, M, K] by B [batch, K, N], either one perhaps stored with its last two sides exchanged. */
interface Product {
  readonly isTransposedA: boolean
  readonly isTransposedB: boolean
  readonly batch: number
  readonly m: number
  readonly k: number
  readonly n: number
}

/** What a MatMul or a Gemm without a sum multiplies; null for other nodes, for sizes that are not known, and where A and B are not alike in number. */
function productOf({ opType, inputs, attributes }: Node): Product | null {
  const [a, b, c] = inputs
  if (!a || !b || a.dtype !== 'float32' || [...a.shape, ...b.shape].some((size) => size < 1)) return null
  if (opType === 'MatMul') {
    if (a.shape.length < 2 || b.shape.length < 2) return null
    const [many, leading] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const isAlike = many.join() === leading.join()
    if (!isAlike && leading.length > 0) return null
    // One B for all matrices of A is one for all of their rows.
    const batch = isAlike ? elementCount(many) : 1
    const [k = 0, n = 0] = b.shape.slice(-2)
    const m = elementCount(a.shape) / batch / k
    return { isTransposedA: false, isTransposedB: false, batch, m, k, n }
  }
  if (opType !== 'Gemm' || c || attributes.alpha || attributes.beta) return null
  const [isTransposedA, isTransposedB] = [isOne(attributes.transA), isOne(attributes.transB)]
  const [k = 0, m = 0] = isTransposedA ? a.shape : a.shape.toReversed()
  const n = at(b.shape, isTransposedB ? 0 : 1)
  return { isTransposedA, isTransposedB, batch: 1, m, k, n }
}

/** Into how many pieces K is cut: a power of two that divides it. */
function piecesOf({ batch, m, k, n }: Product): number {
  const tiles = batch * Math.ceil(m / TILE) * Math.ceil(n / TILE)
  let pieces = 1
  while (pieces * tiles < TILES && k % (2 * pieces) === 0 && k / (2 * pieces) >= SHORTEST) pieces *= 2
  return pieces
}

/** The product of a and b in pieces, summed up: [batch, M, N]. */
function cut(g: GraphBuilder, a: Value, b: Value, product: Product, pieces: number): Value {
  const { isTransposedA, isTransposedB, batch, m, k, n } = product
  const each = k / pieces
  // To [batch, pieces, M, each] and [batch, pieces, each, N].
  const left = isTransposedA
    ? Transpose(g, Reshape(g, a, [batch, pieces, each, m]), [0, 1, 3, 2])
    : m === 1
      ? Reshape(g, a, [batch, pieces, m, each])
      : Transpose(g, Reshape(g, a, [batch, m, pieces, each]), [0, 2, 1, 3])
  const right = isTransposedB
    ? Transpose(g, Reshape(g, b, [batch, n, pieces, each]), [0, 2, 3, 1])
    : Reshape(g, b, [batch, pieces, each, n])
  return ReduceSum(g, MatMul(g, left, right), [1], false)
}

const isOne = (attribute: Node['attributes'][string] | undefined): boolean =>
  attribute?.type === 'int' && attribute.value === 1
