/** @file Networks whose parameters are made as they ask for them: a wrong name is a wrong value. */
import type { Tensor } from '../../src/main/base/tensor'
import type { Graph } from '../../src/main/onnx/graph'
import { GraphBuilder } from '../../src/main/onnx/graph'
import type { Architecture } from '../../src/main/segface/config'
import { fuseTaps } from '../../src/main/segface/decoder'
import { backbone, headLogits } from '../../src/main/segface/network'
import type { Parameters } from '../../src/main/segface/weights'
import { namedTensor } from './named_tensors'

export interface NamedBackbone {
  /** From `image` to `feature0` … `feature3`. */
  readonly graph: Graph
  /** What it asked for, by PyTorch's names. */
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** Smallest side that every network takes: what its parameters are does not depend on it. */
const ANY_SIDE = 64

/** The state dict of a whole SegFace network, by what it asks for. */
export function namedNetwork(arch: Architecture): Map<string, Tensor> {
  const g = new GraphBuilder(arch)
  const parameters = new Map<string, Tensor>()
  const context = {
    g,
    parameter: (name: string, shape: readonly number[]) => {
      const tensor = parameters.get(name) ?? namedTensor(name, shape)
      parameters.set(name, tensor)
      return g.initializer(name, tensor)
    },
  }
  const image = g.input('image', 'float32', [1, 3, ANY_SIDE, ANY_SIDE])
  headLogits(context, fuseTaps(context, backbone(context, arch, image)), ANY_SIDE)
  return parameters
}

export function namedBackbone(arch: Architecture, resolution: number): NamedBackbone {
  const g = new GraphBuilder(arch)
  const parameters = new Map<string, Tensor>()
  const image = g.input('image', 'float32', [1, 3, resolution, resolution])
  backbone({ g, parameter: namedParameters(g, parameters) }, arch, image).forEach((tap, index) =>
    g.output(`feature${index}`, tap),
  )
  return { graph: g.finish(), parameters }
}

function namedParameters(g: GraphBuilder, made: Map<string, Tensor>): Parameters {
  return (name, shape) => {
    const tensor = made.get(name) ?? namedTensor(name, shape)
    made.set(name, tensor)
    return g.initializer(name, tensor)
  }
}

/** The state dict of a whole SegFace network, by what it asks for. */
export function namedSegFace(arch: Architecture): ReadonlyMap<string, Tensor> {
  const g = new GraphBuilder(arch)
  const parameters = new Map<string, Tensor>()
  const context = { g, parameter: namedParameters(g, parameters) }
  const image = g.input('image', 'float32', [1, 3, 64, 64])
  headLogits(context, fuseTaps(context, backbone(context, arch, image)), 64)
  return parameters
}
