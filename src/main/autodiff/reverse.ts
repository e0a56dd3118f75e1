/**
 * @file Reverse-mode differentiation of a graph, written as ordinary ONNX operators behind it: one walk from the last node to
 * the first, one rule per operator, one sum where a value was read more than once.
 */
import { FacetError } from '../../shared/errors'
import type { GraphBuilder, Node, Value } from '../onnx/graph'
import { Add } from '../onnx/ops/elementwise'
import type { OpType } from '../onnx/shapes'
import type { Rule } from './rule'
import { Step } from './rule'
import { CONV_RULES } from './rules/conv'
import { ELEMENTWISE_RULES } from './rules/elementwise'
import { LINEAR_RULES } from './rules/linear'
import { NORM_RULES } from './rules/norm'
import { SHAPE_RULES } from './rules/shape'

/** The gradient rule of each operator that can be differentiated. */
export const RULES: Readonly<Partial<Record<OpType, Rule>>> = {
  ...ELEMENTWISE_RULES,
  ...LINEAR_RULES,
  ...CONV_RULES,
  ...NORM_RULES,
  ...SHAPE_RULES,
}

/** Where the walk begins: the gradient of the loss by `value`, of its shape. */
export interface Seed {
  readonly value: Value
  readonly gradient: Value
}

/**
 * Appends to `g` what computes the gradients of a loss by the values `wrt` (inputs of the graph, or values in it), and
 * answers them by name, each of its value's shape; a value that the seeds do not depend on has no entry.
 * Throws `graph/invalid`, naming operator and node, where a gradient would have to flow through an operator without a rule.
 */
export function differentiate(
  g: GraphBuilder,
  seeds: readonly Seed[],
  wrt: readonly Value[],
): Map<string, Value> {
  const nodes = [...g.nodes]
  const active = dependents(nodes, wrt)
  const asked = new Set(wrt.map((value) => value.name))
  const gradients = new Map<string, Value>()
  const accumulate = (value: Value, gradient: Value): void => {
    if (String(value.shape) !== String(gradient.shape)) {
      const shapes = `[${gradient.shape.join()}], not [${value.shape.join()}]`
      throw new FacetError(
        'graph/invalid',
        `internal: the gradient of '${value.name}' has the shape ${shapes}.`,
      )
    }
    const known = gradients.get(value.name)
    gradients.set(value.name, known === undefined ? gradient : Add(g, known, gradient))
  }
  for (const { value, gradient } of seeds) if (active.has(value.name)) accumulate(value, gradient)

  for (const node of nodes.reverse()) {
    const arrived = node.outputs.map((output) => gradients.get(output.name) ?? null)
    if (arrived.every((gradient) => gradient === null)) continue
    // What is not asked for has served its purpose: a map without it keeps the walk's memory small.
    for (const output of node.outputs) if (!asked.has(output.name)) gradients.delete(output.name)
    const wanted = node.inputs.map((input) => input !== null && active.has(input.name))
    if (!wanted.includes(true)) continue
    const made = g.scope(`d.${node.outputs[0]?.name ?? node.opType}`, () =>
      ruleOf(node)(new Step(g, node, arrived, wanted)),
    )
    node.inputs.forEach((input, index) => {
      const gradient = made[index] ?? null
      if (input !== null && gradient !== null && wanted[index] === true) accumulate(input, gradient)
    })
  }
  return new Map([...gradients].filter(([name]) => asked.has(name)))
}

/** Names of all floating values that follow from `sources`, those included. */
function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<string> {
  const active = new Set(sources.map((value) => value.name))
  for (const node of nodes) {
    if (!node.inputs.some((input) => input !== null && active.has(input.name))) continue
    for (const output of node.outputs) if (output.dtype === 'float32') active.add(output.name)
  }
  return active
}

function ruleOf(node: Node): Rule {
  const rule = RULES[node.opType]
  if (rule !== undefined) return rule
  throw new FacetError(
    'graph/invalid',
    `The operator ${node.opType} has no gradient rule (node '${node.outputs[0]?.name ?? ''}').`,
    { operator: node.opType },
  )
}
