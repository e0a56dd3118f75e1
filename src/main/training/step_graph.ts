/** @file One training step as a graph: from pictures (or a backbone's taps) and labels to losses and gradients. */
import { differentiate } from '../autodiff/reverse'
import { segmentationLoss } from '../autodiff/losses'
import type { Graph, Value } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import { pruneGraph } from '../onnx/prune'
import { Reshape, Transpose } from '../onnx/ops/shape'
import { classTokens, type Architecture } from '../segface/config'
import { decodePixels, fuseTaps, pixelOrder } from '../segface/decoder'
import type { BatchStatistics, NetworkContext } from '../segface/layers'
import { backbone, buildTaps, headLogits, requireResolution } from '../segface/network'
import { isParameter, onceEach, requireTensor, type StateDict } from '../segface/weights'
import type { BatchNorm, Scope } from '../../shared/training'

export interface StepOptions {
  readonly arch: Architecture
  /** `decoder`: the graph begins at the taps. */
  readonly scope: Scope
  /** Side R of the pictures. */
  readonly resolution: number
  /** Pictures of a step. */
  readonly batch: number
  /** Normalise by running statistics, or by those of the batch. */
  readonly batchNorm: BatchNorm
  /** Dice over the classes that the batch holds, not over all 19. */
  readonly dicePresent: boolean
  /** Some faces are checked in part only: the step learns from what is `ELSEWHERE`, too, by its input `checked`. */
  readonly partly?: boolean
}

/** Names of the graph's inputs and outputs that are not parameters. */
export const STEP = {
  image: 'image',
  labels: 'labels',
  checked: 'checked',
  crossEntropy: 'cross_entropy',
  dice: 'dice',
  gradient: (parameter: string) => `gradient:${parameter}`,
  batchMean: (norm: string) => `mean:${norm}`,
  batchVariance: (norm: string) => `variance:${norm}`,
} as const

export interface StepGraph {
  readonly graph: Graph
  /** Names of the learned parameters, which are inputs of the graph, in the order in which the network asks for them. */
  readonly learned: readonly string[]
  /** Those among `learned` that the loss does not depend on: their gradient is zero and no output. */
  readonly still: ReadonlySet<string>
  /** Batch norms that normalise by their batch, with the number of pixels that each sees. */
  readonly norms: readonly { readonly norm: string; readonly count: number }[]
}

/** True for what a scope learns: a parameter, in scope decoder none of the backbone's. */
export function isLearned(name: string, scope: Scope): boolean {
  return isParameter(name) && (scope === 'full' || !name.startsWith('backbone.'))
}

/**
 * The graph of one step. Inputs: `image`, normalised float32 [N, 3, R, R] (scope full), or the taps `feature0` … `feature3`
 * (scope decoder); `labels`, int32 [N, R, R], of which 19 and more do not count; where `partly`, `checked` [N, 19, 1], one for
 * the classes that were checked in a face; the learned parameters by their names.
 * What is not learned is a constant from `stateDict`. Outputs: the scalars `cross_entropy` and `dice` of segmentationLoss over
 * the whole batch; `gradient:NAME` of ½ of their sum; with batchNorm `batch`, `mean:NORM` and `variance:NORM`.
 * Throws `checkpoint/missing-tensor` where the state dict does not fit the network, `usage` for a resolution out of range.
 */
export function buildStep(stateDict: StateDict, options: StepOptions): StepGraph {
  const { arch, scope, resolution, batch, batchNorm, dicePresent, partly = false } = options
  requireResolution(resolution)
  const g = new GraphBuilder(`step_${arch}_${scope}`)
  const learned = new Map<string, Value>()
  const parameter = onceEach((name, shape) => {
    const found = requireTensor(stateDict, name, shape)
    if (!isLearned(name, scope)) return g.initializer(name, found)
    const value = g.input(name, 'float32', shape)
    learned.set(name, value)
    return value
  })
  const measured: BatchStatistics[] = []
  const context: NetworkContext = {
    g,
    parameter,
    ...(batchNorm === 'batch' && { batchStatistics: (each: BatchStatistics) => void measured.push(each) }),
  }

  const taps = fedTaps(context, stateDict, options)
  const labels = g.input(STEP.labels, 'int32', [batch, resolution, resolution])
  const { logits, targets } = readOut(context, fuseTaps(context, taps), labels, classTokens(stateDict))
  const classes = logits.shape[2] ?? 0
  const loss = segmentationLoss(g, Reshape(g, logits, [-1, classes]), Reshape(g, targets, [-1, 1]), {
    presentOnly: dicePresent,
    checked: partly ? g.input(STEP.checked, 'float32', [batch, classes, 1]) : null,
  })
  g.output(STEP.crossEntropy, loss.crossEntropy)
  g.output(STEP.dice, loss.dice)
  const seed = { value: logits, gradient: Reshape(g, loss.gradient, logits.shape) }
  const gradients = differentiate(g, [seed], [...learned.values()])
  for (const [name, gradient] of gradients) g.output(STEP.gradient(name), gradient)
  outputStatistics(g, measured)
  return {
    graph: pruneGraph(g.finish()),
    learned: [...learned.keys()],
    still: new Set([...learned.keys()].filter((name) => !gradients.has(name))),
    norms: measured.map(({ norm, count }) => ({ norm, count })),
  }
}

/** Makes outputs of what batch norms measured. */
export function outputStatistics(g: GraphBuilder, measured: readonly BatchStatistics[]): void {
  for (const { norm, mean, variance } of measured) {
    g.output(STEP.batchMean(norm), mean)
    g.output(STEP.batchVariance(norm), variance)
  }
}

/** The taps as a graph of `scope` has them: what the backbone makes of an input `image`, or inputs of their own. */
export function fedTaps(
  context: NetworkContext,
  stateDict: StateDict,
  { arch, scope, resolution, batch }: Pick<StepOptions, 'arch' | 'scope' | 'resolution' | 'batch'>,
): readonly Value[] {
  const { g } = context
  return scope === 'full'
    ? backbone(context, arch, g.input(STEP.image, 'float32', [batch, 3, resolution, resolution]))
    : buildTaps(stateDict, { resolution, batch }).outputs.map(({ name, shape }) =>
        g.input(name, 'float32', shape),
      )
}

/** Logits [N, pixels, 19] and the labels [N, pixels] in the same order. */
function readOut(
  context: NetworkContext,
  fused: Value,
  labels: Value,
  tokens: readonly string[],
): { logits: Value; targets: Value } {
  const { g } = context
  const [batch = 0, , height = 0] = fused.shape
  const [, resolution = 0] = labels.shape
  if (4 * height === resolution) {
    return { logits: decodePixels(context, fused, tokens), targets: pixelOrder(g, labels) }
  }
  const logits = headLogits(context, fused, resolution, tokens)
  const [, classes = 0] = logits.shape
  const rows = Reshape(g, logits, [batch, classes, resolution ** 2])
  return {
    logits: Transpose(g, rows, [0, 2, 1]),
    targets: Reshape(g, labels, [batch, resolution ** 2]),
  }
}
