/** @file A backbone alone, whose parameters are made as it asks for them: a wrong name is a wrong value. */
import type { Tensor } from '../../src/main/base/tensor'
import type { Graph } from '../../src/main/onnx/graph'
import { GraphBuilder } from '../../src/main/onnx/graph'
import type { Architecture } from '../../src/main/segface/config'
import { backbone } from '../../src/main/segface/network'
import { namedTensor } from './named_tensors'

export interface NamedBackbone {
  /** From `image` to `feature0` … `feature3`. */
  readonly graph: Graph
  /** What it asked for, by PyTorch's names. */
  readonly parameters: ReadonlyMap<string, Tensor>
}

export function namedBackbone(arch: Architecture, resolution: number): NamedBackbone {
  const g = new GraphBuilder(arch)
  const parameters = new Map<string, Tensor>()
  const parameter = (name: string, shape: readonly number[]) => {
    const tensor = parameters.get(name) ?? namedTensor(name, shape)
    parameters.set(name, tensor)
    return g.initializer(name, tensor)
  }
  const image = g.input('image', 'float32', [1, 3, resolution, resolution])
  backbone({ g, parameter }, arch, image).forEach((tap, index) => g.output(`feature${index}`, tap))
  return { graph: g.finish(), parameters }
}
